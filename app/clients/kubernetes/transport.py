"""Connections to API servers: a pool for requests, and one that is opened by hand for `exec`, which is more than one
request and its answer. Both by the same trust and proxy.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import urllib3

from app.addresses import in_url
from app.clients import proxies
from app.clients.bounds import CONNECT_SECONDS, POOLS

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
    def connected(self, address: tuple[str, int], *, tls: bool, timeout: float) -> Iterator[socket.socket]:
        """A connection that is closed in the end; `timeout` are the seconds of every wait after connecting.

        Raises `OSError` and its kin: refused, timed out, not trusted.
        """
        with socket.create_connection(self._proxy or address, CONNECT_SECONDS) as plain:
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
    """Asks a proxy for a way through (RFC 9110 §9.3.6), within `CONNECT_SECONDS`. Raises `OSError`."""
    host, port = address
    target = f"{in_url(host)}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", *(f"{name}: {headers[name]}" for name in headers)]
    proxy.sendall("\r\n".join([*lines, "", ""]).encode())
    answer, until = b"", time.monotonic() + CONNECT_SECONDS
    while not answer.endswith(b"\r\n\r\n"):  # byte by byte: what comes next is not the proxy's
        received = proxy.recv(1)
        if not received or len(answer) > HEADER_LIMIT:
            raise ProxyError("the proxy hung up")
        if time.monotonic() > until:
            raise TimeoutError("timed out")
        answer += received
    status_line = answer.split(b"\r\n", 1)[0].decode("latin-1")
    if status_line.split(" ")[1:2] != ["200"]:
        raise ProxyError(status_line)


class KubernetesTransport:
    """Connections to API servers behind one CA. It knows no bearer, so every world of a process may share it."""

    def __init__(self, *, context: ssl.SSLContext | None = None, server_name: str = "", proxy_url: str = "") -> None:
        """`context`: a TLS context that trusts that CA; without it, the system's CAs are trusted.

        `server_name`: whose certificate is asked for, where it is not the host's. `proxy_url`: an http proxy, with
        user and password where it wants them.
        """
        context = context or ssl.create_default_context()
        options: dict[str, Any] = {"ssl_context": context, "retries": False, "maxsize": 16}
        if server_name:
            options["server_hostname"] = server_name
        if not proxy_url:
            self.pool = urllib3.PoolManager(**options)
            self.pool.pool_classes_by_scheme = POOLS
            self.dialer = Dialer(context, server_name)
            return
        proxy = urlsplit(proxy_url)
        self.pool = proxies.manager(proxy_url, POOLS, **options)
        self.dialer = Dialer(context, server_name, (proxy.hostname or "", proxy.port or 80), self.pool.proxy_headers)


def loopback_context(ca_pem: bytes) -> ssl.SSLContext:
    """A TLS context for servers on this machine, whose CA is `ca_pem`. Each exec needs a connection of its own.

    TLS 1.2 resumes a session without an exchange of keys (RFC 5246, section 7.3). TLS 1.3 exchanges them each time, so
    that a connection which was recorded stays secret even from one who gets the server's keys: 0.4 ms for both ends,
    against what nobody does on loopback. The first exchange is by P-256; OpenSSL 3.5 begins with ML-KEM beside X25519.
    """
    context = ssl.create_default_context(cadata=ca_pem.decode("ascii"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ecdh_curve("prime256v1")
    return context
