"""Which worlds have a fault whose name must stay hidden: also from their other tabs."""

from __future__ import annotations

from weakref import WeakSet

from app.ui.state import mode, session
from app.world.world import World

_hidden: WeakSet[World] = WeakSet()
"""The worlds whose fault the reader is to find."""


def hide(world: World) -> None:
    """Keeps the name of its fault from its reader, from now on."""
    _hidden.add(world)


def show(world: World) -> None:
    """Lets its reader see the name of the world's fault again."""
    _hidden.discard(world)


def is_hidden() -> bool:
    """Whether this browser's world has a fault whose name must stay hidden."""
    if not mode.can().break_world:
        return False
    here = session.world()
    return bool(here.faults) and here in _hidden
