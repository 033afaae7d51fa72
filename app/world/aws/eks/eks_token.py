"""The tokens of `aws eks get-token`: a presigned request that asks STS who signed it.

A cluster reads the token, sends the request and adds its own name in the signed header `x-k8s-aws-id`, so the token of
another cluster is refused. Source: kubernetes-sigs/aws-iam-authenticator, `pkg/token/token.go`. Here the request goes
to this account's STS without a socket. Where `AWS_ENDPOINT_URL` is set, `aws` signs for that host instead of STS's own.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from app.world.aws.account import Account
from app.world.aws.authentication import Caller, authenticate
from app.world.aws.directory import Accounts
from app.world.aws.errors import AwsError
from app.world.aws.incoming import Incoming, fields
from app.world.aws.sigv4 import MalformedSignature, read_signature
from app.world.aws.sts import actions as sts

PREFIX = "k8s-aws-v1."
CLUSTER_HEADER = "x-k8s-aws-id"
TOKEN_LIMIT = 4096
"""Characters."""
LONGEST_EXPIRES = 900
"""Seconds that `X-Amz-Expires` may name. The token is valid for 15 minutes after `X-Amz-Date`, whatever it names."""
_STS_HOST = re.compile(r"sts(\.[a-z]{2}(-[a-z]+)+-[0-9])?\.amazonaws\.com")
_ALLOWED = frozenset(
    {
        "action",
        "version",
        *(f"x-amz-{name}" for name in ("algorithm", "credential", "date", "expires", "security-token", "signature")),
        "x-amz-signedheaders",
    }
)


class InvalidToken(Exception):
    """The token is not accepted. The text says why, as the authenticator's log does."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who signed, as STS says."""

    account_id: str
    arn: str
    user_id: str
    """`AIDA…`, or `AROA…:session`."""
    access_key_id: str


@dataclass(frozen=True)
class _Known:
    """The accounts as `authenticate` looks for them."""

    accounts: Mapping[str, Account]

    def account(self, account_id: str) -> Account | None:
        return self.accounts.get(account_id)


def identity_of(token: str, accounts: Iterable[Account], *, cluster_name: str, endpoint: str) -> Identity:
    """Who signed the token, if it is one of these accounts. `endpoint`: host and port of the simulated AWS.

    Raises `InvalidToken`.
    """
    url, query = _read(token)
    if url.netloc != endpoint and not (url.scheme == "https" and _STS_HOST.fullmatch(url.netloc)):
        raise InvalidToken(f'unexpected hostname "{url.netloc}" in pre-signed URL')
    if url.path not in ("", "/"):
        raise InvalidToken("unexpected path in pre-signed URL")
    _check(query)
    request = Incoming(
        method="GET",
        raw_path="/",
        query=tuple(query),
        headers=(("host", url.netloc), (CLUSTER_HEADER, cluster_name)),
        body=b"",
    )
    caller = _caller(_Known({it.account_id: it for it in accounts}), request)
    return Identity(
        account_id=caller.account.account_id,
        arn=caller.key.arn,
        user_id=caller.key.user_id,
        access_key_id=caller.key.access_key_id,
    )


def access_key_id_of(token: str) -> str:
    """The access key id that a token names; empty where it is no such token. Nothing is verified."""
    try:
        _, query = _read(token)
    except InvalidToken:
        return ""
    return dict(query).get("X-Amz-Credential", "").partition("/")[0]


def _read(token: str) -> tuple[SplitResult, list[tuple[str, str]]]:
    """The request's URL and its query. Raises `InvalidToken`."""
    if not token.startswith(PREFIX) or len(token) > TOKEN_LIMIT:
        raise InvalidToken(f'token is missing expected "{PREFIX}" prefix, or is longer than {TOKEN_LIMIT}')
    encoded = token.removeprefix(PREFIX)
    try:
        text = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True).decode("ascii")
        url = urlsplit(text)
        return url, fields(url.query.encode())
    except (binascii.Error, ValueError) as error:
        raise InvalidToken("the token is no URL in base64") from error


def _check(query: list[tuple[str, str]]) -> None:
    """Raises `InvalidToken` for a request that asks for more than who its sender is."""
    given = {name.lower(): value for name, value in query}
    if len(given) != len(query) or not given.keys() <= _ALLOWED:
        raise InvalidToken("input token was not properly formatted: non-whitelisted or repeated query parameter")
    if given.get("action") != "GetCallerIdentity":
        raise InvalidToken("unexpected action parameter in pre-signed URL")
    if CLUSTER_HEADER not in given.get("x-amz-signedheaders", "").split(";"):
        raise InvalidToken(f"client did not sign the {CLUSTER_HEADER} header in the pre-signed URL")
    expires = given.get("x-amz-expires", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) < 5 and int(expires) <= LONGEST_EXPIRES):
        raise InvalidToken("invalid X-Amz-Expires parameter in pre-signed URL")


def _caller(accounts: Accounts, request: Incoming) -> Caller:
    """STS's part: the signature, its age, the session, the region. Raises `InvalidToken`."""
    try:
        signature = read_signature(request)
        if signature is None or signature.service != "sts":
            raise InvalidToken("the pre-signed URL is not signed for STS")
        caller = authenticate(accounts, request, signature)
        sts.call(caller, "GetCallerIdentity", dict(request.query))
    except MalformedSignature as error:
        raise InvalidToken(str(error)) from error
    except AwsError as error:
        raise InvalidToken(f"error from AWS (expected 200, got {error.status}): {error.message}") from error
    return caller
