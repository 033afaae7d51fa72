"""The AWS CLI inside a container: a few commands of `aws s3` and `aws sts`, on botocore's own credential chain.

Which identity a Pod gets, and in which words it fails, is botocore's doing (`credential_chain`). Of the CLI only its
command line and output (`aws_command`), its error prefix and its exit codes (`awscli/errorhandler.py`, version 2) are
ours. Nothing of this process's own environment or configuration takes part, and no request leaves the world's AWS
endpoint (`aws_clients`).
"""

from __future__ import annotations

import posixpath
from dataclasses import replace
from functools import cached_property
from typing import Any

from botocore import exceptions
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.utils import InstanceMetadataRegionFetcher

from app.flow.model import Exchange
from app.flow.ports import Execution
from app.world.node.container import Container
from app.world.node.programs import aws_command, credential_chain
from app.world.node.programs.aws_clients import AwsClients
from app.world.node.programs.aws_command import AssumeRole, GetCallerIdentity, ListBuckets, ListObjects, UsageError
from app.world.node.programs.instance_metadata import InstanceMetadata
from app.world.node.programs.shared_config import SharedConfig
from app.world.node.programs.surroundings import Surroundings


class AwsCli:
    """Runs `aws` for containers of one simulated AWS. Blocks; safe to call from several threads."""

    def __init__(self, endpoint_url: str) -> None:
        self.endpoint_url = endpoint_url
        self._clients = AwsClients(endpoint_url)

    def run(self, arguments: list[str], container: Container, surroundings: Surroundings, stdin: str = "") -> Execution:
        """`aws` with `arguments`, in a container. `stdin`: what it finds there, for `s3 cp -`."""

        def record(exchange: Exchange) -> None:
            surroundings.record(replace(exchange, source=container.address))

        metadata = InstanceMetadata(
            f"{self.endpoint_url}/instance-metadata/{surroundings.world_path}/{container.network}", record
        )
        with self._clients.calling(surroundings, record):
            try:
                return _Run(self._clients, container, metadata).execute(arguments)
            except Exception as error:  # the CLI's own last resort: whatever happens is one line and an exit code
                return _failure(error)

    def warm(self) -> None:
        """Loads what the first run would wait for: the service models."""
        for service in ("sts", "s3"):
            self._clients.client(service, "us-east-1")


class _Run:
    """One run of the CLI."""

    def __init__(self, clients: AwsClients, container: Container, metadata: InstanceMetadata) -> None:
        self._clients = clients
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
        return self._clients.client(service, self._region, _credentials(**keys) if keys else None)

    def _client_for_web_identity(self) -> Any:
        """The call is not signed. The CLI looks for credentials all the same, and needs none."""
        self._credentials()
        return self._clients.client("sts", self._region)

    def _credentials(self) -> Credentials | None:
        return credential_chain.load(self._container, self._config, self._metadata, self._client_of_chain)

    def _signed_client(self, service: str) -> Any:
        credentials = self._credentials()
        # What is wrong with its endpoint is noticed first of all, whether anybody can sign or not.
        self._clients.client(service, self._region, credentials)
        if credentials is None:
            raise exceptions.NoCredentialsError
        credentials.get_frozen_credentials()  # the exchange at STS comes first: its client is this thread's as well
        return self._clients.client(service, self._region, credentials)

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
