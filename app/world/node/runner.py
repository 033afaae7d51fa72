"""The AWS CLI inside a container: `aws s3 ls` and `aws sts get-caller-identity`, on botocore's own credential chain.

The chain is botocore's, provider by provider in its order, over the container's environment and files: so which
identity a Pod gets, and in which words it fails, is botocore's doing. Of the CLI only its command line and output
(`aws_command`), its error prefix and its exit codes (`awscli/errorhandler.py`, version 2) are ours. Nothing of this
process's own environment or configuration takes part, and no request leaves the world's AWS endpoint.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

import botocore.session
from botocore import UNSIGNED, exceptions
from botocore import credentials as chain
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.credentials import Credentials
from botocore.httpsession import URLLib3Session
from botocore.utils import ContainerMetadataFetcher, InstanceMetadataFetcher, InstanceMetadataRegionFetcher

from app.flow.model import Exchange
from app.flow.ports import Execution
from app.world.node import aws_command
from app.world.node.aws_command import GetCallerIdentity, ListBuckets, ListObjects, UsageError
from app.world.node.container import Container
from app.world.node.pod_exchanges import exchange

HTTP_SECONDS = 5.0
"""How long a call waits to connect, and for an answer."""
METADATA_SECONDS = 1
"""botocore's default, with one attempt."""
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
        self._clients: OrderedDict[tuple[str, str | None, bool], Any] = OrderedDict()
        """By service, region, and whether requests are signed; the longest unused first."""
        self._caller = _Caller()
        self._session = botocore.session.Session(
            session_vars={
                name: (None, None, None if name.endswith("_file") else default, convert)
                for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
            }
        )
        self._session.register_component("credential_provider", _CallersCredentials(self._caller))

    def run(
        self, arguments: list[str], container: Container, *, world_path: str, record: Callable[[Exchange], None]
    ) -> Execution:
        """`aws` with `arguments`, in a container. `record` gets every exchange of the Pod, secrets masked."""
        self._caller.record = record
        metadata = _Metadata(f"{self._endpoint_url}/instance-metadata/{world_path}/{container.network}", record)
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
        key = (service, region, credentials is not None)
        with self._lock:  # `create_client` is not thread-safe, what it makes is
            client = self._clients.pop(key, None) or self._new_client(service, region, signed=key[2])
            self._clients[key] = client
            if len(self._clients) > CLIENT_LIMIT:
                self._clients.popitem(last=False)
        return client

    def _new_client(self, service: str, region: str | None, *, signed: bool) -> Any:
        config = Config(
            connect_timeout=HTTP_SECONDS,
            read_timeout=HTTP_SECONDS,
            proxies={},
            retries={"mode": "standard", "total_max_attempts": 3},
            signature_version=None if signed else UNSIGNED,
        )
        client: Any = self._session.create_client(
            cast(Any, service), region_name=region, endpoint_url=self._endpoint_url, config=config
        )
        client.meta.events.register(f"before-send.{service}", self._caller.sends)
        client.meta.events.register(f"response-received.{service}", partial(self._caller.received, service))
        return client


