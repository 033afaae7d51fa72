"""On every page: what a thief, or who stopped one, has left in force. The page is loaded once a token was stolen."""

from __future__ import annotations

from app.content import Content
from app.ui.state import mode, session

KEPT = "thief"
"""Beside the world: what came of the theft."""


def strip(page: str, content: Content) -> bool:
    """Draws it; nothing in live mode, and on the thief's own page. Whether something is in force."""
    if page != "thief" and mode.can().break_world and session.page_state().get(KEPT):
        from app.ui.thief.page import say_in_force

        return say_in_force(content)
    return False
