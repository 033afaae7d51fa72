"""The AWS CLI inside a container: `aws s3`, `configure list` and all operations of a few services.

Which identity a Pod gets, and in which words it fails, is botocore's doing (`credential_chain`). Of the CLI only its
command line and output (`aws_command`, `aws_cli`), its error prefix and its exit codes (`awscli/errorhandler.py`,
version 2) are ours. Nothing of this process's own environment or configuration takes part, and no request leaves the
world's AWS endpoint (`aws_clients`).
"""

from __future__ import annotations

import posixpath
import traceback
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import botocore
from botocore import exceptions
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.utils import InstanceMetadataRegionFetcher

from app.flow.model import Exchange
from app.flow.ports import Execution
from app.serving.logs import record_error
from app.world.node.container import Container, lists_with_colons, version_of
from app.world.node.programs import aws_command, credential_chain
from app.world.node.programs.aws_cli.configure import listing
from app.world.node.programs.aws_cli.operations import SERVICES, Operation
from app.world.node.programs.aws_cli.operations import operation as parse_operation
from app.world.node.programs.aws_cli.output import plain, query, text_of
from app.world.node.programs.aws_cli.s3_options import S3Command, bucket_and_key, bucket_lines, object_lines, s3_command
from app.world.node.programs.aws_cli.s3_transfers import Missing, S3Transfers
from app.world.node.programs.aws_cli.usage_errors import (
    USAGE,
    InvalidValue,
    UsageError,
    invalid_choice,
    not_simulated,
)
from app.world.node.programs.aws_clients import AwsClients, GivenUp
from app.world.node.programs.instance_metadata import InstanceMetadata
from app.world.node.programs.shared_config import SharedConfig
from app.world.node.programs.surroundings import Surroundings

_OWN_COMMANDS = ("configservice", "ddb", "deploy", "help", "history")
"""Commands of the CLI whose names are no services of botocore's (AWS CLI command reference, "Available services")."""


_APP = Path(__file__).resolve().parents[3]
_LIBRARIES = Path(botocore.__file__).parents[1]
"""botocore, and what it uses."""


