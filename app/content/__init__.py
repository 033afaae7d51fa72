"""The words of the product, by language: `load("ja").message("ui.checks")`."""

from app.content.errors import ContentError
from app.content.languages import LANGUAGES, for_locale
from app.content.loader import load
from app.content.model import CheckText, Content, ErrorText, Lesson, Section
from app.content.page_specs import JOURNEY, LABS, PAGES, REFERENCE, STORY, TALK

__all__ = [
    "JOURNEY",
    "LABS",
    "LANGUAGES",
    "PAGES",
    "REFERENCE",
    "STORY",
    "TALK",
    "CheckText",
    "Content",
    "ContentError",
    "ErrorText",
    "Lesson",
    "Section",
    "for_locale",
    "load",
]
