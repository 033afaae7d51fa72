"""How an object would change, as lines of a unified diff over its JSON."""

from __future__ import annotations

import json
import re
from difflib import unified_diff
from typing import TYPE_CHECKING

from app.flow.matching.differences import common_ends
from app.flow.model import JsonValue

if TYPE_CHECKING:
    from app.flow.doctor import Change


_BESIDE = 50
"""Unchanged lines before the first and after the last change that `difflib` is given. It shows three."""


def lines(change: Change | None) -> tuple[str, ...]:
    """The diff, the object's name in its two first lines; none where no change is known.

    The rest is left out before: of thousands of lines that are alike, `difflib` compares each with each.
    """
    if change is None:
        return ()
    before, after = (_lines(document) for document in (change.before, change.after))
    skipped, left_out = (max(same - _BESIDE, 0) for same in common_ends(before, after))
    before, after = before[skipped : len(before) - left_out], after[skipped : len(after) - left_out]
    found = [_moved(line, skipped) for line in unified_diff(before, after, lineterm="")]
    return (f"--- {change.object}", f"+++ {change.object}", *found[2:]) if found else ()


def _moved(line: str, by: int) -> str:
    """The line; where it says which lines follow, so many lines further down."""
    if not line.startswith("@@"):
        return line
    return re.sub(r"(?<=[-+])\d+", lambda number: str(int(number[0]) + by), line)


def _lines(document: JsonValue) -> list[str]:
    """The lines of a document's JSON; none of a document that does not exist."""
    return [] if document is None else json.dumps(document, ensure_ascii=False, indent=2).splitlines()
