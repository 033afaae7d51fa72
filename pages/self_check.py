"""The self-check: questions that a world answers."""

from app.ui.review.self_check import self_check

self_check()
