"""The AWS CLI inside a container: `aws s3 ls` and `aws sts get-caller-identity`, on botocore's own credential chain.

The chain is botocore's, provider by provider in its order, over the container's environment and files: so which
identity a Pod gets, and in which words it fails, is botocore's doing. Of the CLI (version 2) only its output, its error
prefix and its exit codes are ours: `awscli/errorhandler.py`, `awscli/argparser.py`, `customizations/s3/subcommands.py`.
Nothing of this process's own environment or configuration takes part, and no request leaves the world's AWS endpoint.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import botocore.session
from botocore import credentials as chain
from botocore.awsrequest import AWSPreparedRequest
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.credentials import Credentials
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ProfileNotFound,
)
from botocore.httpsession import URLLib3Session
from botocore.utils import ContainerMetadataFetcher, InstanceMetadataFetcher, InstanceMetadataRegionFetcher

from app.flow.model import Exchange
from app.flow.ports import Execution
from app.flow.redaction import MASK, mask_headers, mask_text
from app.world.container import Container

USAGE = (
    "aws [options] <command> <subcommand> [<subcommand> ...] [parameters]\n"
    "To see help text, you can run:\n\n  aws help\n  aws <command> help\n  aws <command> <subcommand> help\n"
)
HTTP_SECONDS = 5.0
"""How long a call waits to connect, and for an answer."""
METADATA_SECONDS = 1
"""botocore's default, with one attempt."""
RECORDED_BODY = 64 * 1024


class UsageError(Exception):
    """The CLI does not take these arguments."""


class AwsCli:
    """Runs `aws` for containers of one simulated AWS. Blocks; safe to call from several threads."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._lock = threading.Lock()
        """`create_client` is not thread-safe."""
        self._session = botocore.session.Session(
            session_vars={
                name: (None, None, None if name.endswith("_file") else default, convert)
                for name, (_, _, default, convert) in BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
            }
        )

    def run(
        self, arguments: list[str], container: Container, *, world_path: str, record: Callable[[Exchange], None]
    ) -> Execution:
        """`aws` with `arguments`, in a container. `record` gets every exchange of the Pod, secrets masked."""
        try:
            return _Run(self, container, world_path, record).execute(arguments)
        except Exception as error:  # the CLI's own last resort: whatever happens is one line and an exit code
            return _failure(error)

    def warm(self) -> None:
        """Loads what the first run would wait for: the service models."""
        for service in ("sts", "s3"):
            self.client(service, region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-")

    def client(self, service: str, **options: Any) -> Any:
        """A client of the world's endpoint."""
        config = Config(
            connect_timeout=HTTP_SECONDS,
            read_timeout=HTTP_SECONDS,
            proxies={},
            retries={"mode": "standard", "total_max_attempts": 3},
        ).merge(options.pop("config", Config()))
        with self._lock:
            return self._session.create_client(service, endpoint_url=self._endpoint_url, config=config, **options)

    def metadata_url(self, world_path: str, *, host_network: bool) -> str:
        """The instance metadata service as seen from the Pod's network or from the node's."""
        return f"{self._endpoint_url}/instance-metadata/{world_path}/{'host' if host_network else 'pod'}"


