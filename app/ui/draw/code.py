"""Program text for a reader to copy: comments in a quieter colour, and a button that copies it."""

from __future__ import annotations

import re

from app.content import Content
from app.own_commands import as_started
from app.ui.text import copy_button, escape, whole_words

_DOCUMENT = re.compile(r"""(?>.*?(?=[\[{]["{\[]))(?P<document>.{162,}[}\]])""")
"""Matches a line with a long JSON document, which no one can read on one line, and the text before the document."""
_SHOWN = 24
"""How many characters of the document stand beside the fold."""


def code(content: Content, text: str) -> str:
    """The lines as HTML. They wrap on a narrow screen; what is copied has no such breaks, and nothing folded."""
    text = as_started(text)
    lines = "\n".join(_line(line, content) for line in text.rstrip("\n").split("\n"))
    return f'<div class="code">{copy_button(content, text)}<pre>{lines}</pre></div>'


def _line(line: str, content: Content) -> str:
    if line.startswith("#"):
        return f'<span class="comment">{escape(line)}</span>'
    found = _DOCUMENT.match(line)
    if not found:
        return whole_words(escape(line))
    whole = found["document"]
    rest = escape(content.message("ui.folded_text", count=len(whole) - _SHOWN))
    return (
        f'{whole_words(escape(line[: found.start("document")]))}<details class="long"><summary>{escape(whole[:_SHOWN])}'
        f"<span>{rest}</span></summary>{escape(whole)}</details>{whole_words(escape(line[found.end() :]))}"
    )
