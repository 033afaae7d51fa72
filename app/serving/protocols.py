"""uvicorn's protocols, bounded: what it reads before it knows a request, and how long it waits for a client.

uvicorn itself limits neither: llhttp collects a header of any length, and a client that never ends its request, or
never reads the answer, keeps its connection for ever. Nor does it write together what it sends together.
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

from app.serving.connections import Connection, Connections
from app.serving.operations.health import LIVE

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent

_PROBE = f"GET {LIVE} ".encode("ascii")
PIPELINED = 8
"""Requests that may wait for the one before them on a connection. Browsers and proxies send none."""
SIZE_LIMIT = 64 * 1024
"""Bytes that wait for others at most: more are written at once, so that the transport can say that it is full."""
FRAGMENTS = 1024
"""Frames of a websocket message: a browser sends one, or pieces of many kilobytes."""
DIRECTLY = "irsa.directly"
"""In a websocket's scope, among its extensions: `BoundedWebSocket.send_directly`."""
_HANDSHAKE_HEADERS = 128
_HANDSHAKE_LINE = 8192
"""What `websockets` reads of a handshake (`http11.MAX_NUM_HEADERS`, `MAX_LINE_LENGTH`)."""


def answer(status: str, text: str, *headers: str) -> bytes:
    """An HTTP answer after which the connection is closed. `status`: code and phrase; `text`: the body."""
    body = text.encode()
    kind = "text/html" if text.startswith("<") else "text/plain"
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}; charset=utf-8", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "cache-control: no-store", "connection: close", *headers, "", ""]).encode() + body


ALIVE = answer("200 OK", "ok\n")
"""To a probe for which there is no room: a full server is alive, and a restart would help none of its visitors."""
TOO_LARGE = answer("431 Request Header Fields Too Large", "Request Header Fields Too Large\n")


class JoinedWrites:
    """A transport that writes once the loop has done what is due now. All but writing is the transport's own.

    uvicorn hands over head and body, and each message of a websocket, apart, and uvloop writes at once. A browser that
    gets the messages of a page one by one draws the page for each of the first ones. A client in this process wakes up
    for each piece, and waits for the interpreter's lock that the server still holds: a twentieth of a walk's CPU time.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._waiting: list[bytes] = []
        self._size = 0
        self._joins = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """As the transport's own, a moment later."""
        if self._joins and not self._waiting:
            self._loop.call_soon(self._flush)
        self._waiting.append(data)
        self._size += len(data)
        if not self._joins or self._size > SIZE_LIMIT:
            self._flush()

    def close(self) -> None:
        """As the transport's own, after what waits."""
        self._flush()
        self._transport.close()

    def join_no_more(self) -> None:
        """From now on each write goes by itself, after what waits."""
        self._flush()
        self._joins = False

    def get_write_buffer_size(self) -> int:
        """As the transport's own, with what waits."""
        return self._size + self._transport.get_write_buffer_size()

    def _flush(self) -> None:
        data, self._waiting, self._size = b"".join(self._waiting), [], 0
        if data and not self._transport.is_closing():
            self._transport.write(data)


class BoundedHttp(HttpToolsProtocol):
    """HTTP/1.1 within `Limits`."""

    def __init__(self, *arguments: Any, connections: Connections, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._room = connections
        self._limits = connections.limits
        self._connection: Connection | None = None
        self._heads = 0
        """Requests whose headers are complete."""
        self._head_bytes = 0
        """Received of the next one."""
        self._is_in_body = False

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
        """Reads a request; refuses one without room, or whose headers do not end."""
        if self.transport.is_closing():
            return
        if self._connection is None:
            self._refuse(ALIVE if data.startswith(_PROBE) else self._room.busy)
            return
        if self._connection.deadline is None:
            self._connection.deadline = self.loop.time() + self._limits.head_seconds
        heads, is_in_body = self._heads, self._is_in_body
        super().data_received(data)
        if is_in_body or heads != self._heads:
            self._head_bytes = 0
            return
        self._head_bytes += len(data)
        if self._head_bytes > self._limits.head_bytes and not self.transport.is_closing():
            self._refuse(TOO_LARGE)

    def on_headers_complete(self) -> None:
        """The headers are there: now the body is waited for."""
        self._heads += 1
        self._is_in_body = True
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
        """Hands over to the websocket, unless `websockets` could not read the handshake."""
        longest = max(len(self.url) + 32, *(len(name) + len(value) + 4 for name, value in self.headers))
        if len(self.headers) > _HANDSHAKE_HEADERS or longest > _HANDSHAKE_LINE:
            self._refuse(TOO_LARGE)
        else:
            super().handle_websocket_upgrade()
            del self.parser  # which has this protocol's methods: it would wait, with the connection, as garbage

    def _refuse(self, words: bytes) -> None:
        self.transport.write(words)
        self.transport.close()


class BoundedWebSocket(WebSocketsSansIOProtocol):
    """A websocket within `Limits`."""

    def __init__(self, *arguments: Any, connections: Connections, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._room = connections
        self._sends = 0
        """Of what the application says: what is under way, or waits until the client reads."""

    def handle_connect(self, event: Request) -> None:
        """Hands the application what it gets of every websocket, and the short way to send."""
        super().handle_connect(event)
        if not self.close_sent:
            cast(dict[str, Any], self.scope["extensions"])[DIRECTLY] = self.send_directly

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It was counted when it spoke HTTP. From now on pings find out whether the client is there."""
        super().connection_made(transport)
        connection = self._room.find(self.transport)
        if connection is not None:
            connection.deadline = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Gives its room to others."""
        self._room.leave(self.transport)
        super().connection_lost(exc)
        if hasattr(self, "scope"):
            cast(dict[str, Any], self.scope["extensions"]).pop(DIRECTLY, None)  # else it would wait as garbage

    def data_received(self, data: bytes) -> None:
        """Reads messages, from a client that reads as well: each ping is answered, read or not."""
        super().data_received(data)
        if self.transport.get_write_buffer_size() > self._room.limits.write_bytes:
            self.transport.abort()

    async def receive(self) -> ASGIReceiveEvent:
        """The next message, after a turn for others: uvicorn gives way before none of thousands that came at once."""
        await asyncio.sleep(0)
        return await super().receive()

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

    def send_directly(self, data: bytes) -> bool:
        """Sends a binary message, if it need not wait for another one or for the client; says whether it has.

        A page's forty messages go through fifteen coroutines each on the way of the application.
        """
        ready = self.handshake_complete and self.conn.state is State.OPEN and self.writable.is_set()
        if self._sends or not ready or self.transport.is_closing():
            return False
        self.transport.write(_head(len(data)))
        self.transport.write(data)
        return True

    def handle_cont(self, event: Frame) -> None:
        """Takes one more piece of a message, but no crumbs without end: each costs more than the bytes in it."""
        if len(self.frames) < FRAGMENTS:
            super().handle_cont(event)
        elif not self.close_sent:
            self.conn.fail(CloseCode.POLICY_VIOLATION, "too many fragments")
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
