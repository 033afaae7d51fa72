"""Loads `assets/content/<language>/` once into a frozen `Content`, and splits its lessons' Markdown by headings."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from types import MappingProxyType

from app.content.errors import ContentError
from app.content.languages import LANGUAGES, ROOT, read_facts
from app.content.messages import Checks, Messages
from app.content.model import Content, Lesson, Section
from app.content.page_specs import PAGES

_HEADING = re.compile(r"(#{1,2})\s+(.*?)\s*")
_ANCHORED = re.compile(r"(?P<text>.*\S)\s*\{#(?P<anchor>[a-z][a-z0-9-]*)\}")
_FENCE = re.compile(r"\s*(```|~~~)")


@cache
def load(language: str) -> Content:
    """The texts of a language, read once a process. Raises `ContentError` for one that we do not have.

    What is wrong in a file of messages is raised when that is parsed (`Messages`).
    """
    if language not in LANGUAGES:
        raise ContentError("content", language, f"no such language; we have {', '.join(LANGUAGES)}")
    return read(ROOT / language)


def read(directory: Path) -> Content:
    """The texts of the language in `directory`. Raises `ContentError`, which names the file and the key."""
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


def split(page: str, text: str, source: str) -> Lesson:
    """The lesson in `text`: `# Title {#title}`, then sections that begin with `## Heading {#anchor}`.

    `source` is what errors name, usually the file.

    `###` and deeper, and every line of a fenced code block, belong to the section around them.
    Raises `ContentError` for a heading without an anchor, an anchor used twice, an empty section, text outside
    every section, an unclosed code block, or a file that does not start with its title.
    """
    title, sections, heading, body, fence = "", dict[str, Section](), ("", ""), list[str](), ""

    def close(line: int) -> None:
        anchor, text_of_heading = heading
        words = "\n".join(body).strip()
        if not anchor:
            if words:
                raise ContentError(f"{source}:{line}", words.splitlines()[0], "text outside every section")
            return
        if not words:
            raise ContentError(f"{source}:{line}", anchor, "the section is empty")
        sections[anchor] = Section(anchor=anchor, heading=text_of_heading, body=words)

    # (1) Line by line: a fence opens or closes, a heading ends the section before it, all else is body.
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        mark = _FENCE.match(line)
        if mark and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        found = None if fence or mark else _HEADING.fullmatch(line)
        if not found:
            body.append(line)
            continue
        anchored = _ANCHORED.fullmatch(found[2])
        if not anchored:
            raise ContentError(f"{source}:{number}", found[2], "the heading has no {#anchor}")
        close(number)
        body.clear()
        anchor = anchored["anchor"]
        if (found[1] == "#") != (not title) or (found[1] == "#") != (anchor == "title"):
            raise ContentError(f"{source}:{number}", anchor, "a lesson starts with one '# … {#title}', then '##' only")
        if anchor in sections:
            raise ContentError(f"{source}:{number}", anchor, "the anchor is used twice")
        if found[1] == "#":
            title = anchored["text"]
        else:
            heading = (anchor, anchored["text"])

    # (2) The end of the file ends the last section.
    if fence:
        raise ContentError(source, fence, "the code block is never closed")
    close(len(lines))
    if not title:
        raise ContentError(source, "title", "the lesson has no title")
    return Lesson(page=page, title=title, sections=MappingProxyType(sections))
