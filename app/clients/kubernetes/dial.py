"""Opening a connection by hand, for what goes beyond one request and its answer."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

HEADER_LIMIT = 16 * 1024
"""Bytes of a proxy's answer."""


class ProxyError(OSError):
    """The proxy did not let us through."""


class Dialer:
    """Opens TLS connections with one context, and resumes the last session with a server (RFC 8446 §2.2)."""

    def __init__(
        self,
        context: ssl.SSLContext,
        server_name: str = "",
        proxy: tuple[str, int] | None = None,
        proxy_headers: Mapping[str, str] | None = None,
    ) -> None:
        """`server_name`: whose certificate is asked for, where it is not the host's.

        `proxy`: the proxy that we go through; `proxy_headers`: what identifies us to it.
        """
        self._context = context
        self._proxy = proxy
        self._proxy_headers = proxy_headers or {}
        self._server_name = server_name
        self._sessions: dict[tuple[str, int], ssl.SSLSession] = {}

    @contextmanager
    def connected(
        self, address: tuple[str, int], *, tls: bool, timeout: float, connect_timeout: float
    ) -> Iterator[socket.socket]:
        """A connection that is closed in the end; `timeout` are the seconds of every wait after connecting.

        Raises `OSError` and its kin: refused, timed out, not trusted.
        """
        with socket.create_connection(self._proxy or address, connect_timeout) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._proxy is not None:
                _tunnel(plain, address, self._proxy_headers)
            if not tls:
                plain.settimeout(timeout)
                yield plain
                return
            session = self._sessions.get(address)
            with self._context.wrap_socket(
                plain, server_hostname=self._server_name or address[0], session=session
            ) as connection:
                connection.settimeout(timeout)
                yield connection
                # The ticket came with the first answer, not with the handshake.
                if connection.session is not None:
                    self._sessions[address] = connection.session


def _tunnel(proxy: socket.socket, address: tuple[str, int], headers: Mapping[str, str]) -> None:
    """Asks a proxy for a way through (RFC 9110 §9.3.6). Raises `OSError`."""
    host, port = address
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"  # RFC 3986 §3.2.2: an IPv6 address
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", *(f"{name}: {headers[name]}" for name in headers)]
    proxy.sendall("\r\n".join([*lines, "", ""]).encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):  # byte by byte: what comes next is not the proxy's
        received = proxy.recv(1)
        if not received or len(answer) > HEADER_LIMIT:
            raise ProxyError("the proxy hung up")
        answer += received
    status_line = answer.split(b"\r\n", 1)[0].decode("latin-1")
    if status_line.split(" ")[1:2] != ["200"]:
        raise ProxyError(status_line)
