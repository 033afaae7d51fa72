"""Whose CPU time it is: every step of every task on the servers' loop is measured and charged to a quota.

A coroutine runs from one `await` to the next without interruption, so the CPU time of the thread between the two is its
own, however many others are on their way. Who pays is in a context variable: tasks that a task makes inherit it, so
what a request sets off (a Pod that the kubelet starts, the stream of a watch) is charged to the sender of the request.

What the loop itself does for a connection, before there is a task, is on the connection's `Tab`. The meter does
not see the work below our protocols: TLS (each handshake has a price) and the writing to sockets, which is little
beside the making of the data. A connection whose requests refer to no world is charged to no one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.serving.budget import Quota

T = TypeVar("T")

payer: ContextVar[Quota | None] = ContextVar("payer", default=None)
"""Who pays for what runs in this context; None for work that no one pays for."""

_tab: ContextVar[Tab | None] = ContextVar("tab", default=None)
"""The tab of the connection that the work of this context is for."""

held_back: ContextVar[Callable[[], float] | None] = ContextVar("held_back", default=None)
"""Says by how many seconds the answer to the request of this context is late."""

LEAST = 1e-3
"""CPU seconds: less is charged with the next step, or at the end of the task."""

ANSWERS = ("http.response.start", "websocket.accept", "websocket.http.response.start")
"""The messages of ASGI by which an answer begins."""


def pay(quota: Quota) -> None:
    """Has a quota pay for what runs in this context from now on, and for the connection that it is for."""
    payer.set(quota)
    if (tab := _tab.get()) is not None:
        tab.pay(quota)


class Tab:
    """What the loop did for one connection. The world of the last request on it pays, also for what came before."""

    def __init__(self) -> None:
        self._unpaid = 0.0
        self._quota: Quota | None = None

    def add(self, seconds: float) -> None:
        """Charges CPU seconds."""
        if self._quota is None:
            self._unpaid += seconds
        else:
            self._quota.take(seconds)

    def pay(self, quota: Quota) -> None:
        """From now on it is this quota."""
        self._quota = quota
        unpaid, self._unpaid = self._unpaid, 0.0
        if unpaid:
            quota.take(unpaid)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Charges what is done inside. Tasks that are made there are for this connection."""
        outer = _tab.set(self)
        started = time.thread_time()
        try:
            yield
        finally:
            self.add(time.thread_time() - started)
            _tab.reset(outer)


class HoldBack:
    """Holds back the answers of an ASGI application as `held_back` says. Waiting takes no CPU time."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through, some of it later."""

        async def later(message: Message) -> None:
            if message["type"] in ANSWERS and (seconds := held_back.get()) is not None:
                await asyncio.sleep(seconds())
            await send(message)

        await self._app(scope, receive, later)


class Metered(Coroutine[Any, Any, T]):
    """A coroutine whose steps are charged to the `payer` of the context that it runs in, short ones together.

    Where the payer becomes known only on the way, it pays for the steps before as well.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        self._unpaid = 0.0

    def send(self, value: Any) -> Any:
        """One step."""
        started, least = time.thread_time(), 0.0
        try:
            waits_for = self._work.send(value)
            least = LEAST  # it has not ended
            return waits_for
        finally:
            self._charge(time.thread_time() - started, least)

    def throw(self, *error: Any) -> Any:
        """One step, begun by an exception."""
        started = time.thread_time()
        try:
            return self._work.throw(*error)
        finally:
            del error  # else error and frame refer to each other, and wait as garbage
            self._charge(time.thread_time() - started)

    def close(self) -> None:
        """Ends it."""
        self._work.close()

    def __await__(self) -> Any:
        return self._work.__await__()

    def __getattr__(self, name: str) -> Any:
        """What `inspect` asks of a coroutine, such as `cr_frame`: anyio looks whether a task has begun."""
        return getattr(self._work, name)

    def _charge(self, seconds: float, least: float = 0.0) -> None:
        self._unpaid += seconds
        if self._unpaid >= least and (quota := payer.get()) is not None:
            quota.take(self._unpaid)
            self._unpaid = 0.0


def task_factory(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], **options: Any) -> asyncio.Task[T]:
    """Makes the tasks of a loop, metered (`loop.set_task_factory`)."""
    return asyncio.Task(Metered(work), loop=loop, **options)
