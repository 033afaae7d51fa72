"""The one way by which servers of the world reach each other: real TLS to our own port, and to nothing else.

Whatever host a URL names, the connection goes to the world's https port on loopback (no name is ever resolved), with
the URL's host in SNI and checked against the certificate. So an issuer that a learner types reaches nothing outside.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import select
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

import httpx
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from app.flow.model import Exchange, JsonValue
from app.flow.redaction import mask_headers, mask_text
from app.world.aws.account import IssuerUnreachable
from app.world.exchange_log import ExchangeLog
from app.world.pki import client_context

FETCH_SECONDS = 5.0
"""How long STS and IAM wait for an issuer."""
RECORDED_BODY = 64 * 1024
"""Characters of a body that the log keeps."""


class NetworkError(Exception):
    """No usable answer. The text is what Go's client says, as kube-apiserver and kubelet are written in Go."""

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
        with socket.create_connection(("127.0.0.1", self.port), FETCH_SECONDS) as plain:
            connection = SSL.Connection(context, plain)
            connection.set_tlsext_host_name(host.encode("idna"))
            connection.set_connect_state()
            while True:
                try:
                    connection.do_handshake()
                    break
                except SSL.WantReadError as error:
                    if not select.select([plain], [], [], FETCH_SECONDS)[0]:
                        raise TimeoutError from error
            chain = connection.get_peer_cert_chain(as_cryptography=True) or []
            der = chain[-1].public_bytes(Encoding.DER)
        return hashlib.sha1(der, usedforsecurity=False).hexdigest()

    async def close(self) -> None:
        """Closes all kept connections."""
        for client in self._kept.values():
            await client.aclose()


class Network:
    """One world's view of the network: the same wires, its own log."""

    def __init__(self, loopback: Loopback, log: ExchangeLog) -> None:
        self._loopback = loopback
        self._log = log
        self.root_ca_pem = loopback.root_ca_pem
        self.closed: set[str] = set()
        """Paths at which nobody listens for this world's servers: how a webhook is taken down."""
        self.private_ca = False
        """Whether the issuer's CA counts as outside AWS's library: then the provider's thumbprint decides."""

    # (1) What STS and IAM ask of an issuer

    async def get_json(self, url: str) -> JsonValue:
        """The JSON document at an issuer's URL. Raises `IssuerUnreachable`."""
        try:
            answer = await self.request("GET", url, caller="sts", callee="issuer", timeout=FETCH_SECONDS, pinned=True)
            if answer.status != 200:
                raise NetworkError(f"status {answer.status}", kind="answer")
            return json.loads(answer.body)
        except NetworkError as error:
            raise IssuerUnreachable(error.kind) from error
        except (ValueError, RecursionError) as error:
            raise IssuerUnreachable("answer") from error

    async def thumbprint(self, url: str) -> str:
        """SHA-1 of the last certificate served by the URL's host. Raises `IssuerUnreachable`."""
        try:
            return await self._loopback.thumbprint(_parse(url).host)
        except NetworkError as error:
            raise IssuerUnreachable(error.kind) from error
        except (OSError, SSL.Error, UnicodeError) as error:
            raise IssuerUnreachable("tls") from error

    def trusted(self, url: str) -> bool:
        """Whether the host's certificate ends in AWS's library of root CAs: in this world, the EKS issuer's does."""
        try:
            return _parse(url).host == self._loopback.issuer_host and not self.private_ca
        except NetworkError:
            return False

    # (2) What kube-apiserver asks of a webhook

    async def post_json(self, url: str, body: JsonValue, *, ca_bundle_pem: bytes, timeout: float) -> JsonValue:
        """Posts to an admission webhook and returns its JSON. Raises `NetworkError`.

        Only our own port is ever connected to: any other address is refused, any other name unknown.
        """
        answer = await self.request(
            "POST",
            url,
            caller="kube-apiserver",
            callee="pod-identity-webhook",
            timeout=timeout,
            body=json.dumps(body, separators=(",", ":")).encode(),
            ca_bundle_pem=ca_bundle_pem or None,
        )
        if not 200 <= answer.status < 300:
            raise NetworkError(_status_text(answer), kind="answer")
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise NetworkError(
                "couldn't get version/kind; json parse error: invalid character", kind="answer"
            ) from error

    # (3) Any request, recorded

    async def request(
        self,
        method: str,
        url: str,
        *,
        caller: str,
        callee: str,
        timeout: float,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        ca_bundle_pem: bytes | None = None,
        pinned: bool = False,
    ) -> Answer:
        """Sends one request and records the exchange, masked. Raises `NetworkError`.

        `pinned` sends any host's URL to our own port; otherwise the URL must name that port itself.
        """
        sent = {"accept": "application/json", "user-agent": caller, **(headers or {})}
        if body:
            sent["content-type"] = "application/json"
        started = time.perf_counter()
        answer: Answer | None = None
        failure = ""
        try:
            target = self._reach(_parse(url), pinned=pinned)
            answer = await self._loopback.request(
                method, target, headers=sent, content=body, timeout=timeout, ca_bundle_pem=ca_bundle_pem
            )
            return answer
        except NetworkError as error:
            failure = str(error)
            raise
        except ValueError as error:
            failure = "unable to load root certificates: unable to parse bytes as PEM block"
            raise NetworkError(failure, kind="tls") from error
        finally:
            self._log.record(
                Exchange(
                    caller=caller,
                    callee=callee,
                    method=method,
                    url=url[:2048],
                    request_headers=mask_headers(sent.items()),
                    request_body=_recorded(body),
                    status=answer.status if answer else 0,
                    response_headers=mask_headers(answer.headers) if answer else (),
                    response_body=_recorded(answer.body) if answer else "",
                    seconds=time.perf_counter() - started,
                    error=failure,
                )
            )

    def _reach(self, url: httpx.URL, *, pinned: bool) -> httpx.URL:
        port = url.port or 443
        own = self._loopback.port
        if url.path in self.closed or (pinned and port not in (443, own)):
            raise NetworkError(f"dial tcp {url.host}:{port}: connect: connection refused")
        if pinned or (url.host in ("127.0.0.1", "localhost") and port == own):
            return url
        if _is_address(url.host) or url.host == "localhost":
            raise NetworkError(f"dial tcp {url.host}:{port}: connect: connection refused")
        raise NetworkError(f"dial tcp: lookup {url.host} on 10.100.0.10:53: no such host")


def _parse(url: str) -> httpx.URL:
    """An https URL with a host. Raises `NetworkError`."""
    try:
        parsed = httpx.URL(url)
        if parsed.scheme != "https" or not parsed.host or len(url) > 8192:
            raise NetworkError(f'unsupported protocol scheme "{parsed.scheme}"')
        parsed.netloc.decode("ascii"), parsed.raw_path.decode("ascii")
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise NetworkError("invalid URL") from error
    return parsed


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _recorded(body: bytes) -> str:
    return mask_text(body.decode("utf-8", "replace"))[:RECORDED_BODY]


def _status_text(answer: Answer) -> str:
    """client-go's words for a status (apimachinery `NewGenericServerResponse`)."""
    match answer.status:
        case 404:
            return "the server could not find the requested resource"
        case 415:
            return "the server was unable to respond with a content type that the client supports"
        case 429:
            return "the server has received too many requests and has asked us to try again later"
        case 503:
            return "the server is currently unable to handle the request"
        case status if status >= 500:
            told = answer.body[:2048].decode("utf-8", "replace").strip()
            return f'an error on the server ("{told}") has prevented the request from succeeding'
        case _:
            return "the server rejected our request for an unknown reason"