class _Run:
    """One run of the CLI."""

    def __init__(self, cli: AwsCli, container: Container, world_path: str, record: Callable[[Exchange], None]) -> None:
        self._cli = cli
        self._environment = container.environment
        self._files = container.files
        self._record = record
        self._metadata = _Metadata(cli.metadata_url(world_path, host_network=container.host_network), record)
        self._region: str | None = None

    def execute(self, arguments: list[str]) -> Execution:
        if profile := self._environment.get("AWS_PROFILE"):
            raise ProfileNotFound(profile=profile)
        match arguments:
            case ["s3", "ls"]:
                return self._list_buckets()
            case ["s3", "ls", path] if not path.startswith("-"):
                return self._list_objects(path.removeprefix("s3://"))
            case ["sts", "get-caller-identity"]:
                return self._caller_identity()
            case ["s3", "ls", *rest] | ["sts", "get-caller-identity", *rest]:
                raise UsageError(f"Unknown options: {', '.join(rest)}")
            case ["s3", subcommand, *_]:
                raise _invalid_choice("subcommand", subcommand)
            case ["sts", operation, *_]:
                raise _invalid_choice("operation", operation)
            case [command, *_] if command not in ("s3", "sts"):
                raise _invalid_choice("command", command)
        raise UsageError(f"the following arguments are required: command\n\nusage: {USAGE}")

    # (1) Who: botocore's chain over the container's environment and files.

    def _credentials(self) -> Credentials:
        metadata = InstanceMetadataFetcher(**self._metadata.options(self._environment))
        self._metadata.attach(metadata)
        providers: list[Any] = [
            chain.EnvProvider(environ=self._environment),
            _WebIdentityProvider(self._environment, self._open_token, self._unsigned_client),
            _ContainerProvider(self._environment, self._open_token),
            chain.InstanceMetadataProvider(iam_role_fetcher=metadata),
        ]
        found = chain.CredentialResolver(providers=providers).load_credentials()
        if found is None:
            raise NoCredentialsError
        return found

    def _open_token(self, path: str) -> str:
        with self._files.open(path) as file:
            return file.read()

    def _unsigned_client(self, service: str, config: Config) -> Any:
        return self._client(service, config=config, region_name=self._region_name())

    # (2) Where: the region by the CLI's rule, which asks the metadata service last.

    def _region_name(self) -> str | None:
        if self._region is None:
            named = self._environment.get("AWS_REGION") or self._environment.get("AWS_DEFAULT_REGION")
            self._region = named or self._instance_region() or ""
        return self._region or None

    def _instance_region(self) -> str | None:
        fetcher = InstanceMetadataRegionFetcher(**self._metadata.options(self._environment))
        self._metadata.attach(fetcher)
        region: str | None = fetcher.retrieve_region()
        return region

    # (3) What: the two commands.

    def _signed_client(self, service: str) -> Any:
        credentials = self._credentials().get_frozen_credentials()
        return self._client(
            service,
            region_name=self._region_name(),
            aws_access_key_id=credentials.access_key,
            aws_secret_access_key=credentials.secret_key,
            aws_session_token=credentials.token,
        )

    def _client(self, service: str, **options: Any) -> Any:
        if service == "sts" and options["region_name"] is None:
            raise NoRegionError
        client = self._cli.client(service, **options)
        _record_exchanges(client, service, self._record)
        return client

    def _list_buckets(self) -> Execution:
        answer = self._signed_client("s3").list_buckets()
        lines = [f"{bucket['CreationDate']:%Y-%m-%d %H:%M:%S} {bucket['Name']}\n" for bucket in answer["Buckets"]]
        return Execution(stdout="".join(lines), stderr="", exit_code=0)

    def _list_objects(self, path: str) -> Execution:
        if not path:
            return self._list_buckets()
        bucket, _, prefix = path.partition("/")
        pages = self._signed_client("s3").get_paginator("list_objects_v2")
        lines: list[str] = []
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
            for common in page.get("CommonPrefixes", []):
                lines.append(f"{'PRE':>30} {common['Prefix'].split('/')[-2]}/\n")
            for found in page.get("Contents", []):
                name = found["Key"].rpartition("/")[2]
                lines.append(f"{found['LastModified']:%Y-%m-%d %H:%M:%S} {found['Size']:>10} {name}\n")
        return Execution(stdout="".join(lines), stderr="", exit_code=0 if lines or not prefix else 1)

    def _caller_identity(self) -> Execution:
        answer = self._signed_client("sts").get_caller_identity()
        shown = {name: answer[name] for name in ("UserId", "Account", "Arn")}
        return Execution(stdout=json.dumps(shown, indent=4) + "\n", stderr="", exit_code=0)


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
    def send(self, request: AWSPreparedRequest) -> Any:
        raise ConnectTimeoutError(endpoint_url=request.url)


