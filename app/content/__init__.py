"""The words of the product, by language: `load("ja").message("ui.checks")`."""

from app.content.errors import ContentError
from app.content.languages import LANGUAGES, for_locale
from app.content.loader import LABS, PAGES, REFERENCE, STORY, TOOLS, load
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
    "for_locale",
    "load",
]
