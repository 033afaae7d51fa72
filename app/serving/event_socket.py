"""`/events`: a websocket a tab, over which the events of the browser's world come as they happen.

The gate has checked Host and Origin before (`app.serving.gate`). A browser that has no world is refused, and so is a
tab beyond the limit: its page works without events. While nothing happens in the world, only uvicorn's pings are sent.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose, WebSocketDisconnect

from app.serving import descriptors, request_facts
from app.serving.budget import Tally, has_share
from app.serving.operations.log_events import refuse
from app.serving.transport.uvicorn_settings import page_limits
from app.world.events.stream import EventStream

PATH = "/events"
TABS = 32
"""Connections of one browser."""
SHARE = 3
"""Events take at most one in so many of the connections that the server grants, and of those that it grants to one
address: pages come first."""
BURST_SECONDS = 0.05
"""Between two messages; the events of that time are sent together."""
_NUMBER = re.compile(r"\d{1,15}")


class EventSocket:
    """Answers at `PATH` and passes everything else through."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        browser: Callable[[Scope], str],
        stream: Callable[[str], EventStream | None],
    ) -> None:
        """`browser`: the id in a request's cookie; empty without one. `stream`: that of a browser's world, if any."""
        self._app = app
        self._browser = browser
        self._stream = stream
        self._browsers = Tally()
        self._addresses = Tally()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one connection to its end."""
        if scope["type"] not in ("http", "websocket") or scope["path"] != PATH:
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            headers = {"upgrade": "websocket", "cache-control": "no-store"}
            await PlainTextResponse("Upgrade Required\n", 426, headers)(scope, receive, send)
        else:
            browser = self._browser(scope)
            stream = self._stream(browser) if browser else None
            address = request_facts.visitor(scope)
            has_room = self._has_room(browser, address)
            if not has_room:
                refuse("events")
            if stream is None or not has_room:
                await WebSocketClose()(scope, receive, send)
                return
            with self._browsers.one_more(browser), self._addresses.one_more(address):
                await self._serve(WebSocket(scope, receive, send), browser, stream)

    def _has_room(self, browser: str, address: str) -> bool:
        limits, own = page_limits(descriptors.limit()), self._addresses.of(address)
        return self._browsers.of(browser) < TABS and has_share(
            own, self._addresses.total, limits.connections // SHARE, limits.per_address // SHARE
        )

    async def _serve(self, socket: WebSocket, browser: str, stream: EventStream) -> None:
        await socket.accept()
        loop, wake = asyncio.get_running_loop(), asyncio.Event()

        def woken() -> None:
            """Comes from the thread of the worlds' servers, perhaps after this loop has ended."""
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(wake.set)

        # The browser has nothing to say: whatever it sends, or that it leaves, ends the connection.
        left = loop.create_task(socket.receive())
        left.add_done_callback(lambda _: wake.set())
        cancel = stream.listen(woken)
        try:
            await self._tell(socket, browser, stream, wake, left)
        except (WebSocketDisconnect, RuntimeError):
            pass  # it left while something was sent to it
        finally:
            cancel()
            left.cancel()

    async def _tell(
        self, socket: WebSocket, browser: str, stream: EventStream, wake: asyncio.Event, left: asyncio.Task[object]
    ) -> None:
        after = _resumed(socket, stream)
        wake.set()
        while True:
            await wake.wait()
            wake.clear()
            if left.done():
                await socket.close(1008)
                return
            if stream.is_closed or after is None:
                # Another world has taken its place, or will when a page asks for one: nothing more comes from here.
                if self._stream(browser) is not None:
                    await socket.send_json({"reload": 0})
                await socket.close(1001)
                return
            events = stream.after(after)
            if events is None:
                after = stream.number
                await socket.send_json({"reload": after})
            elif events:
                after = events[-1].number
                await socket.send_json({"events": [event.document for event in events]})
                await asyncio.sleep(BURST_SECONDS)


def _resumed(socket: WebSocket, stream: EventStream) -> int | None:
    """After which event the client goes on: `after`, of the stream `of`; without one, the newest.

    None where it speaks of another stream, as after a reset.
    """
    asked = socket.query_params
    if asked.get("of", stream.name) != stream.name:
        return None
    found = _NUMBER.fullmatch(asked.get("after", ""))
    return int(found[0]) if found else stream.number
