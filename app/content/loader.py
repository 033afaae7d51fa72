"""Loads `assets/content/<language>/` once into a frozen `Content`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType

from app.content.errors import ContentError
from app.content.languages import LANGUAGES, ROOT, read_facts
from app.content.markdown import split
from app.content.messages import read_checks, read_messages
from app.content.model import Content
from app.content.page_specs import PAGES


@cache
def load(language: str) -> Content:
    """The texts of a language, read once a process. Raises `ContentError` for one that we do not have."""
    if language not in LANGUAGES:
        raise ContentError("content", language, f"no such language; we have {', '.join(LANGUAGES)}")
    return read(ROOT, language)


def read(root: Path, language: str) -> Content:
    """The texts below `root / language`, read and checked again. Raises `ContentError` naming file and key."""
    directory = root / language
    messages = read_messages(directory)
    lessons = {}
    for page in PAGES:
        path = directory / f"{page}.md"
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ContentError(str(path), page, str(error)) from error
        lessons[page] = split(page, text, str(path))
    return Content(
        language=language,
        facts=read_facts(directory),
        messages=MappingProxyType(messages),
        checks=MappingProxyType(read_checks(messages, str(directory))),
        lessons=MappingProxyType(lessons),
    )
