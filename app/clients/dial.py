"""Opening a connection by hand, for what goes beyond one request and its answer."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager


class Dialer:
    """Opens TLS connections with one context, and resumes the last session with a server (RFC 8446 §2.2)."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._sessions: dict[tuple[str, int], ssl.SSLSession] = {}

    @contextmanager
    def connected(self, address: tuple[str, int], *, tls: bool, timeout: float) -> Iterator[socket.socket]:
        """A connection that is closed in the end; `timeout` seconds for connecting and for every later wait.

        Raises `OSError` and its kin: refused, timed out, not trusted.
        """
        with socket.create_connection(address, timeout) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not tls:
                yield plain
                return
            session = self._sessions.get(address)
            with self._context.wrap_socket(plain, server_hostname=address[0], session=session) as connection:
                yield connection
                # The ticket came with the first answer, not with the handshake.
                if connection.session is not None:
                    self._sessions[address] = connection.session
