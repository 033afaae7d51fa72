"""How many pages may be open: as many as there is memory for, and of one address no more than its share.

A page that stands open takes up to 1.3 MB, however little its reader does. Connections are bounded by descriptors, of
which there may be enough for ten thousand.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.serving import request_facts
from app.serving.operations import events, memory
from app.serving.operations.request_log import STREAM

BASE_BYTES = 150 * 1024 * 1024
"""What the process takes before the first page."""
PAGE_BYTES = 2 * 1024 * 1024
"""What is reckoned for a page: itself and its reader's world, and what is under way."""
LEAST = 32
"""Pages that may be open however little memory there is."""


def room(limit: int | None) -> int:
    """For how many pages so many bytes of memory are enough."""
    return sys.maxsize if limit is None else max((limit - BASE_BYTES) // PAGE_BYTES, LEAST)


class OpenPages:
    """Those of a process. Used on one event loop."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        """Of all."""
        self.of_address = limit * 3 // 4
        """Of one address, as with worlds: it may be a room behind one router."""
        self._by_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._by_address.total()

    def has_room(self, address: str) -> bool:
        """Whether a visitor may open one more."""
        return len(self) < self.limit and self._by_address[address] < self.of_address

    @contextmanager
    def one_more(self, address: str) -> Iterator[bool]:
        """Whether there is room for it; it counts until the end of the block."""
        has_room = self.has_room(address)
        self._by_address[address] += has_room
        try:
            yield has_room
        finally:
            self._by_address[address] -= has_room
            self._by_address += Counter()  # forgets who has none


class RoomForPages:
    """Refuses a page for which there is no room, and passes everything else through."""

    def __init__(self, app: ASGIApp, *, pages: OpenPages, busy: Callable[[], Response]) -> None:
        """`busy` makes the answer to a browser that finds no room."""
        self._app = app
        self._pages = pages
        self._busy = busy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a browser that asks for a page, before it loads any of it; and its websocket, which comes later."""
        if scope["type"] == "websocket" and scope["path"] == STREAM:
            with self._pages.one_more(request_facts.visitor(scope)) as has_room:
                if not has_room:
                    events.refuse("pages")
                await (self._app if has_room else WebSocketClose())(scope, receive, send)
        elif (
            scope["type"] == "http"
            and "text/html" in Headers(scope=scope).get("accept", "")
            and not self._pages.has_room(request_facts.visitor(scope))
        ):
            events.refuse("pages")
            await self._busy()(scope, receive, send)
        else:
            await self._app(scope, receive, send)


OPEN_PAGES = OpenPages(room(memory.limit()))
"""Those of this process."""
