"""The `Issuer` port: what every client, STS included, can read of an OIDC issuer over https."""

from __future__ import annotations

import errno
import hashlib
import socket
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import urllib3
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from urllib3.util import wait_for_read

from app.clients import proxies
from app.clients.bounds import CONNECT_SECONDS, READ_SECONDS, HttpsConnection, HttpsPool
from app.clients.errors import from_status, no_answer, unexpected
from app.clients.recorder import Recorder, wire_headers
from app.clients.sources import FILE_LIMIT, read_bytes
from app.flow import strict_json
from app.flow.api_operations import ISSUER
from app.flow.errors import Refused, Unreachable
from app.flow.model import Exchange, JsonValue

BODY_LIMIT = 1024 * 1024
"""Bytes of a document."""
CALLEE = "issuer"
_UNVERIFIED = SSL.Context(SSL.TLS_CLIENT_METHOD)
"""Accepts every certificate: only for looking at certificates."""


class _Connection(HttpsConnection):
    """Says which chain it was served, by its last certificate."""

    def __init__(self, *arguments: Any, served: Callable[[bytes], None], **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._served = served

    def connect(self) -> None:
        """As urllib3's own."""
        super().connect()
        if sys.version_info >= (3, 13) and isinstance(self.sock, ssl.SSLSocket):
            self._served(self.sock.get_unverified_chain()[-1])


class _Pool(HttpsPool):
    limit = BODY_LIMIT
    ConnectionCls = _Connection


class IssuerTransport:
    """Connections to issuers.

    `connect_to` sends every connection to one address, whatever host the URL names, while TLS still asks that
    host for its certificate (as `curl --connect-to` does); `ca_pem` is trusted instead of the system's CAs.
    `environment` says by which http proxy an issuer is reached.
    """

    def __init__(
        self,
        *,
        connect_to: tuple[str, int] | None = None,
        ca_pem: bytes | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._connect_to = connect_to
        self._environment = {} if connect_to else environment or {}
        self._context = ssl.create_default_context(cadata=ca_pem.decode("ascii") if ca_pem else None)
        self._pools: dict[tuple[str, int], urllib3.HTTPSConnectionPool] = {}
        self._served: dict[tuple[str, int], bytes] = {}

    def address(self, host: str, port: int) -> tuple[str, int]:
        """Where a connection to `host` really goes."""
        return self._connect_to or (host, port)

    def pool(self, host: str, port: int) -> urllib3.HTTPSConnectionPool:
        """The connections whose TLS is that of `host`."""
        if (host, port) not in self._pools:
            self._pools[host, port] = self._pool(host, port)
            self._pools[host, port].conn_kw["served"] = partial(self._served.__setitem__, (host, port))
        return self._pools[host, port]

    def _pool(self, host: str, port: int) -> urllib3.HTTPSConnectionPool:
        options: dict[str, Any] = {
            "maxsize": 8,
            "timeout": urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
            "retries": False,
            "ssl_context": self._context,
        }
        proxy = proxies.in_environment("https", host, port, self._environment)
        if proxies.is_supported(proxy):
            through: Any = proxies.manager(proxy, {"https": _Pool}, **options).connection_from_host(host, port, "https")
            return cast(urllib3.HTTPSConnectionPool, through)
        return _Pool(*self.address(host, port), server_hostname=host, **options)

    def last_served(self, host: str, port: int) -> bytes | None:
        """The last certificate (DER) of the chain that the newest trusted connection was served; None where there is
        none yet, and before Python 3.13, whose `ssl` does not show it."""
        return self._served.get((host, port))


def transport_to(address: tuple[str, int], ca_file: str) -> IssuerTransport:
    """Connections to one address, where the CA in a file is trusted. Raises `Unreachable` where it cannot be."""
    try:
        ca_pem = read_bytes(Path(ca_file)) if ca_file else None
        if ca_pem == b"":
            raise OSError(errno.EINVAL, "an empty file", ca_file)
        return IssuerTransport(connect_to=address, ca_pem=ca_pem)
    except (OSError, UnicodeDecodeError) as error:  # OpenSSL's are among the first
        said = getattr(error, "strerror", None) or str(error)
        raise Unreachable(
            code="issuer_ca_unusable", server_message=said, got=ca_file, expected=str(FILE_LIMIT)
        ) from None


class PublicIssuer:
    """Reads discovery documents, key sets and certificate chains."""

    def __init__(self, transport: IssuerTransport) -> None:
        self._transport = transport
        self._recorder = Recorder()

    def discovery(self, issuer: str) -> JsonValue:
        return self._get(f"{issuer}/.well-known/openid-configuration", ISSUER["discovery"])

    def jwks(self, jwks_uri: str) -> JsonValue:
        return self._get(jwks_uri, ISSUER["jwks"])

    def thumbprint(self, jwks_uri: str) -> str:
        """Looks at the chain without judging it: IAM's thumbprint is of what is served, trusted or not.

        Where the documents came over a trusted connection, its chain is the one. Another handshake would be the most
        expensive request of a walk.
        """
        operation = ISSUER["thumbprint"]
        host, port, _ = _split(jwks_uri, operation)
        try:
            last = self._transport.last_served(host, port)
            last = last or _served_chain(self._transport.address(host, port), host)[-1]
        except (OSError, SSL.Error, UnicodeError) as error:
            raise no_answer(error, operation) from error
        return hashlib.sha1(last, usedforsecurity=False).hexdigest()

    def exchanges(self) -> tuple[Exchange, ...]:
        return self._recorder.exchanges()

    def _get(self, url: str, operation: str) -> JsonValue:
        host, port, path = _split(url, operation)
        headers = {
            "Host": host if port == 443 else f"{host}:{port}",
            "User-Agent": "irsa-explorer",
            "Accept": "application/json",
        }
        started = time.perf_counter()
        status, body, words = 0, b"", ""
        answered: dict[str, str] = {}
        try:
            answer = self._transport.pool(host, port).request("GET", path, headers=headers, redirect=False)
            status, answered, body = answer.status, dict(answer.headers), answer.data
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            words = str(error)
            raise no_answer(error, operation) from error
        finally:
            self._recorder.record(
                callee=CALLEE,
                method="GET",
                url=url,
                seconds=time.perf_counter() - started,
                request_headers=wire_headers(url, headers),
                status=status,
                response_headers=answered.items(),
                response_body=body,
                error=words,
            )
        if status != 200:
            raise from_status(status, body, operation=operation)
        try:
            return strict_json.loads(body.decode())
        except ValueError as error:
            raise unexpected(error, operation) from error


def _split(url: str, operation: str) -> tuple[str, int, str]:
    """Host, port and path of an https URL, the only kind that IAM takes."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 443
    except ValueError as error:
        raise unexpected(error, operation) from error
    if parts.scheme != "https" or not host:
        raise Refused(code="not_https", server_message=url, operation=operation)
    return host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _served_chain(address: tuple[str, int], host: str) -> list[bytes]:
    """The certificates that the host presents, leaf first, in DER.

    pyOpenSSL, because the standard library shows an unverified chain from Python 3.13 on only.
    """
    with socket.create_connection(address, CONNECT_SECONDS) as connection:
        tls = SSL.Connection(_UNVERIFIED, connection)
        tls.set_tlsext_host_name(host.encode("idna"))
        tls.set_connect_state()
        until = time.monotonic() + READ_SECONDS  # of the whole handshake: a server may send byte by byte
        while True:
            try:
                tls.do_handshake()
                break
            except SSL.WantReadError:
                if not wait_for_read(connection, max(until - time.monotonic(), 0.0)):
                    raise TimeoutError("timed out") from None
        chain = tls.get_peer_cert_chain(as_cryptography=True) or []
        if not chain:
            raise OSError("no certificate")
        return [certificate.public_bytes(Encoding.DER) for certificate in chain]
