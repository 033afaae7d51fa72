"""TLS to our own port, HTTP to that of AWS, and to nothing else: the wires under `network`, shared by all worlds."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from urllib3.util import parse_url, wait_for_read

from app.addresses import in_url
from app.world.servers.http_client import HOST, Answer, AnswerTooLarge, HttpClient, NotOneRequest
from app.world.servers.pki import client_context

HANDSHAKE_SECONDS = 5.0
"""How long a look at the served certificates may take."""
HTTPS_PORT = 443
URL_LIMIT = 8192
"""Characters."""


class NetworkError(Exception):
    """No usable answer. The text is what Go's client says, as kube-apiserver and the kubelet are written in Go."""

    def __init__(self, text: str, *, kind: str = "refused") -> None:
        super().__init__(text)
        self.kind = kind
        """`refused`, `timeout`, `tls` or `answer`."""


@dataclass(frozen=True, kw_only=True)
class HttpsUrl:
    """What a request needs of an https URL (RFC 3986)."""

    host: str
    """In lower case and Punycode; an IPv6 address without its brackets."""
    port: int | None
    """None where it names none, or https's own."""
    path: str
    target: str
    """The request target (RFC 9112, section 3.2): path and query, percent-encoded."""

    @classmethod
    def parse(cls, text: str) -> HttpsUrl:
        """Raises `NetworkError` for what is none, or is too long."""
        try:
            if len(text) > URL_LIMIT:
                raise ValueError("too long")
            parsed = parse_url(text)
        except (ValueError, TypeError) as error:
            raise NetworkError("invalid URL") from error
        if parsed.scheme != "https" or not parsed.host:
            raise NetworkError(f'unsupported protocol scheme "{parsed.scheme or ""}"')
        return cls(
            host=parsed.host.strip("[]"),
            port=None if parsed.port == HTTPS_PORT else parsed.port,
            path=parsed.path or "/",
            target=parsed.request_uri,
        )

    @property
    def authority(self) -> str:
        """The value of the `Host` header."""
        host = in_url(self.host)
        return host if self.port is None else f"{host}:{self.port}"


class Loopback:
    """Connections to our own two ports, shared by all worlds. Lives on the servers' loop."""

    def __init__(self, port: int, aws_port: int, root_ca_pem: bytes, issuer_host: str) -> None:
        """`port`: that of the https server."""
        self.port = port
        self.aws_url = f"http://{HOST}:{aws_port}"
        self.root_ca_pem = root_ca_pem
        self.issuer_host = issuer_host
        self._context = client_context(root_ca_pem)
        self._issuer_thumbprint = ""
        # A kept connection has been verified for one host name: each name gets a client of its own.
        names = ("127.0.0.1", "localhost", issuer_host)
        self._kept = {name: HttpClient(port, self._context, name) for name in names}
        self._aws = HttpClient(aws_port)

    async def request(
        self,
        method: str,
        url: HttpsUrl,
        *,
        headers: Mapping[str, str],
        content: bytes,
        timeout: float,
        ca_bundle_pem: bytes | None = None,
    ) -> Answer:
        """Asks our own port for `url`. Trusts the world's root, or `ca_bundle_pem` alone. Raises `NetworkError`."""
        own_root = ca_bundle_pem is None or ca_bundle_pem.strip() == self.root_ca_pem.strip()
        sent = {"host": url.authority, **headers}
        try:
            async with asyncio.timeout(timeout):
                if own_root and url.host in self._kept:
                    return await self._kept[url.host].send(method, url.target, sent, content)
                context = self._context if own_root else client_context(ca_bundle_pem or b"")
                client = HttpClient(self.port, context, url.host)
                try:
                    return await client.send(method, url.target, sent, content)
                finally:
                    client.close()
        except TimeoutError as error:
            raise NetworkError("context deadline exceeded", kind="timeout") from error
        except OSError as error:
            raise self._explain(error, url.host) from error

    async def post_to_aws(self, *, headers: Mapping[str, str], content: bytes, timeout: float) -> Answer:
        """Posts to the endpoint of AWS. Raises `NetworkError`."""
        sent = {"host": self.aws_url.removeprefix("http://"), **headers}
        try:
            async with asyncio.timeout(timeout):
                return await self._aws.send("POST", "/", sent, content)
        except OSError as error:
            raise NetworkError(str(error) or type(error).__name__) from error

    def _explain(self, error: OSError, host: str) -> NetworkError:
        if isinstance(error, NotOneRequest):
            return NetworkError(f"net/http: {error}")
        if isinstance(error, AnswerTooLarge):
            return NetworkError("http: response body too large", kind="answer")
        if isinstance(error, ssl.SSLCertVerificationError):
            if "mismatch" in error.verify_message or "not valid for" in error.verify_message:
                valid = f"127.0.0.1, localhost, {self.issuer_host}"
                text = f"x509: certificate is valid for {valid}, not {host}"
            else:
                text = "x509: certificate signed by unknown authority"
            return NetworkError(f"tls: failed to verify certificate: {text}", kind="tls")
        if isinstance(error, ConnectionRefusedError):
            return NetworkError(f"dial tcp 127.0.0.1:{self.port}: connect: connection refused")
        return NetworkError("EOF")

    async def thumbprint(self, host: str) -> str:
        """SHA-1 of the last certificate that our port serves to a client that asks for `host`: 40 hex digits."""
        if host != self.issuer_host:
            return await asyncio.to_thread(self._served_thumbprint, host)
        if not self._issuer_thumbprint:  # the certificates stay the same as long as the port is open
            self._issuer_thumbprint = await asyncio.to_thread(self._served_thumbprint, host)
        return self._issuer_thumbprint

    def _served_thumbprint(self, host: str) -> str:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        with socket.create_connection(("127.0.0.1", self.port), HANDSHAKE_SECONDS) as plain:
            connection = SSL.Connection(context, plain)
            connection.set_tlsext_host_name(host.encode("idna"))
            connection.set_connect_state()
            while True:
                try:
                    connection.do_handshake()
                    break
                except SSL.WantReadError as error:
                    if not wait_for_read(plain, HANDSHAKE_SECONDS):
                        raise TimeoutError from error
            chain = connection.get_peer_cert_chain(as_cryptography=True) or []
            der = chain[-1].public_bytes(Encoding.DER)
        return hashlib.sha1(der, usedforsecurity=False).hexdigest()

    def close(self) -> None:
        """Closes all kept connections."""
        for client in (*self._kept.values(), self._aws):
            client.close()
