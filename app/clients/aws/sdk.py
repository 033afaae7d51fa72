"""boto3's Session and its clients, one per service, region and endpoint, with every call written down.

A Session of its own would cost every learner 13 MB and 200 ms, a client 2 ms and 250 KB. So clients are
shared, and what differs between calls, the identity that signs and the recorder that listens, travels with
the call in a context variable. The process' own Session, `shared`, reads neither profiles nor the files under
~/.aws; `app.clients.aws.login` makes one that does.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal, TypeAlias
from urllib.parse import urlencode

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials
from botocore.utils import parse_timestamp

from app import service_models
from app.clients.aws.bounds import bound
from app.clients.bounds import CONNECT_SECONDS, READ_SECONDS
from app.clients.errors import is_throttling
from app.clients.recorder import Recorder, wire_headers
from app.flow.names import APPLICATION_ID

Service: TypeAlias = Literal["iam", "sts", "s3", "cloudtrail", "eks"]
SERVICES: tuple[Service, ...] = ("iam", "sts", "s3")
"""The services that every walk asks."""
LIMITS = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    retries={"total_max_attempts": 1, "mode": "standard"},
    max_pool_connections=32,
    defaults_mode="legacy",  # type: ignore[arg-type]  # the stubs say bool
    user_agent_appid=APPLICATION_ID,  # type: ignore[call-arg]  # the stubs lack it
)
"""Nothing is asked twice.

A throttled call is not repeated either, though botocore would: it says nothing about the chain, and is reported as
`ServerFailed`. A person who tries again later helps the server more than we would within the seconds of a walk. A
survey asks so much that it may itself be the cause, and does repeat it (`Sdk`).
`AWS_DEFAULTS_MODE` does not count: `auto` makes botocore ask instance metadata whenever it makes a client. Every
request names the app, so that CloudTrail's record of it can be distinguished from those of a Pod.
"""

RETRY_SECONDS = 0.5
"""The longest first wait of a throttled request. With the second one it is less than a question may take."""

_ALONE = LIMITS.merge(
    Config(
        proxies={},
        use_fips_endpoint=False,
        use_dualstack_endpoint=False,
        s3={"addressing_style": "path"},
    )
)
"""Whatever the environment says."""


@dataclass
class Call:
    """One call of this thread: who signs it, who records it, and what was sent and received last."""

    service: Service
    identity: Credentials
    recorder: Recorder
    request: Any = None
    started: float = 0.0
    answer: Mapping[str, Any] | None = None

    @property
    def status(self) -> int:
        """The HTTP status of the answer; 0 where there is none."""
        return int((self.answer or {}).get("status_code", 0))


_current: ContextVar[Call] = ContextVar("call")


@contextmanager
def calling(service: Service, identity: Credentials, recorder: Recorder) -> Iterator[Call]:
    """The call made within is signed by `identity` and written down by `recorder`."""
    call = Call(service, identity, recorder)
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)


class _Caller(Credentials):
    """The credentials that every client holds: those of the present caller."""

    def __init__(self) -> None:
        super().__init__("", "")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return _current.get().identity.get_frozen_credentials()


class CallersCredentials:
    """Stands in for botocore's credential chain: each call is signed with its caller's identity."""

    def load_credentials(self) -> Credentials:
        return _Caller()


class _Bounded:
    """A base class of every client of a Session, which bounds the client's connections (`app.clients.aws.bounds`)."""

    def __init__(self, **parts: Any) -> None:
        bound(parts["endpoint"].http_session, parts["endpoint"].host)
        super().__init__(**parts)


def bounded(session: botocore.session.Session) -> botocore.session.Session:
    """The Session, whose clients and those of its credential providers have bounded connections.

    By the event that boto3's guide to extending it names; botocore has no setting for its connections' classes. Times
    are read by Python itself, as the AWS CLI has them read by another function than botocore's.
    """
    session.register("creating-client-class", _creating_client_class)
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_time)
    return session


def _time(text: Any) -> datetime:
    """A time of an answer: RFC 3339 and Unix seconds in a tenth of the time that botocore needs, anything else as
    botocore reads it."""
    with suppress(ValueError, OverflowError, OSError):
        if isinstance(text, str) and text.endswith("Z") and "T" in text:
            return datetime.fromisoformat(text)
        if isinstance(text, int | float):
            return datetime.fromtimestamp(text, UTC)
    return parse_timestamp(text)