class _Metadata:
    """The wire to the instance metadata service."""

    def __init__(self, url: str, record: Callable[[Exchange], None]) -> None:
        self._url = url
        self._record = record
        self._http = URLLib3Session(timeout=METADATA_SECONDS, proxies={})

    def options(self, environment: Mapping[str, str]) -> dict[str, Any]:
        """For botocore's fetchers: ours is the address, theirs the protocol."""
        return {"base_url": self._url, "env": dict(environment), "timeout": METADATA_SECONDS, "num_attempts": 1}

    def attach(self, fetcher: Any) -> None:
        """Makes a fetcher use this wire, so that no proxy of this process's environment takes part."""
        fetcher._session = self

    def send(self, request: AWSPreparedRequest) -> Any:
        """Sends and records one request; a token or secret key in the answer is masked."""
        started = time.perf_counter()
        answer: Any = None
        failure = ""
        try:
            answer = self._http.send(request)
            return answer
        except Exception as error:
            failure = str(error)
            raise
        finally:
            body = answer.content if answer is not None else b""
            self._record(
                _exchange(
                    "instance-metadata",
                    request,
                    started,
                    status=answer.status_code if answer is not None else 0,
                    headers=answer.headers.items() if answer is not None else (),
                    body=MASK.encode() if request.url.endswith("/latest/api/token") and body else body,
                    failure=failure,
                )
            )


def _record_exchanges(client: Any, service: str, record: Callable[[Exchange], None]) -> None:
    """Records what a client sends and gets, by botocore's own events."""
    sent: list[tuple[AWSPreparedRequest, float]] = []

    def before(request: AWSPreparedRequest, **_: Any) -> None:
        sent.append((request, time.perf_counter()))

    def after(response_dict: Any = None, exception: Exception | None = None, **_: Any) -> None:
        request, started = sent.pop()
        answer = response_dict or {}
        record(
            _exchange(
                service,
                request,
                started,
                status=answer.get("status_code", 0),
                headers=answer.get("headers", {}).items(),
                body=answer.get("body", b""),
                failure=str(exception) if exception is not None else "",
            )
        )

    client.meta.events.register(f"before-send.{service}", before)
    client.meta.events.register(f"response-received.{service}", after)


def _exchange(
    callee: str,
    request: AWSPreparedRequest,
    started: float,
    *,
    status: int,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    failure: str,
) -> Exchange:
    sent = request.body if isinstance(request.body, bytes) else str(request.body or "").encode()
    return Exchange(
        caller="pod",
        callee=callee,
        method=str(request.method),
        url=str(request.url),
        request_headers=mask_headers((name, _text(value)) for name, value in request.headers.items()),
        request_body=mask_text(sent.decode("utf-8", "replace"))[:RECORDED_BODY],
        status=status,
        response_headers=mask_headers((name, _text(value)) for name, value in headers),
        response_body=mask_text(body.decode("utf-8", "replace"))[:RECORDED_BODY],
        seconds=time.perf_counter() - started,
        error=failure,
    )


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _invalid_choice(argument: str, value: str) -> UsageError:
    return UsageError(f"argument {argument}: Found invalid choice '{value}'\n\n\nusage: {USAGE}")


def _failure(error: Exception) -> Execution:
    """The CLI's words and exit code for an exception (`awscli/errorhandler.py`)."""
    match error:
        case UsageError() | ParamValidationError():
            text, code = f"An error occurred (ParamValidation): {error}", 252
        case NoRegionError():
            hint = 'You can also configure your region by running "aws configure".'
            text, code = f"An error occurred (NoRegion): {error} {hint}", 253
        case NoCredentialsError():
            hint = 'You can configure credentials by running "aws login".'
            text, code = f"An error occurred (NoCredentials): {error}. {hint}", 253
        case ClientError():
            text, code = str(error), 254
        case _:
            text, code = str(error), 255
    return Execution(stdout="", stderr=f"\naws: [ERROR]: {text}\n", exit_code=code)
