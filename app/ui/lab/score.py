"""How many predictions of this visit were right. No accounts: it goes with the visit."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.content import Content
from app.ui.text import escape

_KEY = "predictions_of_faults"


def count(fault_id: str, right: Sequence[bool]) -> None:
    """Counts the answers about a fault; only the first ones about each count."""
    st.session_state.setdefault(_KEY, {}).setdefault(fault_id, (sum(right), len(right)))


def score(content: Content) -> str:
    """The score as HTML; nothing before the first answer."""
    kept = list(st.session_state.get(_KEY, {}).values())
    if not kept:
        return ""
    right, asked = (sum(column) for column in zip(*kept, strict=True))
    told = content.message("lab.score", right=right, asked=asked, faults=len(kept))
    return f'<p class="score quiet" role="status">{escape(told)}</p>'
