"""The AWS CLI inside a container: a few commands of `aws s3` and `aws sts`, on botocore's own credential chain.

Which identity a Pod gets, and in which words it fails, is botocore's doing (`credential_chain`). Of the CLI only its
command line and output (`aws_command`), its error prefix and its exit codes (`awscli/errorhandler.py`, version 2) are
ours. Nothing of this process's own environment or configuration takes part, and no request leaves the world's AWS
endpoint.
"""

from __future__ import annotations

import posixpath
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, cast

import botocore.session
from botocore import UNSIGNED, exceptions
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.credentials import Credentials
from botocore.utils import InstanceMetadataRegionFetcher

from app.flow.model import Exchange
from app.flow.ports import Execution
from app.world.node import aws_command, credential_chain, node_time
from app.world.node.aws_command import AssumeRole, GetCallerIdentity, ListBuckets, ListObjects, UsageError
from app.world.node.container import Container
from app.world.node.instance_metadata import InstanceMetadata
from app.world.node.pod_exchanges import exchange
from app.world.node.shared_config import SharedConfig
from app.world.node.surroundings import Surroundings

HTTP_SECONDS = 5.0
"""How long a call waits to connect, and for an answer."""
ATTEMPTS = 3
"""The CLI's default."""
CLIENT_LIMIT = 16
"""Clients that are kept."""


class AwsCli:
    """Runs `aws` for containers of one simulated AWS. Blocks; safe to call from several threads.

    Making a client costs botocore several milliseconds, so clients are kept by service and region. Whose credentials a
    call is signed with, and who is told of it, belongs to the thread that makes it.
    """

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        self._clients: OrderedDict[tuple[str, str | None, bool, bool], Any] = OrderedDict()
        """By service, region, whether requests are signed and whether they arrive; the longest unused first."""
        self._caller = _Caller()
        self._session = botocore.session.Session(
            session_vars={
                name: (None, None, None if name.endswith("_file") else default, convert)
                for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
            }
        )
        self._session.register_component("credential_provider", _CallersCredentials(self._caller))

    def run(self, arguments: list[str], container: Container, surroundings: Surroundings) -> Execution:
        """`aws` with `arguments`, in a container."""

        def record(exchange: Exchange) -> None:
            surroundings.record(replace(exchange, source=container.address))

        self._caller.record = record
        self._caller.surroundings = surroundings
        metadata = InstanceMetadata(
            f"{self._endpoint_url}/instance-metadata/{surroundings.world_path}/{container.network}", record
        )
        try:
            return _Run(self, container, metadata).execute(arguments)
        except Exception as error:  # the CLI's own last resort: whatever happens is one line and an exit code
            return _failure(error)
        finally:
            self._caller.credentials = None

    def warm(self) -> None:
        """Loads what the first run would wait for: the service models."""
        for service in ("sts", "s3"):
            self.client(service, "us-east-1")

    def client(self, service: str, region: str | None, credentials: Credentials | None = None) -> Any:
        """A client of the world's endpoint for calls of this thread; without credentials they are not signed.

        Raises `NoRegionError` where the service needs one.
        """
        if service == "sts" and region is None:
            raise exceptions.NoRegionError
        self._caller.credentials = credentials
        arrives = service not in self._caller.surroundings.unreachable
        key = (service, region, credentials is not None, arrives)
        with self._lock:  # `create_client` is not thread-safe, what it makes is
            client = self._clients.pop(key, None) or self._new_client(*key)
            self._clients[key] = client
            if len(self._clients) > CLIENT_LIMIT:
                self._clients.popitem(last=False)
        return client

    def _new_client(self, service: str, region: str | None, signed: bool, arrives: bool) -> Any:
        """Where nothing arrives the client has AWS's own endpoint, and gives up at once, before anything is sent.

        Under an empty region it has that too, and botocore refuses to make it: `https://s3..amazonaws.com`.
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


class _Caller(threading.local):
    """Who makes the calls of this thread."""

    credentials: Credentials | None = None
    surroundings = Surroundings()
    record: Callable[[Exchange], None]
    sent: tuple[Any, float]

    def signs(self, signature_version: Any = None, context: Any = None, **_: Any) -> str | None:
        """botocore's event `choose-signer`."""
        return node_time.signer(signature_version, context, self.surroundings.clock_skew)

    def sends(self, request: Any, **_: Any) -> None:
        """botocore's event `before-send`."""
        self.sent = (request, time.perf_counter())

    def received(self, service: str, response_dict: Any = None, exception: Exception | None = None, **_: Any) -> None:
        """botocore's event `response-received`."""
        request, started = self.sent
        if response_dict is None:
            self.record(exchange(service, request, started, error=str(exception)))
            return
        status, headers = response_dict["status_code"], response_dict["headers"].items()
        self.record(exchange(service, request, started, status=status, headers=headers, body=response_dict["body"]))


