"""The one way by which servers of the world reach each other: real TLS to our own port, and to nothing else.

Whatever host a URL names, the connection goes to the world's https port on loopback (no name is ever resolved), with
the URL's host in SNI and checked against the certificate. So an issuer that a learner types reaches nothing outside.
The developer, who sets the world up, asks by it as well, and asks the endpoint of AWS over HTTP.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Coroutine, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Any

from OpenSSL import SSL

from app.flow.model import Exchange, JsonValue
from app.flow.redaction import mask_headers, mask_text
from app.world.aws.issuer_client import IssuerUnreachable
from app.world.exchange_log import ExchangeLog
from app.world.servers.http_client import Answer
from app.world.servers.loopback import HTTPS_PORT, HttpsUrl, Loopback, NetworkError

FETCH_SECONDS = 5.0
"""How long STS and IAM wait for an issuer."""
EKS_WEBHOOK_URL = "https://127.0.0.1:23443/mutate"
"""Where EKS registers its webhook: an address in the control plane."""
RECORDED_BODY = 64 * 1024
"""Characters of a body that the log keeps."""
MASKED_BODY = 4 * RECORDED_BODY
"""Characters of a body in which secrets are looked for, which takes about 10 ms. Of a longer one the log keeps nothing:
a secret that was cut in two could no longer be recognized."""


class Network:
    """One world's view of the network: the same wires, its own log."""

    def __init__(self, loopback: Loopback, log: ExchangeLog) -> None:
        self._loopback = loopback
        self._log = log
        self.root_ca_pem = loopback.root_ca_pem
        self.aws_url = f"{loopback.aws_url}/"
        """The endpoint of AWS, which knows the account by the key that signs."""
        self.closed: set[str] = set()
        """Paths at which nothing listens for this world's servers: how a webhook is taken down."""
        self.webhook_url = ""
        """Where the API server finds the world's webhook under the URL by which EKS registers it."""
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
            return await self._loopback.thumbprint(HttpsUrl.parse(url).host)
        except NetworkError as error:
            raise IssuerUnreachable(error.kind) from error
        except (OSError, SSL.Error, UnicodeError) as error:
            raise IssuerUnreachable("tls") from error

    def trusted(self, url: str) -> bool:
        """Whether the host's certificate ends in AWS's library of root CAs: in this world, the EKS issuer's does."""
        try:
            return HttpsUrl.parse(url).host == self._loopback.issuer_host and not self.private_ca
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
            ca_bundle_pem=ca_bundle_pem,
            instead={EKS_WEBHOOK_URL: self.webhook_url},
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
        instead: Mapping[str, str] = MappingProxyType({}),
    ) -> Answer:
        """Sends one request and records the exchange, masked. Raises `NetworkError`.

        `pinned` sends any host's URL to our own port; otherwise the URL must name that port itself. `instead`: URLs
        without a query under which one of our own is reached.
        """
        sent = {"accept": "application/json", "user-agent": caller, **(headers or {})}
        if body:
            sent.setdefault("content-type", "application/json")

        async def send() -> Answer:
            address, mark, query = url.partition("?")
            target = self._reach(HttpsUrl.parse(f"{instead.get(address, address)}{mark}{query}"), pinned=pinned)
            return await self._loopback.request(
                method, target, headers=sent, content=body, timeout=timeout, ca_bundle_pem=ca_bundle_pem
            )

        return await self._recorded(send, method, url, sent, body, caller=caller, callee=callee)

    async def post_to_aws(
        self, *, caller: str, callee: str, timeout: float, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Sends one signed call to the endpoint of AWS and records the exchange, masked. Raises `NetworkError`."""

        async def send() -> Answer:
            return await self._loopback.post_to_aws(headers=headers, content=body, timeout=timeout)

        return await self._recorded(send, "POST", self.aws_url, headers, body, caller=caller, callee=callee)

    async def _recorded(
        self,
        send: Callable[[], Coroutine[Any, Any, Answer]],
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        *,
        caller: str,
        callee: str,
    ) -> Answer:
        started = time.perf_counter()
        answer: Answer | None = None
        failure = ""
        try:
            answer = await send()
            return answer
        except NetworkError as error:
            failure = str(error)
            raise
        except ValueError as error:
            failure = "unable to load root certificates: unable to parse bytes as PEM block"
            raise NetworkError(failure, kind="tls") from error
        finally:
            seconds = time.perf_counter() - started
            began = time.time() - seconds  # before the masking, which takes its time
            self._log.record(
                Exchange(
                    caller=caller,
                    callee=callee,
                    method=method,
                    url=url[:2048],
                    request_headers=mask_headers(headers.items()),
                    request_body=recorded(body.decode("utf-8", "replace")),
                    status=answer.status if answer else 0,
                    response_headers=mask_headers(answer.headers) if answer else (),
                    response_body=recorded(answer.body.decode("utf-8", "replace")) if answer else "",
                    seconds=seconds,
                    error=failure,
                    started=began,
                )
            )

    def _reach(self, url: HttpsUrl, *, pinned: bool) -> HttpsUrl:
        port = url.port or HTTPS_PORT
        own = self._loopback.port
        if url.path in self.closed or (pinned and port not in (HTTPS_PORT, own)):
            raise NetworkError(f"dial tcp {url.host}:{port}: connect: connection refused")
        if pinned or (url.host in ("127.0.0.1", "localhost") and port == own):
            return url
        if is_address(url.host) or url.host == "localhost":
            raise NetworkError(f"dial tcp {url.host}:{port}: connect: connection refused")
        raise NetworkError(f"dial tcp: lookup {url.host} on 10.100.0.10:53: no such host")


def is_address(host: str) -> bool:
    """Whether a host is written as an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def recorded(body: str) -> str:
    """What the log keeps of a body, masked."""
    return mask_text(body)[:RECORDED_BODY] if len(body) <= MASKED_BODY else "…"


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
            text = answer.body[:2048].decode("utf-8", "replace").strip()
            return f'an error on the server ("{text}") has prevented the request from succeeding'
        case _:
            return "the server rejected our request for an unknown reason"
