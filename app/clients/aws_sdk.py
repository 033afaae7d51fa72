"""boto3 for the whole process: one Session and one client per service, region and endpoint.

A Session of its own would cost every learner 13 MB and 200 ms, a client 2 ms and 250 KB. So clients are
shared, and what differs between calls, the identity that signs and the recorder that listens, travels with
the call in a context variable. Profiles and the files under ~/.aws are not read here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials

from app.clients.recorder import Recorder, wire_headers

Service: TypeAlias = Literal["iam", "sts", "s3"]
SERVICES: tuple[Service, ...] = ("iam", "sts", "s3")
TIMEOUT = 10
"""Seconds to connect and between two reads."""

_CONFIG = Config(
    connect_timeout=TIMEOUT,
    read_timeout=TIMEOUT,
    retries={"total_max_attempts": 1, "mode": "standard"},
    max_pool_connections=32,
    proxies={},
    use_fips_endpoint=False,
    use_dualstack_endpoint=False,
    s3={"addressing_style": "path"},
)


@dataclass
class _Call:
    """What is particular to the call that this thread is making."""

    service: Service
    identity: Credentials
    recorder: Recorder
    request: Any = None
    started: float = 0.0
    answer: Mapping[str, Any] | None = None


_current: ContextVar[_Call] = ContextVar("call")


@contextmanager
def calling(service: Service, identity: Credentials, recorder: Recorder) -> Iterator[None]:
    """The call made within is signed by `identity` and written down by `recorder`."""
    token = _current.set(_Call(service, identity, recorder))
    try:
        yield
    finally:
        _current.reset(token)


class _CallersCredentials(Credentials):
    """The credentials that every client holds: those of whoever is calling."""

    def __init__(self) -> None:
        super().__init__("", "")

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return _current.get().identity.get_frozen_credentials()


class _Resolver:
    """Stands in for botocore's credential chain."""

    def load_credentials(self) -> Credentials:
        return _CallersCredentials()


class _Sdk:
    """The Session and its clients. `Session.client` is not thread-safe, so one thread at a time makes one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: boto3.Session | None = None
        self._clients: dict[tuple[Service, str, str | None], Any] = {}

    def client(self, service: Service, region: str, endpoint_url: str | None) -> Any:
        with self._lock:
            key = (service, region, endpoint_url)
            if key not in self._clients:
                self._session = self._session or _new_session()
                client: Any = self._session.client(
                    service, region_name=region, endpoint_url=endpoint_url, config=_CONFIG
                )
                events = client.meta.events
                events.register("before-send.*", _before_send)
                events.register("before-parse.*", _before_parse)
                events.register("response-received.*", _response_received)
                self._clients[key] = client
            return self._clients[key]


_sdk = _Sdk()


def client(service: Service, region: str, endpoint_url: str | None) -> Any:
    """The process' client; only to be called within `calling`."""
    return _sdk.client(service, region, endpoint_url)


def _new_session() -> boto3.Session:
    nowhere = (None, None, os.devnull, None)
    session = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": nowhere,
            "credentials_file": nowhere,
        }
    )
    session.register_component("credential_provider", _Resolver())
    return boto3.Session(botocore_session=session)


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


def _record(call: _Call, answer: Mapping[str, Any], error: str = "") -> None:
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
