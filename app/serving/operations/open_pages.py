"""How many pages may be open: as many as there is memory for, and one address has no more than its share of them.

Connections alone are bounded by descriptors, of which there may be enough for ten thousand pages. A container whose
memory runs out is killed with all worlds in it, so there are two bounds: a number of pages, by what one takes once its
reader has worked in the labs, and the memory that is really used, for what no number foresees.

After a break of the network a page connects again while its old connection still counts, because the server has not
noticed yet that it is gone. The page says which session it had, and replaces that connection.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.serving import request_facts
from app.serving.budget import Tally, has_share
from app.serving.operations import control_groups, log_events
from app.serving.operations.memory_shortage import BASE_BYTES, MEMORY
from app.serving.operations.request_log import STREAM

PAGE_BYTES = 5 * 1024 * 1024
"""Memory that counts for a page: its session, its reader's worlds and walks, and what is under way for them. One that
was only opened takes 1.3 MB, and 50 readers who were in all labs took 5.0 MB each (docs/performance.md, "Figures of a
room")."""
END_SECONDS = 1.0
"""For the old connection of a page to end, which takes a millisecond."""
LEAST = 8
"""Pages that may be open however little memory there is."""


def room(limit: int | None) -> int:
    """For how many pages `limit` bytes of memory are enough; None is no limit."""
    return sys.maxsize if limit is None else max((limit - BASE_BYTES) // PAGE_BYTES, LEAST)


class OpenPages:
    """The open pages of a process. Used on one event loop."""

    def __init__(self, limit: int, is_memory_short: Callable[[], bool] = lambda: False) -> None:
        self.limit = limit
        """How many pages may be open."""
        self._is_memory_short = is_memory_short
        self.of_address = limit * 3 // 4
        """How many of them one address may have, as with worlds, and fewer beside others (`has_share`). An address may
        be a room behind one router."""
        self._address_of: dict[object, str] = {}
        """The address of each open page, by the object that stands for the page."""
        self._by_address = Tally()

    def __len__(self) -> int:
        return len(self._address_of)

    def __contains__(self, page: object) -> bool:
        return page in self._address_of

    def has_room(self, address: str, old: object = None) -> bool:
        """Whether a visitor may open one more page. The `old` page is replaced, so it does not count where it is still
        open, and needs no more memory."""
        of_old = self._address_of.get(old)
        if of_old is None and len(self) >= LEAST and self._is_memory_short():
            return False
        of_all, own = len(self) - (of_old is not None), self._by_address.of(address) - (of_old == address)
        return has_share(own, of_all, self.limit, self.of_address)

    @contextmanager
    def one_more(self, address: str, page: object = None, old: object = None) -> Iterator[bool]:
        """Yields whether there is room for one more page. It counts until the end of the block, or until another page
        replaces it.

        `page`: the object that stands for it; None for a page that no other one replaces. `old`: the one that it
        replaces.
        """
        page = object() if page is None else page
        if has_room := self.has_room(address, old):
            self._forget(old)
            self._address_of[page] = address
            self._by_address.add(address)
        try:
            yield has_room
        finally:
            if has_room:
                self._forget(page)

    def _forget(self, page: object) -> None:
        if (address := self._address_of.pop(page, None)) is not None:
            self._by_address.remove(address)


class RoomForPages:
    """Refuses a page for which there is no room, and passes everything else through."""

    def __init__(
        self, app: ASGIApp, *, pages: OpenPages, busy: Callable[[], Response], connected: Callable[[str, str], str]
    ) -> None:
        """`busy` makes the answer to a browser that finds no room. `connected`: by the id of a session and the
        fingerprint of its browser, the id of the request by which its page is connected; empty where it is not.
        """
        self._app = app
        self._pages = pages
        self._busy = busy
        self._connected = connected
        self._by_request: dict[str, asyncio.Task[object] | None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a browser that asks for a page, before it loads any of it; and its websocket, which comes later."""
        if scope["type"] == "websocket" and scope["path"] == STREAM:
            await self._open(scope, receive, send)
        elif (
            scope["type"] == "http"
            and "text/html" in Headers(scope=scope).get("accept", "")
            and not self._pages.has_room(request_facts.visitor(scope))
        ):
            log_events.refuse("pages")
            await self._busy()(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A page, as long as it is open. Where it comes back, the connection that it had before ends."""
        page, request = asyncio.current_task(), log_events.request_id.get()
        before = self._connected(_session(scope), Headers(scope=scope).get(request_facts.BROWSER, ""))
        old = self._by_request.get(before) if before else None
        with self._pages.one_more(request_facts.visitor(scope), page, old) as has_room:
            if not has_room:
                log_events.refuse("pages")
                await WebSocketClose()(scope, receive, send)
                return
            if old is not None:
                old.cancel()
                await asyncio.wait([old], timeout=END_SECONDS)  # so that Streamlit finds a session that was left
            self._by_request[request] = page
            try:
                await self._app(scope, receive, send)
            except asyncio.CancelledError:
                if page is None or page in self._pages:
                    raise
                page.uncancel()
            finally:
                if self._by_request.get(request) is page:
                    del self._by_request[request]


def _session(scope: Scope) -> str:
    """The id of the session that a page had before, as Streamlit's browser half says it; empty for a new page."""
    said = Headers(scope=scope).get("sec-websocket-protocol", "").split(",")
    return said[2].strip() if len(said) > 2 else ""


OPEN_PAGES = OpenPages(room(control_groups.memory_limit()), MEMORY.is_short)
"""The open pages of this process."""
