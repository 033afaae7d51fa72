"""Loads `assets/content/<language>/` once into a frozen `Content`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType

from app.content.errors import ContentError
from app.content.languages import LANGUAGES, ROOT, read_facts
from app.content.markdown import split
from app.content.messages import Checks, Messages
from app.content.model import Content
from app.content.page_specs import PAGES


@cache
def load(language: str) -> Content:
    """The texts of a language, read once a process. Raises `ContentError` for one that we do not have.

    What is wrong in a file is raised when that is parsed (`Messages`); `read` looks at all of them.
    """
    if language not in LANGUAGES:
        raise ContentError("content", language, f"no such language; we have {', '.join(LANGUAGES)}")
    return _content(ROOT / language)


def read(root: Path, language: str) -> Content:
    """The texts below `root / language`, all of them read and checked. Raises `ContentError` naming file and key."""
    content = _content(root / language)
    for texts in (content.messages, content.checks):
        tuple(texts)
    return content


def _content(directory: Path) -> Content:
    messages = Messages(directory)
    lessons = {}
    for page in PAGES:
        path = directory / f"{page}.md"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ContentError(str(path), page, str(error)) from error
        lessons[page] = split(page, text, str(path))
    return Content(
        language=directory.name,
        facts=read_facts(directory),
        messages=messages,
        checks=Checks(messages, str(directory)),
        lessons=MappingProxyType(lessons),
    )
