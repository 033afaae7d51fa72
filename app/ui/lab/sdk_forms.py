"""One error as each SDK prints it, computed from what the server really answered.

The AWS CLI's form is what the Pod printed. The others are put together by the format strings of the SDKs:
botocore (`ClientError.MSG_TEMPLATE` and the classes of its models), aws-sdk-go-v2 (`aws/transport/http`, smithy's
`OperationError` and `GenericAPIError`, `aws/retry`, `aws/credential_cache.go`, `credentials/stscreds`), aws-sdk-go
(`aws/awserr`, `credentials/stscreds`). Neither Go SDK is run here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.flow.film.contents import element
from app.flow.model import Exchange

_PREFIX = "aws: [ERROR]: "
"""The prefix of the AWS CLI's error messages since its version 2.32."""
_CLIENT_ERROR = re.compile(
    r"An error occurred \((?P<code>[^)]+)\) when calling the (?P<operation>\w+) operation"
    r"(?: \(reached max retries: \d+\))?: (?P<message>.*)",
    re.DOTALL,
)
_CLI_NAMES = re.compile(r"An error occurred \(\w+\): ")
"""Matches the AWS CLI's prefix for an error that is not a server's."""
_UNREADABLE = re.compile(r"\[Errno (?P<number>2|13)\] [^\[:]+: '(?P<path>[^']+)'")
_GO_CACHE = "failed to refresh cached credentials, "
"""The prefix of the SDK for Go v2 for an error that kept it from getting credentials."""
_CORRECTED = "RequestTimeTooSkewed"
"""An error code that the SDK for Go v2 does not report: it corrects its clock by the response, and tries again."""
_GO_WORDS = {"2": "no such file or directory", "13": "permission denied"}
_MODELLED = {
    "ExpiredTokenException": "ExpiredTokenException",
    "IDPCommunicationError": "IDPCommunicationErrorException",
    "IDPRejectedClaim": "IDPRejectedClaimException",
    "InvalidIdentityToken": "InvalidIdentityTokenException",
    "MalformedPolicyDocument": "MalformedPolicyDocumentException",
    "PackedPolicyTooLarge": "PackedPolicyTooLargeException",
    "RegionDisabledException": "RegionDisabledException",
}
"""The errors that STS's API model knows, and their classes in botocore; all others are `ClientError`."""
_BOTOCORE = (
    ("Unable to locate credentials", "botocore.exceptions.NoCredentialsError"),
    ("Parameter validation failed:", "botocore.exceptions.ParamValidationError"),
    ("Connect timeout on endpoint URL:", "botocore.exceptions.ConnectTimeoutError"),
    ("Error when retrieving credentials from", "botocore.exceptions.CredentialRetrievalError"),
    ("Could not connect to the endpoint URL:", "botocore.exceptions.EndpointConnectionError"),
    ("You must specify a region.", "botocore.exceptions.NoRegionError"),
    ("Invalid endpoint:", "ValueError"),
    ("The provided profile or the current environment", "botocore.exceptions.InvalidConfigError"),
    ("Credentials were refreshed, but", "RuntimeError"),
    ("[Errno 2]", "FileNotFoundError"),
    ("[Errno 13]", "PermissionError"),
)
"""How an error message of botocore's own begins, and the class of that error."""
_CLI_ADDS = re.compile(r"(Unable to locate credentials|You must specify a region\.).*", re.DOTALL)
"""Matches the messages to which the CLI appends advice; botocore does not."""
_SERVICES = {"sts": "STS", "s3": "S3"}
"""By callee: what Go calls the service."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """The message of one SDK."""

    sdk: str
    """`cli`, `boto3`, `go_v2` or `go_v1`."""
    text: str


@dataclass(frozen=True, kw_only=True)
class _Refusal:
    service: str
    operation: str
    code: str
    message: str
    status: int
    request_id: str
    host_id: str


def forms(seen: str, exchanges: Sequence[Exchange]) -> list[Form]:
    """The forms of a text that the AWS CLI printed, those that we know. Empty for a text of Kubernetes' own.

    `exchanges` hold the answer that the text is about; without it we know no Go SDK's form.
    """
    text = plain(seen)
    if found := _CLIENT_ERROR.match(text):
        kind = _MODELLED.get(found["code"])
        name = f"botocore.errorfactory.{kind}" if kind else "botocore.exceptions.ClientError"
        known = [Form(sdk="cli", text=f"{_PREFIX}{text}"), Form(sdk="boto3", text=f"{name}: {text}")]
        refusal = _refusal(found, exchanges)
        return [*known, *_go(refusal)] if refusal else known
    own = _CLI_ADDS.sub(r"\1", _CLI_NAMES.sub("", text, count=1))
    kind = next((name for begins, name in _BOTOCORE if own.startswith(begins)), "")
    if not kind:
        return []
    return [Form(sdk="cli", text=f"{_PREFIX}{text}"), Form(sdk="boto3", text=f"{kind}: {own}"), *_go_unreadable(text)]


def is_answer(seen: str) -> bool:
    """Whether the message is a server's response, and not a client's own."""
    return _CLIENT_ERROR.match(plain(seen)) is not None


def plain(seen: str) -> str:
    """The message without the AWS CLI's prefix."""
    return seen.strip().removeprefix(_PREFIX).strip()


