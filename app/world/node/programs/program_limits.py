"""How much Pods' programs use of what all worlds share, in one world and in those of one visitor: of the threads in
which they block, and of the connections over which their requests wait for an answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TypeVar
from weakref import WeakValueDictionary

from app.world.servers.http_client import CONNECTIONS_LIMIT

T = TypeVar("T")

PROGRAM_SECONDS = 60.0
"""After which a run of the AWS CLI that does not end is given up."""
THREADS = 8
"""How many `aws` run at once, in all worlds together."""
OF_A_VISITOR = THREADS // 2
"""How many in all worlds of one address: the others find room, whatever it does."""
OF_A_WORLD = 1
"""How many in one world. Python runs one thread at a time, so a second one would end no earlier."""
REQUESTS = CONNECTIONS_LIMIT // 2
"""How many requests of Pods wait for an answer at once, in all worlds together: a watch takes its five seconds. Over
the same connections webhooks are called, also for what Pods request.
"""
REQUESTS_OF_A_VISITOR = REQUESTS // 2
"""How many requests of Pods wait for an answer at once, in all worlds of one address."""
REQUESTS_OF_A_WORLD = 4
"""How many of them wait in one world."""


class _Share:
    """What a visitor may use."""

    def __init__(self) -> None:
        self.threads = asyncio.Semaphore(OF_A_VISITOR)
        self.requests = asyncio.Semaphore(REQUESTS_OF_A_VISITOR)


class Programs:
    """The threads and connections of one process. All but `submit` and `stop` is for the servers' loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="aws-cli")
        self._requests = asyncio.Semaphore(REQUESTS)
        self._visitors: WeakValueDictionary[str, _Share] = WeakValueDictionary()

    def submit(self, work: Callable[[], object]) -> None:
        """Does what no world asked for in one of the threads, some time."""
        self._threads.submit(work)

    def stop(self) -> None:
        """Begins nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def room(self, visitor: str | None) -> Room:
        """The room of a new world. `visitor`: the address for which it was made, None where it is not known."""
        if visitor is None:
            return Room(self._threads, self._requests, _Share())
        share = self._visitors.get(visitor)
        if share is None:
            share = self._visitors[visitor] = _Share()
        return Room(self._threads, self._requests, share)


class Room:
    """What one world may use."""

    def __init__(self, threads: ThreadPoolExecutor, requests: asyncio.Semaphore, share: _Share) -> None:
        self._threads = threads
        self._requests = requests
        self._share = share
        self._own = asyncio.Semaphore(OF_A_WORLD)
        self._own_requests = asyncio.Semaphore(REQUESTS_OF_A_WORLD)

    @asynccontextmanager
    async def request(self) -> AsyncIterator[None]:
        """A request of one of the world's programs may be under way inside, once it is its turn."""
        async with self._own_requests, self._share.requests, self._requests:
            yield

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """The world's turn, in the order in which its programs were started."""
        async with self._own:
            yield

    async def run(self, program: Callable[[], T], seconds: float) -> T:
        """Runs a program of the world whose turn it is, once its visitor has a thread.

        Raises `TimeoutError` where it does not end in time. The thread is then left behind, and stays the visitor's
        until it ends.
        """
        loop = asyncio.get_running_loop()
        await self._share.threads.acquire()

        def release(_: object) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._share.threads.release)

        try:
            running = self._threads.submit(program)
        except RuntimeError:
            self._share.threads.release()
            raise
        running.add_done_callback(release)
        async with asyncio.timeout(seconds):
            return await asyncio.wrap_future(running)
