"""Search all pages at once: terms, faults, statements, checks and lessons."""

from app.ui.reference.search import search

search()