class AwsCli:
    """Runs `aws` for containers of one simulated AWS. Blocks; safe to call from several threads."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self._clients = AwsClients(endpoint_url)

    def run(self, arguments: list[str], container: Container, surroundings: Surroundings, stdin: str = "") -> Execution:
        """Runs `aws` with `arguments`, in a container. `stdin`: its standard input, for `s3 cp -`."""

        def record(exchange: Exchange) -> None:
            surroundings.record(replace(exchange, source=container.address))

        metadata = InstanceMetadata(
            f"{self.endpoint_url}/instance-metadata/{surroundings.world_path}/{container.network}", record
        )
        with self._clients.calling(surroundings, record):
            try:
                return _Run(self._clients, container, metadata, stdin).execute(arguments)
            except Exception as error:  # as in the CLI, any other error becomes one line and an exit code
                return _failure(error, container.image)

    def warm(self) -> None:
        """Loads the service models, for which the first run would have to wait."""
        for service in ("sts", "s3"):
            self._clients.client(service, "us-east-1")


class _Run:
    """One run of the CLI."""

    def __init__(self, clients: AwsClients, container: Container, metadata: InstanceMetadata, stdin: str) -> None:
        self._clients = clients
        self._stdin = stdin
        self._container = container
        self._environment = container.environment
        self._metadata = metadata

    def execute(self, arguments: list[str]) -> Execution:
        """Runs a command. `_failure` turns what it raises into a message."""
        self._options, arguments = aws_command.global_options(arguments)
        if self._options.version:
            return _printed(f"{_version(self._container.image)}\n")
        self._config = SharedConfig(self._container, self._options.profile)
        match arguments:
            case ["s3", _, *_]:
                return self._s3(s3_command(arguments[1:]))
            case ["configure", "list"]:
                return _printed(self._configuration())
            case ["configure", *_]:
                raise UsageError("of `aws configure` this simulated CLI has `list` alone")
            case [command, operation, *rest] if command in SERVICES:
                model = self._clients.service_model(SERVICES[command])
                return self._call(parse_operation(SERVICES[command], operation, rest, model, self._read))
            case [command, *_] if command != "s3" and command not in SERVICES:
                left_out = command in _OWN_COMMANDS or self._clients.has_service(command)
                raise not_simulated(command) if left_out else invalid_choice("command", command)
        raise UsageError(f"the following arguments are required: command\n\nusage: {USAGE}")

    def _s3(self, command: S3Command) -> Execution:
        client = self._signed_client("s3")
        if command.name != "ls":
            try:
                return S3Transfers(client, self._container, command, self._stdin).run()
            except exceptions.ClientError as error:
                return Execution(stdout="", stderr=f"fatal error: {error}\n", exit_code=1)
        bucket, prefix = bucket_and_key(command.paths[0])
        if not bucket:
            return _printed(bucket_lines(client.list_buckets()))
        more = {} if "recursive" in command else {"Delimiter": "/"}
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, **more)
        lines = object_lines(pages, command)
        return _printed(lines, exit_code=0 if lines or not prefix else 1)

    def _configuration(self) -> str:
        return listing(
            self._environment,
            self._config.config_file,
            self._config.profile,
            profile_option=self._options.profile,
            credentials=self._credentials(),
            region=self._region,
            colons=lists_with_colons(self._container.image),
        )

    def _call(self, call: Operation) -> Execution:
        """Calls an operation, and prints its answer in the format that was asked for."""
        unsigned = call.title == "AssumeRoleWithWebIdentity"
        search = query(self._options.query)
        client = self._client_for_web_identity() if unsigned else self._signed_client(call.service)
        output = (
            self._options.output or self._environment.get("AWS_DEFAULT_OUTPUT") or self._config.profile.get("output")
        )
        output = str(output or "json")
        answers: list[Any]
        if client.can_paginate(call.method) and not self._options.no_paginate:
            pages = client.get_paginator(call.method).paginate(**call.parameters, PaginationConfig=dict(call.pages))
            answers = _pages(pages) if output == "text" else [pages.build_full_result()]
        else:
            answers = [getattr(client, call.method)(**call.parameters)]
        for answer in answers:
            if call.outfile:
                self._container.files.write(self._path(call.outfile), answer.pop("Body").read())
        texts = [text_of(search(plain(answer)), output, call.title) for answer in answers]
        return _printed("".join(texts))

    def _path(self, path: str) -> str:
        home = self._environment.get("HOME", "")
        path = home + path[1:] if path.startswith("~/") else path
        return posixpath.join(self._container.working_directory, path)

    def _read(self, path: str) -> bytes:
        return self._container.files.read(self._path(path))

    def _client_of_chain(self, service: str, config: Config | None = None, **keys: str) -> Any:
        """`Session.create_client`, as far as botocore's chain uses it: with keys, or without a signature."""
        return self._clients.client(service, self._region, _credentials(**keys) if keys else None)

    def _client_for_web_identity(self) -> Any:
        """A client for a call that is not signed. The CLI looks for credentials even so, and needs none."""
        self._credentials()
        return self._clients.client("sts", self._region)

    def _credentials(self) -> Credentials | None:
        return credential_chain.load(self._container, self._config, self._metadata, self._client_of_chain)

    def _signed_client(self, service: str) -> Any:
        credentials = self._credentials()
        # A wrong endpoint is noticed first, whether or not there are credentials.
        self._clients.client(service, self._region, credentials)
        if credentials is None:
            raise exceptions.NoCredentialsError
        credentials.get_frozen_credentials()  # the request to STS comes first: its client is this thread's as well
        return self._clients.client(service, self._region, credentials)

    @cached_property
    def _region(self) -> str | None:
        """The region by the CLI's rule: the first setting, even if it is empty. The metadata service is asked last."""
        written = (
            self._options.region,
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


def _pages(pages: Any) -> list[Any]:
    """A paged answer as `--output text` prints it: page by page; what belongs to all pages is printed with the first
    one."""
    found: list[Any] = []
    for number, page in enumerate(pages):
        kept: dict[str, Any] = {} if number else dict(pages.non_aggregate_part)
        for key in pages.result_keys:
            *outer, last = key.expression.split(".")
            place = kept
            for name in outer:
                place = place.setdefault(name, {})
            place[last] = key.search(page)
        found.append(kept)
    if pages.resume_token:
        found.append({"NextToken": {"NextToken": pages.resume_token}})
    return found


def _version(image: str) -> str:
    """The output of `aws --version`, by the image's tag."""
    number = version_of(image)
    return f"aws-cli/{number or '2.31.0'} Python/3.13.7 Linux/6.1.0 exe/x86_64.amzn.2023 (simulated)"


def _failure(error: Exception, image: str) -> Execution:
    """The CLI's message and exit code for an exception: version 2's (`awscli/errorhandler.py`), and in an image whose
    tag begins with 1 those of a version 1 of 2019 (`awscli/clidriver.py`), which exits with 255 after all of these. How
    that version complains of a command line that it cannot read is not modeled: it gets the words of version 2.

    An error that neither the command nor its container explains is one of this app: it is logged, and the message
    says so instead of being mistaken for the real CLI's.
    """
    is_first, named = (version_of(image) or "").startswith("1."), ""
    match error:
        case UsageError() | exceptions.ParamValidationError():
            named, text, code = "ParamValidation", str(error), 252
        case exceptions.NoRegionError():
            hint = 'You can also configure your region by running "aws configure".'
            named, text, code = "NoRegion", f"{error} {hint}", 253
        case exceptions.NoCredentialsError():
            hint = f'You can configure credentials by running "aws {"configure" if is_first else "login"}".'
            named, text, code = "NoCredentials", f"{error}. {hint}", 253
        case exceptions.ClientError():
            text, code = str(error), 254
        case Missing():
            return Execution(stdout="", stderr=f"\n{error}\n", exit_code=255)
        case _ if _is_explained(error):
            text, code = str(error), 255
        case _:
            error_id = record_error(error, "in the simulated aws")
            text = f"this simulated CLI failed, not AWS (error {error_id} in the app's log): {type(error).__name__}"
            code = 255
    if is_first:
        return Execution(stdout="", stderr=f"{text}\n" if code == 253 else f"\n{text}\n", exit_code=255)
    text = f"An error occurred ({named}): {text}" if named else text
    return Execution(stdout="", stderr=f"\naws: [ERROR]: {text}\n", exit_code=code)


def _is_explained(error: Exception) -> bool:
    """Whether the real CLI would fail as well: botocore refuses what the container has, a file cannot be read, the
    command contains no number where one belongs, no terminal is there, or no one waits for the program any more."""
    if isinstance(error, exceptions.BotoCoreError | OSError | EOFError | UnicodeError | InvalidValue | GivenUp):
        return True
    frames = (Path(frame.filename) for frame in reversed(traceback.extract_tb(error.__traceback__)))
    nearest = next((file for file in frames if file.is_relative_to(_APP) or file.is_relative_to(_LIBRARIES)), _APP)
    return isinstance(error, ValueError | RuntimeError) and nearest.is_relative_to(_LIBRARIES)
