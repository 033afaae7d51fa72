"""A way to a server that can be closed in the middle of things, and a server that never says a word."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


class Gate:
    """Forwards connections to a port of 127.0.0.1 until it is closed; then nobody listens.

    As a `proxy` it wants to be asked (CONNECT) first, and lets through to that port whatever is asked for.
    """

    def __init__(self, port: int, *, proxy: bool = False) -> None:
        self._target = port
        self._proxy = proxy
        self.asked: list[str] = []
        """The requests that a proxy got."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Cuts what is open and lets nothing new in."""
        for end in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._proxy:
                self._be_asked(near)
            far = socket.create_connection(("127.0.0.1", self._target))
            self._open += [near, far]
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(one, other), daemon=True).start()

    def _be_asked(self, near: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += near.recv(1)
        self.asked.append(head.decode())
        near.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")


def _pump(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


class Silent:
    """A server that takes connections and says nothing. The kernel takes them; they wait to be counted."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._taken: list[socket.socket] = []
        self.port: int = listener.getsockname()[1]

    def connections(self) -> int:
        """How many there have been."""
        self._listener.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                self._taken.append(self._listener.accept()[0])
        return len(self._taken)

    def close(self) -> None:
        for connection in (self._listener, *self._taken):
            connection.close()


@contextlib.contextmanager
def silent() -> Iterator[Silent]:
    """A server that takes connections and says nothing, for as long as this lasts."""
    with contextlib.closing(Silent(socket.create_server(("127.0.0.1", 0), backlog=64))) as server:
        yield server
