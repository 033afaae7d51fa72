"""A line on every page about what a thief, or a defence, has left in force. The page is imported once a token was
stolen."""

from __future__ import annotations

from app.content import Content
from app.ui.state import mode, session

KEPT = "thief"
"""Kept beside the world: the result of the theft."""


def strip(page: str, content: Content) -> bool:
    """Draws the line; nothing in live mode, and on the thief's own page. Returns whether something is in force."""
    if page != "thief" and mode.can().break_world and session.page_state().get(KEPT):
        from app.ui.thief.page import say_in_force

        return say_in_force(content)
    return False
