"""TLS to our own port and to nothing else: the wires under `network`, shared by all worlds."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from urllib3.util import wait_for_read

from app.world.servers.pki import client_context

HANDSHAKE_SECONDS = 5.0
"""How long a look at the served certificates may take."""


class NetworkError(Exception):
    """No usable answer. The text is what Go's client says, as kube-apiserver and the kubelet are written in Go."""

    def __init__(self, text: str, *, kind: str = "refused") -> None:
        super().__init__(text)
        self.kind = kind
        """`refused`, `timeout`, `tls` or `answer`."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Loopback:
    """Connections to our own https port, shared by all worlds. Lives on the servers' loop."""

    def __init__(self, port: int, root_ca_pem: bytes, issuer_host: str) -> None:
        self.port = port
        self.root_ca_pem = root_ca_pem
        self.issuer_host = issuer_host
        self._context = client_context(root_ca_pem)
        self._issuer_thumbprint = ""
        # A kept connection has been verified for one host name: each name gets a client of its own.
        self._kept = {host: self._client(self._context) for host in ("127.0.0.1", "localhost", issuer_host)}

    def _client(self, context: ssl.SSLContext) -> httpx.AsyncClient:
        return httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False)

    async def request(
        self,
        method: str,
        url: httpx.URL,
        *,
        headers: Mapping[str, str],
        content: bytes,
        timeout: float,
        ca_bundle_pem: bytes | None = None,
    ) -> Answer:
        """Asks our own port for `url`. Trusts the world's root, or `ca_bundle_pem` alone. Raises `NetworkError`."""
        own_root = ca_bundle_pem is None or ca_bundle_pem.strip() == self.root_ca_pem.strip()
        try:
            async with asyncio.timeout(timeout):
                if own_root and url.host in self._kept:
                    return await self._send(self._kept[url.host], method, url, headers, content)
                context = self._context if own_root else client_context(ca_bundle_pem or b"")
                async with self._client(context) as client:
                    return await self._send(client, method, url, headers, content)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise NetworkError("context deadline exceeded", kind="timeout") from error
        except httpx.HTTPError as error:
            raise self._explain(error, url.host) from error

    async def _send(
        self, client: httpx.AsyncClient, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes
    ) -> Answer:
        request = client.build_request(
            method,
            f"https://127.0.0.1:{self.port}{url.raw_path.decode('ascii')}",
            headers={"Host": url.netloc.decode("ascii"), **headers},
            content=content,
            extensions={"sni_hostname": url.host, "timeout": httpx.Timeout(None).as_dict()},
        )
        response = await client.send(request)
        headers_out = tuple((name, value) for name, value in response.headers.multi_items())
        return Answer(status=response.status_code, headers=headers_out, body=response.content)

    def _explain(self, error: httpx.HTTPError, host: str) -> NetworkError:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                if "mismatch" in cause.verify_message or "not valid for" in cause.verify_message:
                    valid = f"127.0.0.1, localhost, {self.issuer_host}"
                    text = f"x509: certificate is valid for {valid}, not {host}"
                else:
                    text = "x509: certificate signed by unknown authority"
                return NetworkError(f"tls: failed to verify certificate: {text}", kind="tls")
            if isinstance(cause, ConnectionRefusedError):
                return NetworkError(f"dial tcp 127.0.0.1:{self.port}: connect: connection refused")
            cause = cause.__cause__ or cause.__context__
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

    async def close(self) -> None:
        """Closes all kept connections."""
        for client in self._kept.values():
            await client.aclose()