def _refusal(found: re.Match[str], exchanges: Iterable[Exchange]) -> _Refusal | None:
    """The newest answer with that code and that message."""
    code, message = found["code"], found["message"].strip()
    for exchange in reversed(list(exchanges)):
        if exchange.callee not in _SERVICES or exchange.status < 400:
            continue
        if _element("Code", exchange) == code and _element("Message", exchange) == message:
            return _Refusal(
                service=_SERVICES[exchange.callee],
                operation=found["operation"],
                code=code,
                message=message,
                status=exchange.status,
                request_id=_element("RequestId", exchange),
                host_id=_element("HostId", exchange),
            )
    return None


def _element(name: str, exchange: Exchange) -> str:
    return element(exchange.response_body, name).strip()


def _go(it: _Refusal) -> list[Form]:
    """The messages of both SDKs for Go; only that of v1 for an error that v2 corrects by itself."""
    # (1) v2: its cache and its web identity provider, the operation, the retries, the response, the error; a modelled
    #     error says no `api error`. Before it all stands the operation for which the credentials were wanted.
    error = f"{it.code}: {it.message}" if it.code in _MODELLED else f"api error {it.code}: {it.message}"
    host = f"HostID: {it.host_id}, " if it.host_id else ""
    tries = "exceeded maximum number of attempts, 3, " if it.code == "InvalidIdentityToken" else ""
    v2 = (
        f"operation error {it.service}: {it.operation}, {tries}https response error StatusCode: {it.status}, "
        f"RequestID: {it.request_id}, {host}{error}"
    )
    # (2) v1: its web identity provider puts a line of its own before the error.
    host = f", host id: {it.host_id}" if it.host_id else ""
    v1 = f"{it.code}: {it.message}\n\tstatus code: {it.status}, request id: {it.request_id}{host}"
    if it.operation == "AssumeRoleWithWebIdentity":
        v2 = f"{_GO_CACHE}failed to retrieve credentials, {v2}"
        v1 = f"WebIdentityErr: failed to retrieve credentials\ncaused by: {v1}"
    older = Form(sdk="go_v1", text=v1)
    return [older] if it.code == _CORRECTED else [Form(sdk="go_v2", text=v2), older]


def _go_unreadable(text: str) -> list[Form]:
    """The messages for a token file that cannot be read; none for botocore's other own errors, for which the SDKs for
    Go have no counterpart."""
    found = _UNREADABLE.search(text)
    if not found:
        return []
    path = found["path"]
    opened = f"open {path}: {_GO_WORDS[found['number']]}"
    return [
        Form(
            sdk="go_v2",
            text=f"{_GO_CACHE}failed to retrieve jwt from provide source, unable to read file at {path}: {opened}",
        ),
        Form(sdk="go_v1", text=f"WebIdentityErr: unable to read file at {path}\ncaused by: {opened}"),
    ]
