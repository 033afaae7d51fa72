"""The servers that a Pod's `curl` reaches: instance metadata, AWS, the issuer, the cluster's API server. There are no
others."""

from __future__ import annotations

import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore import exceptions
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session
from urllib3.util import parse_url

from app.addresses import is_loopback
from app.world.node.container import Container
from app.world.node.pod_exchanges import exchange
from app.world.node.programs.instance_metadata import METADATA_SECONDS
from app.world.node.programs.surroundings import Surroundings
from app.world.node.shell.process import HttpRequest, HttpResponse, NoAnswer
from app.world.servers.loopback import NetworkError
from app.world.servers.network import is_address

if TYPE_CHECKING:
    from app.world.world import World

METADATA = "169.254.169.254"
API_SERVERS = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local")
SECONDS = 5
_SERVICES = ("sts", "s3", "iam")
_WEBSITE_OF = ("sts", "iam")
"""The services that send a reader to their website where a request names no action."""
_OF_THE_CONNECTION = ("content-length", "host", "connection", "proxy-connection", "transfer-encoding", "upgrade")
"""Headers that a program does not decide about, because all worlds share the connections."""
_TEXT = re.compile(r"[!-~]{1,4096}")
_METHOD = re.compile(r"[A-Za-z]{1,16}")


