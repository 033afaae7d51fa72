"""Whose request or message the pages' loop takes up next: in each of its passes one of every address.

All of them run on one thread. An address with three hundred connections, each of which asks again as soon as it has its
answer, would else have three hundred in each pass, and a page of others needs some hundred passes.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.serving.operations import log_events
from app.serving.visitor import address_of
from app.settings import Network

WAITING = 2000
"""Requests of an address that wait at once: as many as a room of three hundred browsers sends. A client that leaves
before its turn leaves its request here."""
_CLIENT_SENT = ("http.request", "websocket.receive")


class Passes:
    """In each pass of a loop one turn of every address, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        """By address, what comes next first."""
        self._served: set[str] = set()
        """The addresses that have had their turn in this pass."""

    def waiting(self, address: str) -> int:
        """How many turns an address waits for."""
        return len(self._waiting.get(address, ()))

    async def turn(self, address: str) -> None:
        """Waits until it is the turn of an address."""
        loop = asyncio.get_running_loop()
        if not self._served and not self._waiting:
            loop.call_soon(self._next_pass)
        if address not in self._served:
            self._served.add(address)
            return
        turn = loop.create_future()
        self._waiting.setdefault(address, deque()).append(turn)
        await turn

    def _next_pass(self) -> None:
        addresses = list(self._waiting)
        self._served = set(addresses)
        for address in addresses:
            waiting = self._waiting[address]
            turn = waiting.popleft()
            if not waiting:
                del self._waiting[address]
            if not turn.done():  # cancelled: the server stops, or the program has ended
                turn.set_result(None)
        if addresses:
            asyncio.get_running_loop().call_soon(self._next_pass)


class LoopTurns:
    """The outermost middleware: it delays, and passes on all but what is too much."""

    def __init__(self, app: ASGIApp, *, trusted_proxies: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted_proxies
        self._passes = Passes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Waits before the request, and after each piece of its body or each message of its websocket."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        address = address_of(scope, self._trusted)
        if self._passes.waiting(address) >= WAITING:
            log_events.refuse("connections", visitor=address)
            busy = PlainTextResponse("Service Unavailable\n", 503, {"retry-after": "1", "connection": "close"})
            await (WebSocketClose() if scope["type"] == "websocket" else busy)(scope, receive, send)
            return

        async def receive_in_turn() -> Message:
            message = await receive()
            if message["type"] in _CLIENT_SENT:
                await self._passes.turn(address)
            return message

        await self._passes.turn(address)
        await self._app(scope, receive_in_turn, send)
