"""How many pages may be open: as many as there is memory for, and of one address no more than its share.

A page that stands open takes up to 1.3 MB, however little its reader does. Connections are bounded by descriptors, of
which there may be enough for ten thousand.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.flow.budget import Tally
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
        self.by_address = Tally()
        """Those that are open."""

    def __len__(self) -> int:
        return self.by_address.total

    def has_room(self, address: str) -> bool:
        """Whether a visitor may open one more."""
        return len(self) < self.limit and self.by_address.of(address) < self.of_address


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
            address = request_facts.visitor(scope)
            if not self._pages.has_room(address):
                events.refuse("pages")
                await WebSocketClose()(scope, receive, send)
                return
            with self._pages.by_address.one_more(address):
                await self._app(scope, receive, send)
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