class _Caller(threading.local):
    """Who makes the calls of this thread."""

    credentials: Credentials | None = None
    record: Callable[[Exchange], None]
    sent: tuple[Any, float]

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

    def __init__(self, cli: AwsCli, container: Container, metadata: _Metadata) -> None:
        self._cli = cli
        self._environment, self._files = container.environment, container.files
        self._metadata = metadata
        self._region: str | None = None

    def execute(self, arguments: list[str]) -> Execution:
        """Runs a command. Whatever it raises, `_failure` words."""
        if profile := self._environment.get("AWS_PROFILE"):
            raise exceptions.ProfileNotFound(profile=profile)
        match aws_command.parse(arguments):
            case ListBuckets():
                return _printed(aws_command.bucket_lines(self._signed_client("s3").list_buckets()))
            case ListObjects(bucket=bucket, prefix=prefix):
                pages = self._signed_client("s3").get_paginator("list_objects_v2")
                lines = aws_command.object_lines(pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"))
                return _printed(lines, exit_code=0 if lines or not prefix else 1)
            case GetCallerIdentity():
                return _printed(aws_command.identity_text(self._signed_client("sts").get_caller_identity()))

    # (1) Who: botocore's chain over the container's environment and files.

    def _credentials(self) -> Credentials:
        metadata = self._metadata.serve(InstanceMetadataFetcher, self._environment)
        providers: list[Any] = [
            chain.EnvProvider(environ=self._environment),
            _WebIdentityProvider(self._environment, self._read, self._unsigned_client),
            _ContainerProvider(self._environment, self._read),
            chain.InstanceMetadataProvider(iam_role_fetcher=metadata),
        ]
        found = chain.CredentialResolver(providers=providers).load_credentials()
        if found is None:
            raise exceptions.NoCredentialsError
        return found

    def _read(self, path: str) -> str:
        with self._files.open(path) as file:
            return file.read()

    def _unsigned_client(self, service: str, config: Config) -> Any:
        return self._cli.client(service, self._region_name())

    # (2) Where: the region by the CLI's rule, which asks the metadata service last.

    def _region_name(self) -> str | None:
        if self._region is None:
            named = self._environment.get("AWS_REGION") or self._environment.get("AWS_DEFAULT_REGION")
            fetcher = None if named else self._metadata.serve(InstanceMetadataRegionFetcher, self._environment)
            self._region = named or (fetcher and fetcher.retrieve_region()) or ""
        return self._region or None

    def _signed_client(self, service: str) -> Any:
        credentials = self._credentials()
        credentials.get_frozen_credentials()  # the exchange at STS comes first: its client is this thread's as well
        return self._cli.client(service, self._region_name(), credentials)


class _WebIdentityProvider(chain.AssumeRoleWithWebIdentityProvider):
    """botocore's provider, reading the container's environment and files."""

    def __init__(
        self, environment: Mapping[str, str], read: Callable[[str], str], client_creator: Callable[..., Any]
    ) -> None:
        loader: Any = lambda path: lambda: read(path)  # noqa: E731
        super().__init__(
            load_config=lambda: {"profiles": {}},
            client_creator=client_creator,
            profile_name="default",
            token_loader_cls=loader,
        )
        self._environment = environment

    def _get_env_config(self, key: str) -> str | None:
        variable = "AWS_WEB_IDENTITY_TOKEN_FILE" if key == "web_identity_token_file" else f"AWS_{key.upper()}"
        return self._environment.get(variable)


class _ContainerProvider(chain.ContainerProvider):
    """botocore's provider. No EKS Pod Identity agent runs on this node: nobody answers, whatever the URL."""

    def __init__(self, environment: Mapping[str, str], read: Callable[[str], str]) -> None:
        fetcher: Any = ContainerMetadataFetcher(session=_NobodyThere(), sleep=lambda _: None)
        super().__init__(environ=environment, fetcher=fetcher)
        self._environment = environment
        self._read = read

    def _build_headers(self) -> dict[str, str] | None:
        path = self._environment.get(self.ENV_VAR_AUTH_TOKEN_FILE)
        token = self._read(path) if path is not None else self._environment.get(self.ENV_VAR_AUTH_TOKEN)
        if token is not None and ("\r" in token or "\n" in token):
            raise ValueError("Auth token value is not a legal header value")
        return {"Authorization": token} if token is not None else None


class _NobodyThere:
    def send(self, request: Any) -> Any:
        raise exceptions.ConnectTimeoutError(endpoint_url=request.url)


class _Metadata:
    """The wire to the instance metadata service. The address is ours, the protocol that of botocore's fetchers."""

    def __init__(self, url: str, record: Callable[[Exchange], None]) -> None:
        self._url = url
        self._record = record
        self._http = URLLib3Session(timeout=METADATA_SECONDS, proxies={})

    def serve(self, fetcher_class: Any, environment: Mapping[str, str]) -> Any:
        """A fetcher over this wire: it obeys the container's environment, and no proxy of this process's."""
        fetcher = fetcher_class(base_url=self._url, env=dict(environment), timeout=METADATA_SECONDS, num_attempts=1)
        fetcher._session = self
        return fetcher

    def send(self, request: Any) -> Any:
        """Sends and records one request."""
        started = time.perf_counter()
        try:
            answer = self._http.send(request)
        except Exception as error:
            self._record(exchange("instance-metadata", request, started, error=str(error)))
            raise
        status, headers, body = answer.status_code, answer.headers.items(), answer.content
        self._record(exchange("instance-metadata", request, started, status=status, headers=headers, body=body))
        return answer


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
