"""uvicorn's protocols, bounded: what it reads before it knows a request, and how long it waits for a client.

uvicorn itself limits neither: llhttp collects a header of any length, and a client that never ends its request, or
never reads the answer, keeps its connection for ever.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame
from websockets.http11 import Request
from websockets.protocol import State

from app.serving.operations.health import LIVE
from app.serving.transport.connections import Connection, Connections
from app.serving.transport.joined_writes import JoinedWrites
from app.serving.visitor import address_of

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent

_PROBES = tuple(f"{method} {LIVE}{end}".encode("ascii") for method in ("GET", "HEAD") for end in (" ", "?"))
PIPELINED = 8
"""Requests that may wait for the one before them on a connection. Browsers and proxies send none."""
FRAGMENTS = 1024
"""Frames of a websocket message: a browser sends one, or pieces of many kilobytes."""
DIRECTLY = "irsa.directly"
"""In a websocket's scope, among its extensions: `BoundedWebSocket.send_directly`."""
CONTROLS, CONTROL_SECONDS = 100, 10.0
"""Pings and pongs of a client, and for how long they are counted. A browser answers one ping in twenty seconds."""
PIECE = 4096
"""Bytes of a websocket that are read before anything is counted: frames of 6 bytes cost more than what is in them."""
HEADERS, COOKIES = 128, 1000
"""The most of each that a request may have. Browsers send twenty headers, and 180 cookies at most. To read 64 KB of
short headers or cookies takes 15 ms."""


def answer(status: str, text: str, *headers: str) -> bytes:
    """An HTTP answer after which the connection is closed. `status`: code and phrase; `text`: the body."""
    body = text.encode()
    kind = "text/html" if text.startswith("<") else "text/plain"
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}; charset=utf-8", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "cache-control: no-store", "connection: close", *headers, "", ""]).encode() + body


