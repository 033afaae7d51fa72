"""What can go wrong in a step: what readers meet first, and the rest behind it."""

from __future__ import annotations

import re

from app.content import Content
from app.ui.draw.prose import markdown
from app.ui.draw.sections import fold
from app.ui.text import escape

ANCHOR = "what-can-go-wrong"
FIRST = 3
"""Items of the lesson's list that stand open: its order is the content's."""


def going_wrong(step: str, content: Content) -> str:
    """That section of the step's lesson, as a fold."""
    section = content.lesson(step).section(ANCHOR)
    before, items, after = parts(section.body)
    count = escape(content.message("screens.rest", count=len(items) - FIRST))
    first, rest = (markdown("\n".join(some), content) for some in (items[:FIRST], items[FIRST:]))
    html = (
        f"{markdown(before, content)}{first}"
        f'<details class="more"><summary>{count}</summary>{rest}</details>{markdown(after, content)}'
    )
    return fold(section.heading, f'<div class="prose">{html}</div>', icon="healing")


def parts(body: str) -> tuple[str, list[str], str]:
    """What stands before the first bulleted list of a Markdown text, its items, and what follows it."""
    before, _, others = body.partition("\n- ")
    listed, _, after = f"- {others}".partition("\n\n")
    return before, re.split(r"\n(?=- )", listed), after