def _creating_client_class(**event: Any) -> None:
    event["base_classes"].insert(0, _Bounded)


class Sdk:
    """A Session and its clients. `Session.client` is not thread-safe, so one thread at a time makes one."""

    def __init__(self, session: Callable[[], boto3.Session], config: Config, *, attempts: int = 1) -> None:
        """`session` is called when the first client is wanted. `attempts`: how often a throttled request is sent."""
        self._attempts = attempts
        self._make_session = session
        self._config = config
        self._lock = threading.Lock()
        self._session: boto3.Session | None = None
        self._clients: dict[tuple[Service, str, str | None], Any] = {}

    def client(self, service: Service, region: str, endpoint_url: str | None) -> Any:
        """The client; only to be called within `calling`. An empty region is whatever the Session has."""
        with self._lock:
            key = (service, region, endpoint_url)
            if key not in self._clients:
                self._session = self._session or self._make_session()
                client: Any = self._session.client(
                    service, region_name=region or None, endpoint_url=endpoint_url, config=self._config
                )
                events = client.meta.events
                events.register("before-call.*", _before_call)
                events.register("before-send.*", _before_send)
                events.register("before-parse.*", _before_parse)
                events.register("response-received.*", _response_received)
                events.register("needs-retry.*", self._retry)
                self._clients[key] = client
            return self._clients[key]

    def _retry(self, response: Any, attempts: int, **_: Any) -> float | None:
        """Seconds until botocore sends the request again; None where it does not. Nothing but throttling is repeated.

        The wait is drawn from an interval that doubles, as in botocore's own modes, which repeat more than that.
        """
        code = response[1].get("Error", {}).get("Code", "") if response else ""
        if attempts >= self._attempts or not is_throttling(code):
            return None
        return random.uniform(0, RETRY_SECONDS * 2 ** (attempts - 1))  # noqa: S311 - spreads requests, no secret


def session_alone() -> boto3.Session:
    """A Session that knows no profile, no file, no variable and no credentials."""
    session = service_models.session_alone()
    session.register_component("credential_provider", CallersCredentials())
    return boto3.Session(botocore_session=bounded(session))


shared = Sdk(session_alone, _ALONE)
"""The process' own."""


@cache
def known_regions() -> frozenset[str]:
    """The regions of all partitions in botocore's endpoint data, and what else it takes for one, such as `aws-global`.

    Asks no server.
    """
    session = session_alone()
    found = (
        session.get_available_regions(service, partition, allow_non_regional=True)
        for service in ("sts", "s3")
        for partition in session.get_available_partitions()
    )
    return frozenset(region for regions in found for region in regions)


def _before_call(params: dict[str, Any], **_: Any) -> None:
    """A form is written once: left as a dictionary, botocore writes it to sign it, and again to send it."""
    if isinstance(params["body"], dict):
        params["body"] = urlencode(params["body"], doseq=True)


def _before_send(request: Any, **_: Any) -> None:
    call = _current.get()
    call.request, call.started, call.answer = request, time.perf_counter(), None


def _before_parse(response_dict: Mapping[str, Any], **_: Any) -> None:
    """An answer is written down before botocore reads it: it may be unreadable."""
    _record(_current.get(), response_dict)


def _response_received(exception: Exception | None, **_: Any) -> None:
    call = _current.get()
    if exception is not None and call.answer is None and call.request is not None:
        _record(call, {}, error=str(exception))


def _record(call: Call, answer: Mapping[str, Any], error: str = "") -> None:
    call.answer = answer
    request = call.request
    sent = {name: _text(value) for name, value in request.headers.items()}
    call.recorder.record(
        callee=call.service,
        method=request.method,
        url=request.url,
        seconds=time.perf_counter() - call.started,
        request_headers=wire_headers(request.url, sent),
        request_body=request.body,
        status=answer.get("status_code", 0),
        response_headers=[(name, _text(value)) for name, value in answer.get("headers", {}).items()],
        response_body=answer.get("body"),
        error=error,
    )


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
