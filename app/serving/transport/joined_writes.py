"""A transport that writes together what is sent together."""

from __future__ import annotations

import asyncio
from typing import Any

SIZE_LIMIT = 64 * 1024
"""How many bytes may wait to be written together. More are written at once, so that the transport can report that it is
full."""


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
