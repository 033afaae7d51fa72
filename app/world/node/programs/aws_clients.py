"""botocore's clients of the Pods' AWS CLI: shared by all worlds, each call signed and recorded for its caller."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

from botocore import UNSIGNED, exceptions
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.model import ServiceModel

from app.flow.model import Exchange
from app.service_models import session_alone
from app.world.node.pod_exchanges import exchange
from app.world.node.programs import node_time
from app.world.node.programs.program_limits import PROGRAM_SECONDS
from app.world.node.programs.surroundings import Surroundings

HTTP_SECONDS = 5.0
"""Seconds for which a call waits to connect, and for a response."""
ATTEMPTS = 3
"""How often a call is tried: the CLI's default."""
CLIENT_LIMIT = 16
"""How many clients are kept."""


class AwsClients:
    """Clients of one simulated AWS. Safe to use from several threads.

    Making a client takes botocore several milliseconds, so clients are kept by service and region. The credentials and
    the recorder of a call belong to the thread that makes the call, within `calling`.
    """

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._clients: OrderedDict[tuple[str, str | None, bool, bool], Any] = OrderedDict()
        """The clients by service, region, whether requests are signed and whether they arrive; the least recently used
        first."""
        self._models: dict[str, ServiceModel] = {}
        self._caller = _Caller()
        self._session = session_alone()
        self._session.register_component("credential_provider", _CallersCredentials(self._caller))

    @contextmanager
    def calling(self, surroundings: Surroundings, record: Callable[[Exchange], None]) -> Iterator[None]:
        """Inside, this thread's calls are made in `surroundings`; `record` gets each of them.

        Afterwards the thread refers to neither, because it waits for the next program, perhaps longer than this world
        exists.
        """
        self._caller.record = record
        self._caller.surroundings = surroundings
        self._caller.until = time.monotonic() + PROGRAM_SECONDS
        try:
            yield
        finally:
            vars(self._caller).clear()

    def client(self, service: str, region: str | None, credentials: Credentials | None = None) -> Any:
        """A client of the world's endpoint for calls of this thread; without credentials they are not signed.

        Raises `NoRegionError` where the service needs one.
        """
        if service == "sts" and region is None:
            raise exceptions.NoRegionError
        self._caller.credentials = credentials
        arrives = service not in self._caller.surroundings.unreachable
        key = (service, region, credentials is not None, arrives)
        with self._lock:  # `create_client` is not thread-safe, its clients are
            client = self._clients.pop(key, None) or self._new_client(*key)
            self._clients[key] = client
            if len(self._clients) > CLIENT_LIMIT:
                self._clients.popitem(last=False)
        return client

    def has_service(self, service: str) -> bool:
        """Whether AWS has a service of that name, by botocore."""
        with self._lock:
            return service in self._session.get_available_services()

    def service_model(self, service: str) -> ServiceModel:
        """botocore's description of a service."""
        with self._lock:
            if service not in self._models:
                self._models[service] = self._session.get_service_model(service)
            return self._models[service]

    def _new_client(self, service: str, region: str | None, signed: bool, arrives: bool) -> Any:
        """Makes a client. Where no request arrives, it has AWS's own endpoint, and gives up before anything is sent.

        With an empty region it has that endpoint too, and botocore refuses to make it: `https://s3..amazonaws.com`.
        """
        endpoint_url = self._endpoint_url if arrives and region != "" else None
        config = Config(
            connect_timeout=HTTP_SECONDS,
            read_timeout=HTTP_SECONDS,
            proxies={},
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS if arrives else 1},
            signature_version=None if signed else UNSIGNED,
        )
        client: Any = self._session.create_client(
            cast(Any, service), region_name=region, endpoint_url=endpoint_url, config=config
        )
        client.meta.events.register_first(f"choose-signer.{service}", self._caller.signs)
        client.meta.events.register(f"before-send.{service}", self._caller.sends)
        if not arrives:
            client.meta.events.register(f"before-send.{service}", _no_way_out)
        client.meta.events.register(f"response-received.{service}", partial(self._caller.received, service))
        return client


class GivenUp(Exception):
    """No one waits for this program any more."""


class _Caller(threading.local):
    """Who makes the calls of this thread."""

    credentials: Credentials | None = None
    surroundings = Surroundings()
    record: Callable[[Exchange], None]
    sent: tuple[Any, float]
    until: float
    """The time of `time.monotonic` after which no one waits for its program any more."""

    def signs(self, signature_version: Any = None, context: Any = None, **_: Any) -> str | None:
        """botocore's event `choose-signer`."""
        return node_time.signer(signature_version, context, self.surroundings.clock_skew)

    def sends(self, request: Any, **_: Any) -> None:
        """botocore's event `before-send`. A program that no one waits for ends here, so that others get its thread."""
        if time.monotonic() > self.until:
            raise GivenUp
        self.sent = (request, time.perf_counter())

    def received(self, service: str, response_dict: Any = None, exception: Exception | None = None, **_: Any) -> None:
        """botocore's event `response-received`."""
        if isinstance(exception, GivenUp):
            return  # nothing was sent
        request, started = self.sent
        if response_dict is None:
            self.record(exchange(service, request, started, error=str(exception)))
            return
        status, headers = response_dict["status_code"], response_dict["headers"].items()
        body = response_dict["body"]
        body = body if isinstance(body, bytes) else b""  # a streamed body is an object of S3, whose reader gets it
        self.record(exchange(service, request, started, status=status, headers=headers, body=body))


def _no_way_out(request: Any, **_: Any) -> None:
    """botocore's event `before-send`, where no one answers the request: its connection times out."""
    raise exceptions.ConnectTimeoutError(endpoint_url=request.url)


class _CallersCredentials(Credentials):
    """The credentials of whichever thread signs. As the provider of botocore's session this class finds only these."""

    def __init__(self, caller: _Caller) -> None:
        super().__init__("-", "-")
        self._caller = caller

    def load_credentials(self) -> Credentials:
        """Called by botocore's session to find credentials."""
        return self

    def get_frozen_credentials(self) -> Any:
        """Called by botocore when it signs."""
        if self._caller.credentials is None:
            raise exceptions.NoCredentialsError
        return self._caller.credentials.get_frozen_credentials()
