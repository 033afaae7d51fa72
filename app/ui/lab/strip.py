"""On every page: that this world is broken. The lab is loaded once it is."""

from __future__ import annotations

from app.content import Content
from app.ui.state import mode, session


def strip(page: str, content: Content) -> None:
    """Draws it; nothing in live mode, in a world that is whole, and in the lab, which says more."""
    if page != "break_it" and mode.can().break_world and session.world().faults:
        from app.ui.lab.warning import world_is_broken

        world_is_broken(content)
