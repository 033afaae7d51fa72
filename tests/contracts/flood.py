"""A server that never stops: it repeats a piece of its answer until the client hangs up, or it has sent enough."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.contracts.scripted import read_request, running

MOST = 256 * 1024 * 1024
"""Bytes after which it gives up: no client of ours takes so many."""
IN_FLIGHT = 16 * 1024 * 1024
"""Bytes that may be on their way: in the socket buffers of both sides, sent and never read."""


First = bytes | Callable[[bytes], bytes]
"""The first words, or what makes them of a request."""


class Flood:
    """`sent` counts the bytes of one connection after the other."""

    def __init__(self, first: First, piece: bytes, *, most: int) -> None:
        self._first, self._piece, self._most = first, piece, most
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.sent = 0
        self.connections = 0

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed: the test is over
                return
            self.connections += 1
            with connection:
                try:
                    self._pour(connection)
                except OSError:  # the client has had enough
                    continue

    def _pour(self, connection: socket.socket) -> None:
        connection.settimeout(30)
        request = read_request(connection)
        connection.sendall(self._first if isinstance(self._first, bytes) else self._first(request))
        while self.sent < self._most:
            self.sent += connection.send(self._piece)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def flood(first: First, piece: bytes, *, most: int = MOST) -> Iterator[Flood]:
    server = Flood(first, piece, most=most)
    with running(server):
        yield server


def head(status: int = 200, **headers: str) -> bytes:
    """The head of an HTTP answer."""
    lines = [f"HTTP/1.1 {status} Status", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()
