"""A line on every page that says that this world is broken. The lab is imported only then."""

from __future__ import annotations

from app.content import Content
from app.ui.state import mode, session


def strip(page: str, content: Content) -> None:
    """Draws the line; nothing in live mode, in a world without a fault, and in the lab, which says more."""
    if page != "break_it" and mode.can().break_world and session.world().faults:
        from app.ui.lab.warning import world_is_broken

        world_is_broken(content)