@dataclass(frozen=True, kw_only=True)
class Wire:
    """The network and the services that a Pod's requests use."""

    world: World
    container: Container
    surroundings: Surroundings
    aws_url: str
    blocking: Callable[[Callable[[], HttpResponse | NoAnswer]], Awaitable[HttpResponse | NoAnswer | None]]
    """Does work in one of the threads of Pods' programs; None where it does not end in time."""
    turn: Callable[[], AbstractAsyncContextManager[None]]
    """Inside, a request may be under way over the connections that all worlds share."""

    async def fetch(self, request: HttpRequest) -> HttpResponse:
        """Sends one request. Raises `NoAnswer`, with curl's exit status and words."""
        try:
            url = urlsplit(request.url)
            port = url.port or (443 if url.scheme == "https" else 80)
            sent = parse_url(request.url)
        except ValueError:
            raise NoAnswer(3, "URL rejected: Malformed input to a URL function") from None
        target = sent.request_uri  # without dot segments, as curl sends it
        host = (url.hostname or "").lower()
        # The route follows `sent`: of an address with a backslash another parser reads another host.
        is_one = (sent.host or "").strip("[]").lower() == host
        if url.scheme not in ("http", "https"):
            raise NoAnswer(1, f'Protocol "{url.scheme}" not supported')
        if not host or not is_one or not _TEXT.fullmatch(request.url) or not _METHOD.fullmatch(request.method):
            raise NoAnswer(3, "URL rejected: Malformed input to a URL function")
        if host == METADATA and url.scheme == "http" and port == 80:
            address = (
                f"{self.aws_url}/instance-metadata/{self.surroundings.world_path}/{self.container.network}{target}"
            )
            return await self._to_aws(request, address, "instance-metadata", METADATA_SECONDS)
        if url.scheme == "https" and port == 443 and host == urlsplit(self.world.issuer).hostname:
            return await self._by_network(request, request.url, "issuer", pinned=True)
        if url.scheme == "https" and port == 443 and self._is_api_server(host):
            if request.ca is None and not request.insecure:
                raise NoAnswer(60, "SSL certificate problem: unable to get local issuer certificate")
            return await self._by_network(request, f"{self.world.api_url}{target}", "kube-apiserver", pinned=False)
        service = _service(host)
        if service and service not in self.surroundings.unreachable:
            if service in _WEBSITE_OF and request.method in ("GET", "HEAD") and not url.query:
                return self._to_website(request, service)
            bucket = f"/{host.partition('.')[0]}" if service == "s3" and not host.startswith("s3.") else ""
            return await self._to_aws(request, f"{self.aws_url}{bucket}{target}", service, SECONDS)
        if is_loopback(host) or host in (self._own_name, self.container.address):
            # In a Pod nothing listens.
            raise NoAnswer(7, f"Failed to connect to {host} port {port} after 0 ms: Couldn't connect to server")
        if service or is_address(host):
            raise _not_connected(request, host, port)
        raise NoAnswer(6, f"Could not resolve host: {host}")

    @property
    def _own_name(self) -> str:
        return self.container.environment.get("HOSTNAME", "localhost")

    def _is_api_server(self, host: str) -> bool:
        return host in API_SERVERS or host == self.container.environment.get("KUBERNETES_SERVICE_HOST")

    async def _to_aws(self, request: HttpRequest, url: str, callee: str, seconds: int) -> HttpResponse:
        """Sends a request to the endpoint that stands for all of AWS here, and records it as the Pod's."""
        headers = {name: value for name, value in request.headers if name.lower() not in ("host", "content-length")}
        prepared = AWSRequest(method=request.method, url=url, headers=headers, data=request.body or None).prepare()
        started = time.perf_counter()

        record = partial(self._record, callee, prepared, started)

        def send() -> HttpResponse | NoAnswer:
            try:
                waits = min(seconds, request.seconds or seconds)
                answer = URLLib3Session(timeout=waits, proxies={}).send(prepared)  # type: ignore[arg-type]  # it takes any number
            except exceptions.HTTPClientError as error:
                record(error=str(error))
                return _too_late(request, seconds)
            record(status=answer.status_code, headers=answer.headers.items(), body=answer.content)
            return HttpResponse(
                status=answer.status_code,
                reason=_reason(answer.status_code),
                headers=tuple((str(name), str(value)) for name, value in answer.headers.items()),
                body=answer.content,
            )

        found = await self.blocking(send)
        if isinstance(found, HttpResponse):
            return found
        raise found or _too_late(request, seconds)

    def _to_website(self, request: HttpRequest, service: str) -> HttpResponse:
        """What operators see who only try whether they reach STS (https://github.com/aws/aws-sdk-js-v3/issues/3051)."""
        headers = (("Location", "https://aws.amazon.com/iam"), ("Content-Length", "0"))
        prepared = AWSRequest(method=request.method, url=request.url, headers=dict(request.headers)).prepare()
        self._record(service, prepared, time.perf_counter(), status=302, headers=headers)
        return HttpResponse(status=302, reason=_reason(302), headers=headers, body=b"")

    def _record(self, callee: str, prepared: Any, started: float, **found: Any) -> None:
        made = exchange(callee, prepared, started, **found)
        self.surroundings.record(replace(made, source=self.container.address))

    async def _by_network(self, request: HttpRequest, url: str, callee: str, *, pinned: bool) -> HttpResponse:
        headers = {name.lower(): value for name, value in request.headers if name.lower() not in _OF_THE_CONNECTION}
        try:
            async with self.turn():
                answer = await self.world.network.request(
                    request.method,
                    url,
                    caller="pod",
                    callee=callee,
                    timeout=min(SECONDS, request.seconds or SECONDS),
                    headers=headers,
                    body=request.body,
                    ca_bundle_pem=request.ca,
                    pinned=pinned,
                )
        except NetworkError as error:
            if error.kind == "timeout":
                raise _too_late(request, SECONDS) from None
            if error.kind == "answer":
                raise NoAnswer(63, "Maximum file size exceeded", sent=True) from None
            raise NoAnswer(60 if error.kind == "tls" else 7, f"{error}") from None
        return HttpResponse(
            status=answer.status, reason=_reason(answer.status), headers=answer.headers, body=answer.body
        )


def _too_late(request: HttpRequest, seconds: float) -> NoAnswer:
    """No response came. The world waits for no longer than `seconds`, and says that it has waited as it was asked."""
    waited = request.seconds or seconds
    words = f"Operation timed out after {waited * 1000:.0f} milliseconds with 0 bytes received"
    return NoAnswer(28, words, sent=True, seconds=waited)


def _not_connected(request: HttpRequest, host: str, port: int) -> NoAnswer:
    """No connection came about. The world does not wait for one."""
    given = [seconds for seconds in (request.seconds, request.connect_seconds) if seconds]
    if given:
        words = f"Connection timed out after {min(given) * 1000:.0f} milliseconds"
        return NoAnswer(28, words, seconds=min(given))
    words = f"Failed to connect to {host} port {port} after {SECONDS * 1000:.0f} ms: Timeout was reached"
    return NoAnswer(28, words, seconds=SECONDS)


def _service(host: str) -> str:
    """The AWS service of a host; empty where it is none of this world's."""
    if not host.endswith(".amazonaws.com"):
        return ""
    labels = host.removesuffix(".amazonaws.com").split(".")
    return next((service for service in _SERVICES if service in labels[:2]), "")


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