def _no_way_out(request: Any, **_: Any) -> None:
    """botocore's event `before-send`, where the request meets nobody: its connection times out."""
    raise exceptions.ConnectTimeoutError(endpoint_url=request.url)


class _CallersCredentials(Credentials):
    """Stands for the credentials of whichever thread signs; as the session's provider it finds these alone."""

    def __init__(self, caller: _Caller) -> None:
        super().__init__("-", "-")
        self._caller = caller

    def load_credentials(self) -> Credentials:
        """What botocore asks the session's provider for."""
        return self

    def get_frozen_credentials(self) -> Any:
        """What botocore asks for when it signs."""
        if self._caller.credentials is None:
            raise exceptions.NoCredentialsError
        return self._caller.credentials.get_frozen_credentials()


class _Run:
    """One run of the CLI."""

    def __init__(self, cli: AwsCli, container: Container, metadata: InstanceMetadata) -> None:
        self._cli = cli
        self._container = container
        self._environment = container.environment
        self._metadata = metadata

    def execute(self, arguments: list[str]) -> Execution:
        """Runs a command. Whatever it raises, `_failure` words."""
        options, arguments = aws_command.global_options(arguments)
        self._config = SharedConfig(self._container, options.profile)
        self._region_option = options.region
        match aws_command.parse(arguments, self._read):
            case ListBuckets():
                return _printed(aws_command.bucket_lines(self._signed_client("s3").list_buckets()))
            case ListObjects(bucket=bucket, prefix=prefix):
                pages = self._signed_client("s3").get_paginator("list_objects_v2")
                lines = aws_command.object_lines(pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"))
                return _printed(lines, exit_code=0 if lines or not prefix else 1)
            case GetCallerIdentity():
                return _printed(aws_command.json_text(self._signed_client("sts").get_caller_identity()))
            case AssumeRole(operation=operation, parameters=parameters):
                client = self._signed_client("sts") if operation == "assume_role" else self._client_for_web_identity()
                return _printed(aws_command.json_text(getattr(client, operation)(**parameters)))

    def _read(self, path: str) -> str:
        home = self._environment.get("HOME", "")
        path = home + path[1:] if path.startswith("~/") else path
        path = posixpath.join(self._container.working_directory, path)
        with self._container.files.open(path) as file:
            return file.read()

    def _client_of_chain(self, service: str, config: Config | None = None, **keys: str) -> Any:
        """`Session.create_client`, as far as botocore's chain uses it: with keys, or without a signature."""
        return self._cli.client(service, self._region, _credentials(**keys) if keys else None)

    def _client_for_web_identity(self) -> Any:
        """The call is not signed. The CLI looks for credentials all the same, and needs none."""
        self._credentials()
        return self._cli.client("sts", self._region)

    def _credentials(self) -> Credentials | None:
        return credential_chain.load(self._container, self._config, self._metadata, self._client_of_chain)

    def _signed_client(self, service: str) -> Any:
        credentials = self._credentials()
        self._cli.client(service, self._region, credentials)  # what is wrong with its endpoint is noticed first of all
        if credentials is None:
            raise exceptions.NoCredentialsError
        credentials.get_frozen_credentials()  # the exchange at STS comes first: its client is this thread's as well
        return self._cli.client(service, self._region, credentials)

    @cached_property
    def _region(self) -> str | None:
        """By the CLI's rule: the first that is written, be it empty. The metadata service is asked last."""
        written = (
            self._region_option,
            self._environment.get("AWS_REGION"),
            self._environment.get("AWS_DEFAULT_REGION"),
            self._config.profile.get("region"),
        )
        named = next((name for name in written if name is not None), None)
        if named is not None:
            return named
        fetcher = self._metadata.serve(InstanceMetadataRegionFetcher, self._environment)
        return fetcher.retrieve_region() if fetcher else None


def _credentials(aws_access_key_id: str, aws_secret_access_key: str, aws_session_token: str | None) -> Credentials:
    return Credentials(aws_access_key_id, aws_secret_access_key, aws_session_token)


def _printed(text: str, *, exit_code: int = 0) -> Execution:
    return Execution(stdout=text, stderr="", exit_code=exit_code)


def _failure(error: Exception) -> Execution:
    """The CLI's words and exit code for an exception (`awscli/errorhandler.py`)."""
    match error:
        case UsageError() | exceptions.ParamValidationError():
            text, code = f"An error occurred (ParamValidation): {error}", 252
        case exceptions.NoRegionError():
            hint = 'You can also configure your region by running "aws configure".'
            text, code = f"An error occurred (NoRegion): {error} {hint}", 253
        case exceptions.NoCredentialsError():
            hint = 'You can configure credentials by running "aws login".'
            text, code = f"An error occurred (NoCredentials): {error}. {hint}", 253
        case exceptions.ClientError():
            text, code = str(error), 254
        case _:
            text, code = str(error), 255
    return Execution(stdout="", stderr=f"\naws: [ERROR]: {text}\n", exit_code=code)
