"""The words of the product, by language: `load("ja").message("ui.checks")`."""

from app.content.errors import ContentError
from app.content.loader import LABS, LANGUAGES, PAGES, REFERENCE, STORY, TOOLS, load
from app.content.model import CheckText, Content, ErrorText, Lesson, Section

__all__ = [
    "LABS",
    "LANGUAGES",
    "PAGES",
    "REFERENCE",
    "STORY",
    "TOOLS",
    "CheckText",
    "Content",
    "ContentError",
    "ErrorText",
    "Lesson",
    "Section",
    "load",
]
