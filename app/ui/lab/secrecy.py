"""Which worlds have a fault whose name must stay hidden, also from the browser's other tabs."""

from __future__ import annotations

from app.ui.state import mode, session
from app.world.world import World

_KEY = "fault_is_hidden"
"""Kept beside the world as long as its reader has to find the fault."""


def hide(world: World) -> None:
    """Hides the name of the world's fault from its reader."""
    session.simulation().page_state(world)[_KEY] = True


def show(world: World) -> None:
    """Lets its reader see the name of the world's fault again."""
    session.simulation().page_state(world).pop(_KEY, None)


def is_hidden() -> bool:
    """Whether this browser's world has a fault whose name must stay hidden."""
    return mode.can().break_world and bool(session.world().faults) and _KEY in session.page_state()
