"""Worlds for the sessions of tests, set back after each and given to the next: to make one takes longer."""

from __future__ import annotations

from app.flow.model import Exchange, JsonValue
from app.ui.state import allowance, own_world, session, shared_walks
from app.world.lifecycle.world_snapshot import WorldSnapshot
from app.world.usage import CAPACITY, looks
from app.world.world import World
from tests.world.state import state_of

Made = tuple[World, WorldSnapshot, JsonValue, tuple[Exchange, ...]]
"""A world, its snapshot, all that can be seen of it, and its log."""


class Worlds:
    """Those of one process, by the key of their browser."""

    def __init__(self) -> None:
        self._made: dict[str, Made] = {}
        self._free: list[str] = []
        self._taken: list[str] = []

    def take(self) -> str:
        """The key of a world as it was made."""
        key = self._free.pop() if self._free else self._make()
        self._taken.append(key)
        return key

    def set_back(self) -> None:
        """Sets back what was taken; what cannot be, such as what another world has replaced, is not given again."""
        while self._taken:
            key = self._taken.pop()
            made = self._made[key]
            if session.simulation().kept(key) is made[0] and self._is_as_it_was(made):
                allowance.budgets().browsers._kept.pop(key, None)
                self._free.append(key)
            else:
                del self._made[key]
                session.simulation().store.discard(key)

    def discard(self) -> None:
        """Ends all of them."""
        for key in self._made:
            session.simulation().store.discard(key)

    def _make(self) -> str:
        key = own_world.new_id()
        world = session.simulation().world(key)
        self._made[key] = (world, session.simulation().save(world), state_of(world), world.log.exchanges())
        return key

    def _is_as_it_was(self, made: Made) -> bool:
        world, saved, before, heard = made
        session.simulation().restore(world, saved)
        world.log._exchanges.clear()
        world.log._bytes = 0
        for exchange in heard:
            world.log.record(exchange)
        world.usage.quota.take(-CAPACITY)
        world.usage.page_state.clear()
        world.usage.acted = False
        world.usage.deeds.clear()
        world.usage.untouched = looks(world)
        shared_walks._of.pop(world, None)
        return state_of(world) == before
