"""How the server stops: no new sessions, the open pages hear of it, and what is under way may end.

On the first signal `begin` is called. From then on `/readyz` says 503, a new page is answered with 503 and a sentence,
and `wait` returns once all that was under way then has ended, or its time is over. After it nothing begins any more.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, get_args

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.content import LANGUAGES, Content, load
from app.serving.logs import OURS
from app.serving.operations import log_events
from app.serving.operations.request_log import STREAM
from app.serving.plain_answers import plain_page

_log = logging.getLogger(OURS)
RETRY_SECONDS = 30
LOOK_SECONDS = 0.05
HEAR_SECONDS = 0.3
"""Seconds for the open pages to get the sentence, and later what their runs have drawn, before they are closed."""
ONE_STOP_SECONDS = 0.5
"""Within which signals count as one."""
_NEW = (STREAM, "/console")
"""Websockets that are not opened any more."""


Kind = Literal["page", "command"]
"""A run of a page's script, with the walk in it; a command of a console."""


class _Work:
    """Something under way."""

    def __init__(self, kind: Kind, end: Callable[[], None] | None) -> None:
        self.kind = kind
        self.end = end


class Stopping:
    """The stop of one process. `under_way` may be used from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._works: set[_Work] = set()
        self._before: set[_Work] = set()
        """What was under way when it began."""
        self.began: float | None = None
        """`time.monotonic()` of the first signal."""
        self.inform: Callable[[], int] = lambda: 0
        """Sends the sentence to the open pages, and returns how many those are. Set by the module that knows them."""
        self.is_over = False
        """Whether nothing may begin any more: what it needs is about to go."""

    def has_just_begun(self) -> bool:
        """Whether a signal that comes now belongs to the first one: timeout(1) sends two, one to all of its group."""
        return self.began is not None and time.monotonic() - self.began < ONE_STOP_SECONDS

    @contextmanager
    def under_way(self, kind: Kind, end: Callable[[], None] | None = None) -> Iterator[None]:
        """Something that a stop waits for. `end`: ends it at once; called on the server's own thread."""
        work = _Work(kind, end)
        with self._lock:
            self._works.add(work)
        try:
            yield
        finally:
            with self._lock:
                self._works.discard(work)

    def begin(self) -> int:
        """From now on the server is stopping. Returns how many works are waited for. Signal handlers call it."""
        self.began = time.monotonic()
        self._before = set(self._works)  # one operation without the lock: this thread may hold it
        return len(self._before)

    def left(self) -> int:
        """How many of those are still under way."""
        return len(self._before & self._works)

    async def wait(self, seconds: float) -> None:
        """Informs the pages, then waits until what was under way at `begin` has ended, for so many seconds at most.

        `is_over` is set then, so nothing more begins. What the open pages have begun meanwhile may end within the same
        seconds.
        """
        began = self.began if self.began is not None else time.monotonic()
        pages, until = 0, began + seconds
        try:
            pages = self.inform()
        except Exception:
            _log.exception("the open pages could not be informed")  # they are closed all the same
        log_events.write("stopping", pages=pages, under_way=self.left(), seconds=seconds)
        if pages:
            await asyncio.sleep(min(HEAR_SECONDS, seconds))
        while self.left() and time.monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)
        self.is_over = True
        waited = self._before | self._works
        while self._works and time.monotonic() < until:
            await asyncio.sleep(LOOK_SECONDS)
        if waited:
            await asyncio.sleep(min(HEAR_SECONDS, seconds))
        log_events.write("stopped_waiting", left=len(self._works), seconds=round(time.monotonic() - began, 3))

    def count(self) -> dict[str, int]:
        """How much is under way now, of each kind."""
        kinds = [work.kind for work in tuple(self._works)]
        return {kind: kinds.count(kind) for kind in get_args(Kind)}

    def end_all(self) -> None:
        """Ends what is still under way, at once."""
        for work in list(self._works):
            if work.end is not None:
                work.end()


STOPPING = Stopping()


class NoNewSessions:
    """While the server stops: no new page and no new console. All else is still answered."""

    def __init__(self, app: ASGIApp, stopping: Stopping) -> None:
        self._app = app
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through until then."""
        if self._stopping.began is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket" and scope["path"] in _NEW:
            log_events.refuse("stopping")
            await WebSocketClose()(scope, receive, send)
        elif scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", ""):
            log_events.refuse("stopping")
            headers = {"retry-after": str(RETRY_SECONDS), "cache-control": "no-store"}
            page = plain_page("serving.stopping", _contents(), seconds=RETRY_SECONDS)
            await HTMLResponse(page, 503, headers)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _contents() -> Sequence[Content]:
    return [load(language) for language in LANGUAGES]
