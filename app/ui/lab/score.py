"""How many predictions were right. There are no accounts: the score is removed with the browser's world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from app.content import Content
from app.ui.state import session
from app.ui.text import escape

_KEY = "predictions_of_faults"


def count(fault_id: str, right: Sequence[bool]) -> None:
    """Counts the answers about a fault; only the first ones about each count."""
    _kept().setdefault(fault_id, (sum(right), len(right)))


def score(content: Content) -> str:
    """The score as HTML; nothing before the first answer."""
    kept = list(_kept().values())
    if not kept:
        return ""
    right, asked = (sum(column) for column in zip(*kept, strict=True))
    sentence = content.message("lab.score", right=right, asked=asked, faults=len(kept))
    return f'<p class="score quiet" role="status">{escape(sentence)}</p>'


def _kept() -> dict[str, tuple[int, int]]:
    """By fault: how many answers were right, and how many were asked for."""
    return cast("dict[str, tuple[int, int]]", session.page_state().setdefault(_KEY, {}))
