"""The keepers of all worlds of one process, and the middleware by which no answer to a change goes out before the
change is on the disk."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.world.metering import payer
from app.world.saved.journal import Journal
from app.world.saved.keeper import Keeper
from app.world.saved.sections import KeptWorld
from app.world.saved.state_directory import KeptOnDisk, StateDirectory
from app.world.servers.http import may_change

if TYPE_CHECKING:
    from app.world.world import World

_NOT_KEPT = (
    "The server could not write this world to its disk: {why}. The change is made, but the world is without it after a "
    "restart of the server, unless the disk takes it before that."
)


class _GoesOff(Exception):
    """Raised instead of answering a change that is not kept, because the keepers are closed."""


class _NotKept(Exception):
    """Raised instead of answering a change that is not kept, because the disk did not take it."""


class Keepers:
    """All keepers. Its methods run on the servers' loop, except for `durable`, which makes the middleware."""

    def __init__(self, directory: StateDirectory, own: str = "") -> None:
        """`own`: the key of the one world that is kept; empty for all."""
        self.directory = directory
        self._own = own
        self._forgetting: set[asyncio.Task[None]] = set()
        self._keepers: dict[str, Keeper] = {}
        """By the world's path."""
        self._is_closed = False
        self._by_quota: dict[int, Keeper] = {}
        """By the id of the quota that a request is charged to: each world has its own."""

    async def keep(self, key: str, world: World, journal: Journal | None = None, kept: KeptWorld | None = None) -> None:
        """Keeps a world from now on. `journal` and `kept`: where it was kept before.

        Raises `OSError`. Of a world that was not kept before, nothing is left on the disk then.
        """
        if self._own not in ("", key):
            return
        keeper = Keeper(world, journal or self.directory.journal(key, world.path))
        if kept is not None and kept.before_faults is not None:
            keeper.before_faults = kept.before_faults.sections
        try:
            await keeper.begin(again=journal is not None)
        except BaseException:
            await (keeper.close(flush=False) if journal is not None else _throw_away(keeper))
            raise
        if world.is_closed:  # another world needed the room while the disk was slow: `forget` found no keeper yet
            await _throw_away(keeper)
            return
        self._keepers[world.path] = keeper
        self._by_quota[id(world.usage.quota)] = keeper

    async def flush(self, world: World) -> None:
        """Returns once all that was done to a world is on the disk, if it is kept. Raises `OSError`."""
        if (keeper := self.of(world)) is not None:
            await keeper.flush()

    def of(self, world: World) -> Keeper | None:
        """The keeper of a world; None where it is not kept yet."""
        return self._keepers.get(world.path)

    def forget(self, world: World) -> None:
        """The world is gone for good: nothing of it is left on the disk."""
        self._forgetting.add(task := asyncio.get_running_loop().create_task(self._forget(world)))
        task.add_done_callback(self._forgetting.discard)

    async def _forget(self, world: World) -> None:
        if (keeper := self._keepers.pop(world.path, None)) is not None:
            del self._by_quota[id(world.usage.quota)]
            await _throw_away(keeper)

    async def set_aside(self, on_disk: KeptOnDisk, error: Exception) -> None:
        """Keeps a world no longer that does not come back, without removing anything of it. Raises the error where it
        is the only world that is kept, and `OSError`."""
        if self._own:
            raise error
        if (keeper := self._keepers.pop(on_disk.world.origin.identity.path, None)) is not None:
            del self._by_quota[id(keeper.world.usage.quota)]
            await keeper.close(flush=False)
        self.directory.set_aside(on_disk.journal.directory, error)

    async def close(self) -> None:
        """All worlds are on the disk as they are, and are kept no longer: no change is acknowledged from here on."""
        self._is_closed = True
        if self._forgetting:  # else these worlds would be there again after a restart
            await asyncio.wait(self._forgetting)
        keepers, self._keepers = list(self._keepers.values()), {}
        self._by_quota = {}
        for keeper in keepers:
            await keeper.close()

    async def try_to_flush(self, world: World) -> None:
        """As `flush`, of what the disk cannot refuse: it is done. `Keeper.problem` says that it is not kept."""
        with suppress(OSError):
            await self.flush(world)

    def durable(self, app: ASGIApp, refusal: Callable[[Scope, str], Response]) -> ASGIApp:
        """Holds back an answer until what was changed is on the disk. Where that fails, the answer to a change is
        `refusal` with the reason, and any other answer goes out: else a full disk would stop each walk."""

        async def kept(scope: Scope, receive: Receive, send: Send) -> None:
            async def later(message: Message) -> None:
                if message["type"] == "http.response.start" and message["status"] < 400:
                    if self._is_closed:
                        raise _GoesOff
                    keeper = self._by_quota.get(id(payer.get()))
                    if keeper is not None:
                        await flushed(keeper)
                await send(message)

            async def flushed(keeper: Keeper) -> None:
                try:
                    await keeper.flush()
                except OSError as error:
                    if may_change(scope):
                        raise _NotKept(error.strerror or str(error)) from error

            try:
                await app(scope, receive, later if may_change(scope) else send)
            except _GoesOff:
                await Response(status_code=503)(scope, receive, send)
            except _NotKept as error:
                await refusal(scope, _NOT_KEPT.format(why=error))(scope, receive, send)

        return kept


async def _throw_away(keeper: Keeper) -> None:
    """In a thread, as all that is written: a slow disk would hold the loop of all worlds."""
    await keeper.close(flush=False)
    await asyncio.to_thread(shutil.rmtree, keeper.directory, ignore_errors=True)
