"""Limits on what Pods' programs use of the resources that all worlds share, for one world and for the worlds of one
visitor: the threads in which the programs wait, the connections over which their requests wait, and the loop."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

from app.serving.budget import Tally, has_share
from app.serving.loop_turns import Passes
from app.world.servers.http_client import CONNECTIONS_LIMIT

T = TypeVar("T")

PROGRAM_SECONDS = 60.0
"""Seconds after which no one waits for a run of the AWS CLI any more."""
THREADS = 8
"""How many `aws` run at once, in all worlds together."""
OF_A_VISITOR = THREADS // 2
"""How many `aws` run at once in all worlds of one address where no other address runs any; beside others the same share
of what these leave."""
OF_A_WORLD = 1
"""How many `aws` run at once in one world. Python runs one thread at a time, so a second one would end no earlier."""
REQUESTS = CONNECTIONS_LIMIT // 2
"""How many requests of Pods wait for an answer at once, in all worlds together: a watch takes its five seconds. Over
the same connections webhooks are called, also for what Pods request."""
REQUESTS_OF_A_VISITOR = REQUESTS // 2
"""How many requests of Pods wait for an answer at once, in all worlds of one address; beside others in the same way."""
REQUESTS_OF_A_WORLD = 4
"""How many requests of Pods wait for an answer at once in one world."""


class _Places:
    """A number of places (`limit`), of which one visitor may have a share (`has_share`, with `share`).

    A program that has to wait gets a place as soon as its visitor may have one, in the order in which programs came.
    """

    def __init__(self, limit: int, share: int) -> None:
        self._limit = limit
        self._share = share
        self._taken = Tally()
        self._waiting: dict[asyncio.Future[None], str] = {}

    async def take(self, visitor: str) -> None:
        """Takes a place for a visitor, once they may have it."""
        if self._may_have(visitor):
            self._taken.add(visitor)
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting[place] = visitor
        try:
            await place
        except asyncio.CancelledError:
            if self._waiting.pop(place, None) is None:
                self.give_back(visitor)
            raise

    def give_back(self, visitor: str) -> None:
        """Gives a visitor's place to others."""
        self._taken.remove(visitor)
        for place, waiting in list(self._waiting.items()):
            if self._may_have(waiting) and not place.cancelled():
                self._taken.add(waiting)
                del self._waiting[place]
                place.set_result(None)

    def _may_have(self, visitor: str) -> bool:
        return has_share(self._taken.of(visitor), self._taken.total, self._limit, self._share)


class Programs:
    """The threads and connections of one process. All methods except `submit` and `stop` are for the servers' loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aws-cli")
        self._turns = _Places(THREADS, OF_A_VISITOR)
        self._requests = _Places(REQUESTS, REQUESTS_OF_A_VISITOR)
        self._passes = Passes()

    def submit(self, work: Callable[[], object]) -> None:
        """Does work that no world asked for in one of the threads, at some later time."""
        self._threads.submit(work)

    def stop(self) -> None:
        """Begins no further work."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def room(self, visitor: str | None) -> Room:
        """The room of a new world. `visitor`: the address for which it was made, None where it is not known."""
        name = visitor or f"a world {secrets.token_hex(16)}"
        return Room(self._threads, self._turns, self._requests, self._passes, name)


class Room:
    """The share of one world."""

    def __init__(
        self, threads: ThreadPoolExecutor, turns: _Places, requests: _Places, passes: Passes, visitor: str
    ) -> None:
        self._threads = threads
        self._passes = passes
        self._turns = turns
        self._requests = requests
        self._visitor = visitor
        self._own = asyncio.Semaphore(OF_A_WORLD)
        self._own_requests = asyncio.Semaphore(REQUESTS_OF_A_WORLD)

    async def on_the_loop(self) -> None:
        """Waits until a program of the visitor may compute on the loop: one in each of its passes."""
        await self._passes.turn(self._visitor)

    @asynccontextmanager
    async def request(self) -> AsyncIterator[None]:
        """A request of one of the world's programs may be under way inside, once it is its turn."""
        async with self._own_requests:
            await self._requests.take(self._visitor)
            try:
                yield
            finally:
                self._requests.give_back(self._visitor)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Inside, it is the turn of a program, in the order in which the world's programs were started."""
        async with self._own:
            yield

    async def run(self, program: Callable[[], T], seconds: float) -> T:
        """Runs a program of the world whose turn it is, once its visitor has a thread.

        Raises `TimeoutError` where it does not end in time. The thread is then left behind, and stays the visitor's
        until it ends.
        """
        loop = asyncio.get_running_loop()
        await self._turns.take(self._visitor)

        def release(_: object) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._turns.give_back, self._visitor)

        try:
            running = self._threads.submit(program)
        except RuntimeError:
            self._turns.give_back(self._visitor)
            raise
        running.add_done_callback(release)
        async with asyncio.timeout(seconds):
            return await asyncio.wrap_future(running)
