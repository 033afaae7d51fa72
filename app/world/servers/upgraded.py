"""A connection that speaks HTTP no more, since its client asked for another protocol and the application agreed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from app.world.metering import Tab

EXTENSION, TAKE_OVER = "world.upgrade", "take_over"
"""The ASGI extension, and its function as a `WeakMethod`, since the protocol has the scope: it takes the head of the
answer, status 101, and returns an `UpgradedConnection`."""
BUFFER = 256 * 1024
"""Bytes that may wait for the application before the client is no longer read."""


class UpgradedConnection(asyncio.Protocol):
    """Bytes from and to one client."""

    def __init__(self, transport: asyncio.Transport, tab: Tab, lost: Callable[[Exception | None], None]) -> None:
        """`lost` is called once the connection is closed."""
        self._transport = transport
        self._tab = tab
        self._lost = lost
        self._buffer = bytearray()
        self._ended = False
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._news = asyncio.Event()

    async def read(self, count: int) -> bytes:
        """So many bytes. Raises `EOFError` where the client sends no more."""
        while len(self._buffer) < count:
            if self._ended:
                raise EOFError
            self._transport.resume_reading()
            self._news.clear()
            await self._news.wait()
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    async def write(self, data: bytes) -> None:
        """Sends bytes once the client has taken those before. Raises `ConnectionError` where it has gone."""
        await self._may_write.wait()
        if self._transport.is_closing():
            raise ConnectionResetError
        self._transport.write(data)

    def close(self) -> None:
        """Sends what is left, then ends the connection."""
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        """What the client sends."""
        with self._tab.measured():
            self._buffer += data
            if len(self._buffer) > BUFFER:
                self._transport.pause_reading()
            self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone."""
        self._end()
        self._may_write.set()
        self._lost(exc)

    def pause_writing(self) -> None:
        """The client does not read fast enough."""
        self._may_write.clear()

    def resume_writing(self) -> None:
        """The client reads again."""
        self._may_write.set()

    def _end(self) -> None:
        self._ended = True
        self._news.set()