ALIVE = {b"GET ": answer("200 OK", "ok\n"), b"HEAD": answer("200 OK", "ok\n").removesuffix(b"ok\n")}
"""The answers to a liveness probe for whose connection there is no room: a full server is alive, and a restart would
help none of its visitors."""
TOO_LARGE = answer("431 Request Header Fields Too Large", "Request Header Fields Too Large\n")
NO_HANDSHAKE = answer("400 Bad Request", "Bad Request\n")
"""The answer to a websocket's handshake that llhttp reads and `websockets` does not: one with a body, for example."""


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 within `ConnectionLimits`."""

    def __init__(self, *arguments: Any, connections: Connections, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._room = connections
        self._limits = connections.limits
        self._connection: Connection | None = None
        self._head_bytes = 0
        """Received since headers were complete, or a piece of a body came: of headers, of trailers, between chunks."""
        self._is_in_body = False
        self._came = False
        """Whether either came with what was received last."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Counts it, if there is room. What is written on it before the loop goes on is one write, also by the
        websocket that it becomes."""
        joined = cast(asyncio.Transport, JoinedWrites(transport, self.loop))
        super().connection_made(joined)
        self._connection = self._room.enter(joined, self.client)

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives its room to others, and forgets the requests that wait."""
        self._room.leave(self.transport)
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads a request; refuses one without room, or whose headers or trailers do not end."""
        if self.transport.is_closing():
            return
        if self._connection is None:
            self._refuse(ALIVE[data[:4]] if data.startswith(_PROBES) else self._room.busy)
            return
        if self._connection.deadline is None:
            self._connection.deadline = self.loop.time() + self._limits.head_seconds
        self._came = False
        super().data_received(data)
        self._head_bytes = 0 if self._came else self._head_bytes + len(data)
        if self._head_bytes > self._limits.head_bytes and not self.transport.is_closing():
            self._refuse(TOO_LARGE)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Takes a header. Ignores trailers, as RFC 9110 §6.5.1 allows: no application here reads them."""
        if self._is_in_body:
            return
        super().on_header(name, value)
        if len(self.headers) > HEADERS or value.count(b";") > COOKIES:
            self._refuse(TOO_LARGE)
            raise ConnectionAbortedError  # ends llhttp's work on what was read

    def on_body(self, body: bytes) -> None:
        """Takes a piece of the body."""
        self._came = True
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """The headers are there: now the body is waited for."""
        self._is_in_body = self._came = True
        if self._connection is not None:
            self._connection.deadline = self.loop.time() + self._limits.body_seconds
        if len(self.pipeline) >= PIPELINED:
            self.transport.abort()
        elif sum((len(name) + len(value) for name, value in self.headers), len(self.url)) > self._limits.head_bytes:
            self._refuse(TOO_LARGE)
        if self.transport.is_closing():
            raise ConnectionAbortedError  # ends llhttp's work on what was read
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Nothing more is waited for until the next request begins."""
        self._is_in_body = False
        if self._connection is not None:
            self._connection.deadline = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answers what is not HTTP, where that can still be answered."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def handle_websocket_upgrade(self) -> None:
        """Hands over to the websocket."""
        super().handle_websocket_upgrade()
        del self.parser  # which has this protocol's methods: it would wait, with the connection, as garbage

    def _refuse(self, words: bytes) -> None:
        self.transport.write(words)
        self.transport.close()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A websocket within `ConnectionLimits`."""

    messages = 1000
    """Messages that may wait for the application. A page sends one with each click. One read may bring 40,000 of them,
    all empty."""

    def __init__(self, *arguments: Any, connections: Connections, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._room = connections
        self._sends = 0
        """Messages of the application that are being sent, or wait until the client reads."""
        self._controls, self._counted_from = 0, 0.0
        """Pings and pongs since that time of the loop."""
        self._address, self._part = "", 0
        """Whose the connection is, and how many bytes of a message are kept that has not come to its end."""

    def handle_connect(self, event: Request) -> None:
        """Hands the application what it gets of every websocket, and the short way to send."""
        super().handle_connect(event)
        if not self.close_sent:
            self._room.keep_part(self._address, -self._part)  # of the handshake, whose sender was not known so far
            self._address, self._part = address_of(cast(dict[str, Any], self.scope), self._room.limits.trusted), 0
            cast(dict[str, Any], self.scope["extensions"])[DIRECTLY] = self.send_directly

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection was counted while it was HTTP. From now on pings find out whether the client is there."""
        super().connection_made(transport)
        connection = self._room.find(self.transport)
        if connection is not None:
            connection.deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives its room to others."""
        self._room.leave(self.transport)
        self._room.keep_part(self._address, -self._part)
        super().connection_lost(exc)
        if hasattr(self, "scope"):
            cast(dict[str, Any], self.scope["extensions"]).pop(DIRECTLY, None)  # else it would wait as garbage

    def data_received(self, data: bytes) -> None:
        """Reads messages, from a client that reads as well: each ping is answered, read or not. Refuses a handshake
        that cannot be read: uvicorn would neither answer it nor ever close the connection."""
        for at in range(0, len(data), PIECE):
            super().data_received(data[at : at + PIECE])
            if self.conn.handshake_exc is not None and not self.handshake_initiated:
                self.transport.write(b"".join(self.conn.data_to_send()) or NO_HANDSHAKE)
                self.transport.close()
            elif self.transport.get_write_buffer_size() > self._room.limits.write_bytes:
                self.transport.abort()
            elif self.queue.qsize() > self.messages:
                self._fail("too many messages")
            before, self._part = self._part, len(self.conn.reader.buffer) + sum(map(len, self.frames))
            if not self._room.keep_part(self._address, self._part - before):
                self._fail("too much of unfinished messages")
            if self.transport.is_closing():
                return

    def handle_ping(self) -> None:
        """Answers a ping."""
        if self._may_control():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        """Takes the answer to a ping, or one to none."""
        if self._may_control():
            super().handle_pong(event)

    def _may_control(self) -> bool:
        """Counts one more of these, and closes the websocket where that is too many."""
        now = self.loop.time()
        if now - self._counted_from >= CONTROL_SECONDS:
            self._controls, self._counted_from = 0, now
        self._controls += 1
        if self._controls > CONTROLS:
            self._fail("too many pings and pongs")
        return self._controls <= CONTROLS

    async def send(self, message: ASGISendEvent) -> None:
        """Sends what the application says. An answer instead of a websocket ends the handshake, too: without this,
        uvicorn logs each refusal as an error of the application."""
        self._sends += 1
        try:
            await super().send(message)
        finally:
            self._sends -= 1
        if message["type"] == "websocket.http.response.body" and self.close_sent:
            self.handshake_complete = True

    def send_directly(self, *messages: bytes) -> bool:
        """Sends binary messages, if they need not wait for another one or for the client; says whether it has.

        A page's forty messages go through fifteen coroutines each on the way of the application.
        """
        ready = self.handshake_complete and self.conn.state is State.OPEN and self.writable.is_set()
        if self._sends or not ready or self.transport.is_closing():
            return False
        self.transport.write(b"".join([piece for data in messages for piece in (_head(len(data)), data)]))
        return True

    def handle_cont(self, event: Frame) -> None:
        """Takes one more fragment of a message. Closes the websocket after `FRAGMENTS`: each fragment costs more
        than the bytes in it."""
        if len(self.frames) < FRAGMENTS:
            super().handle_cont(event)
        else:
            self._fail("too many fragments")

    def _fail(self, why: str) -> None:
        if not self.close_sent:
            self.conn.fail(CloseCode.POLICY_VIOLATION, why)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
            self.transport.close()

    def keepalive_timeout(self) -> None:
        """A client that answers no ping reads nothing either: what waits for it would keep the connection open."""
        super().keepalive_timeout()
        self.transport.abort()


def _head(size: int) -> bytes:
    """What goes before a whole binary message of a server, in bytes (RFC 6455 §5.2)."""
    if size < 126:
        return bytes((0x82, size))
    return b"\x82\x7e" + size.to_bytes(2) if size < 1 << 16 else b"\x82\x7f" + size.to_bytes(8)


def http_protocol(connections: Connections) -> type[asyncio.Protocol]:
    """For `uvicorn.Config(http=…)`."""
    return cast(type[asyncio.Protocol], partial(BoundedHttp, connections=connections))


def websocket_protocol(connections: Connections) -> type[asyncio.Protocol]:
    """For `uvicorn.Config(ws=…)`."""
    return cast(type[asyncio.Protocol], partial(BoundedWebSocket, connections=connections))
