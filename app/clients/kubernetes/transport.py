"""Connections to API servers: a pool for requests and a way to dial for `exec`, both by the same trust and proxy."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import unquote, urlsplit

import urllib3

from app.clients.bounds import POOLS
from app.clients.kubernetes.dial import Dialer


class KubernetesTransport:
    """Connections to API servers behind one CA. It knows no bearer, so every world of a process may share it."""

    def __init__(
        self,
        ca_pem: bytes | None = None,
        *,
        context: ssl.SSLContext | None = None,
        server_name: str = "",
        proxy_url: str = "",
    ) -> None:
        """`ca_pem`: the CA as data; without it, the system's own. `context`: a TLS context that knows it all.

        `server_name`: whose certificate is asked for, where it is not the host's. `proxy_url`: an http proxy, with
        user and password where it wants them.
        """
        context = context or ssl.create_default_context(cadata=ca_pem.decode("ascii") if ca_pem else None)
        options: dict[str, Any] = {"ssl_context": context, "retries": False, "maxsize": 16}
        if server_name:
            options["server_hostname"] = server_name
        if not proxy_url:
            self.pool = urllib3.PoolManager(**options)
            self.pool.pool_classes_by_scheme = POOLS
            self.dialer = Dialer(context, server_name)
            return
        proxy = urlsplit(proxy_url)
        login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}" if proxy.username else None
        headers = urllib3.make_headers(proxy_basic_auth=login)
        address = (proxy.hostname or "", proxy.port or 80)
        self.pool = urllib3.ProxyManager(f"http://{proxy.netloc.rpartition('@')[2]}", proxy_headers=headers, **options)
        self.pool.pool_classes_by_scheme = POOLS
        self.dialer = Dialer(context, server_name, address, headers)


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
