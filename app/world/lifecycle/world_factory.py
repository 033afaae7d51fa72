"""Making the worlds of one process, each once, however many ask for it at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from app.flow.model import Chain
from app.world.lifecycle.world_store import NoRoom, WorldStore
from app.world.metering import payer
from app.world.setup import scenario
from app.world.usage import Usage, looks
from app.world.world import SharedServices, Start, World

PODS_SECONDS = 20.0
"""How long a new world waits for the scenario's Pods to finish."""

MAKING_LIMIT = 16
"""Worlds that are made at a time. If there were more, each would be set up so slowly that its servers and Pods give up
on each other: a request that creates a Pod waits for one to the webhook, over the same limited connections."""


class WorldFactory:
    """Makes worlds and keeps them in the store. `get_or_create` runs on the servers' loop."""

    def __init__(self, store: WorldStore) -> None:
        self.shared_services: SharedServices | None = None
        """None while the servers do not run."""
        self._store = store
        self._making: dict[str, tuple[asyncio.Task[World], Chain, Start]] = {}
        """By key, with what the world begins with."""
        self._room = asyncio.Semaphore(MAKING_LIMIT)
        self.made: Callable[[str, World], Awaitable[None]] | None = None
        """Called with each complete world and its key."""

    def kept(self, key: str) -> World | None:
        """The world of a learner's key, if there is a complete one."""
        kept = self._store.get(key)
        return None if key in self._making else kept

    async def get_or_create(
        self,
        key: str,
        visitor: str | None,
        *,
        fresh: bool = False,
        seeded: Chain = scenario.ARTICLE,
        start: Start,
    ) -> World:
        """The world of a learner's key, or a new one, with the scenario in it and its Pods finished.

        `visitor`: the address for which it is made (`WorldStore.put`). `seeded` and `start`: of a new one. `fresh`: no
        world will do that is there, nor one that is being made and begins with something else. Raises `NoRoom`.
        """
        while (making := self._making.get(key)) and fresh and making[1:] != (seeded, start):
            await asyncio.wait({making[0]})
        if making is None:
            kept = None if fresh else self._store.get(key)
            if kept is not None:
                return kept
            task = asyncio.get_running_loop().create_task(self._make(key, visitor, seeded, start))
            making = self._making[key] = task, seeded, start
        # Shielded: a caller that gives up does not take the world from the others who wait for it.
        return await asyncio.shield(making[0])

    async def _make(self, key: str, visitor: str | None, seeded: Chain, start: Start) -> World:
        try:
            async with self._room:
                return await self._make_now(key, visitor, seeded, start)
        finally:
            del self._making[key]

    async def _make_now(self, key: str, visitor: str | None, seeded: Chain, start: Start) -> World:
        if self.shared_services is None:
            raise RuntimeError("the simulated world is not running")
        usage = Usage(payer.get(), visitor)
        number = self._store.free_account_id()
        world = World(self.shared_services, account_id=number, seeded=seeded, start=start, usage=usage)
        try:
            self._store.put(key, world, visitor)  # before it is complete: its servers must find it
        except NoRoom:
            world.close()
            raise
        try:
            with usage.being_made(), world.log.setting_up():
                await scenario.seed(world)
                await world.kubelet.settle(PODS_SECONDS)
            usage.untouched = looks(world)
            if self.made is not None:
                await self.made(key, world)
        except BaseException:
            self._store.discard(key)
            raise
        return world
