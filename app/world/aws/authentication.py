"""Who is calling: the key's owner, the signature, its age, the session token, the session's end.

IAM and STS refuse in one set of words, S3 in another. The order is the one that public tests against AWS have found:
the token and the session before the signature. A signature's age is measured by the wall clock, as clients sign by
theirs; a session ends by the world's clock.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, NoReturn

from app.world.aws.access_keys import AccessKey, account_of, is_session_token
from app.world.aws.account import Account
from app.world.aws.directory import Accounts
from app.world.aws.errors import AwsError, throttled
from app.world.aws.incoming import Incoming
from app.world.aws.s3.errors import not_implemented, slow_down
from app.world.aws.sigv4 import UNSIGNED_PAYLOAD, UNSIGNED_TRAILER, Signature, Verification, body_hash, verify
from app.world.aws.times import compact, iso

SKEW_SECONDS = 15 * 60
WEEK_SECONDS = 7 * 24 * 3600

Dialect = Literal["query", "s3"]
_Problem = Literal["unknown_key", "wrong_token", "malformed_token", "expired", "mismatch"]

_INVALID_TOKEN_ID = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
_UNKNOWN_KEY_ID = (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
_MISMATCH = "The request signature we calculated does not match the signature you provided. "
_UNSIGNED_HOST = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
"""As users report it of other services than S3; what S3 says then is not known."""
_REFUSALS: dict[Dialect, dict[_Problem, tuple[int, str, str]]] = {
    "query": {
        "unknown_key": _INVALID_TOKEN_ID,
        "wrong_token": _INVALID_TOKEN_ID,
        "malformed_token": _INVALID_TOKEN_ID,
        "expired": (403, "ExpiredToken", "The security token included in the request is expired"),
        "mismatch": (
            403,
            "SignatureDoesNotMatch",
            _MISMATCH + "Check your AWS Secret Access Key and signing method. "
            "Consult the service documentation for details.",
        ),
    },
    "s3": {
        "unknown_key": _UNKNOWN_KEY_ID,
        "wrong_token": _UNKNOWN_KEY_ID,
        "malformed_token": (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
        "expired": (400, "ExpiredToken", "The provided token has expired."),
        "mismatch": (403, "SignatureDoesNotMatch", _MISMATCH + "Check your key and signing method."),
    },
}


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An authenticated principal, the account it belongs to, the other ones, and the region it called."""

    account: Account
    accounts: Accounts
    key: AccessKey
    region: str


def authenticate(accounts: Accounts, request: Incoming, signature: Signature) -> Caller:
    """The caller of a signed request. Raises `AwsError` in the words of the service that was called."""
    dialect: Dialect = "s3" if signature.service == "s3" else "query"
    key_detail = {"AWSAccessKeyId": signature.access_key_id}

    # (1) The key id names its account
    account_id = account_of(signature.access_key_id)
    account = accounts.account(account_id) if account_id else None
    key = account.credentials(signature.access_key_id) if account else None
    if account is None or key is None:
        _refuse(dialect, "unknown_key", key_detail)
    account.usage.acted = account.usage.acted or key is account.admin
    account.usage.touched = account.usage.touched or not key.session_token  # of a session, a Pod may be the client
    if key is account.explorer:
        account.usage.charge()
    elif account.usage.admit(reserve=not key.session_token):
        raise slow_down() if dialect == "s3" else throttled()

    # (2) A session shows its token, has not ended, and its role is still there
    if key.session_token:
        if signature.session_token != key.session_token:
            _refuse(dialect, _token_problem(signature), key_detail)
        if key.expiration is not None and account.clock.now() >= key.expiration:
            _refuse(dialect, "expired", {})
        if not account.is_alive(key):
            _refuse(dialect, "unknown_key", key_detail)

    # (3) The request is of now
    _check_age(dialect, signature, account.clock.offset)

    # (4) The secret is right, and host and body are those that were signed
    if "host" not in signature.signed_headers:
        raise AwsError(403, "SignatureDoesNotMatch", _UNSIGNED_HOST)
    verification = verify(signature, key.secret_access_key, request)
    if not verification.matches:
        _refuse(dialect, "mismatch", key_detail | _what_was_signed(signature, verification))
    if dialect == "s3":
        _check_headers(signature, request)
    _check_body(dialect, request)

    # (5) A long-lived key comes without a token
    if signature.session_token and not key.session_token:
        _refuse(dialect, "malformed_token", {})
    if key.role_name:
        role = account.roles[key.role_name]
        role.last_used, role.last_region = account.clock.now(), signature.region
    return Caller(account=account, accounts=accounts, key=key, region=signature.region)


def invalid_token_id() -> AwsError:
    """What IAM and STS say of a token that they do not take."""
    return AwsError(*_INVALID_TOKEN_ID)


def _token_problem(signature: Signature) -> _Problem:
    given = signature.session_token
    return "malformed_token" if given and not is_session_token(given) else "wrong_token"


def _check_age(dialect: Dialect, signature: Signature, offset: float) -> None:
    """Clients sign by their own clock, which is the machine's. An SDK that corrects it by the header `Date` signs by
    the world's; a presigned URL is valid by the machine's."""
    signed_at, now = signature.signed_at, int(time.time())
    if signature.expires is None:
        now = min(now, now + int(offset), key=lambda clock: abs(clock - signed_at))
    if signature.date != signature.timestamp[:8]:
        raise AwsError(
            403,
            "SignatureDoesNotMatch",
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
            f"'{signature.date}' != '{signature.timestamp[:8]}', from '{signature.timestamp}'.",
        )
    if signature.expires is not None and dialect == "s3":
        _check_presigned(signature, now)
    elif dialect == "s3":
        if abs(now - signed_at) > SKEW_SECONDS:
            raise AwsError(
                403,
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                {
                    "RequestTime": signature.timestamp,
                    "ServerTime": iso(now),
                    "MaxAllowedSkewMilliseconds": str(SKEW_SECONDS * 1000),
                },
            )
    elif signed_at < now - SKEW_SECONDS:
        raise AwsError(
            403,
            "SignatureDoesNotMatch",
            f"Signature expired: {signature.timestamp} is now earlier than {compact(now - SKEW_SECONDS)} "
            f"({compact(now)} - 15 min.)",
        )
    elif signed_at > now + SKEW_SECONDS:
        raise AwsError(
            403,
            "SignatureDoesNotMatch",
            f"Signature not yet current: {signature.timestamp} is still later than {compact(now + SKEW_SECONDS)} "
            f"({compact(now)} + 15 min.)",
        )


def _check_presigned(signature: Signature, now: int) -> None:
    seconds = signature.expires or 0
    if seconds > WEEK_SECONDS:
        raise AwsError(
            400,
            "AuthorizationQueryParametersError",
            f"X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than "
            f"{WEEK_SECONDS} seconds",
        )
    if signature.signed_at > now + SKEW_SECONDS:
        raise AwsError(403, "AccessDenied", "Request is not valid yet")
    if signature.signed_at + seconds < now:
        details = {
            "X-Amz-Expires": str(seconds),
            "Expires": iso(signature.signed_at + seconds),
            "ServerTime": iso(now),
        }
        raise AwsError(403, "AccessDenied", "Request has expired", details)


def _check_headers(signature: Signature, request: Incoming) -> None:
    """S3 takes no header of its own that is not signed: anyone who has a presigned URL could add one. Users report that
    the hash of the body is an exception."""
    own = {name for name, _ in request.headers if name.startswith("x-amz-")} - {"x-amz-content-sha256"}
    if unsigned := sorted(own - set(signature.signed_headers)):
        message = "There were headers present in the request which were not signed"
        raise AwsError(403, "AccessDenied", message, {"HeadersNotSigned": ", ".join(unsigned)})


def _check_body(dialect: Dialect, request: Incoming) -> None:
    """The signature covers the hash that the client announced: that hash must be the body's."""
    announced = request.header("x-amz-content-sha256")
    if announced is None or announced == UNSIGNED_PAYLOAD or (dialect == "s3" and announced == UNSIGNED_TRAILER):
        return
    if announced.startswith("STREAMING-"):
        raise not_implemented("x-amz-content-sha256")
    computed = body_hash(request.body)
    if announced != computed:
        if dialect == "query":
            _refuse(dialect, "mismatch", {})
        raise AwsError(
            400,
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
            {"ClientComputedContentSHA256": announced, "S3ComputedContentSHA256": computed},
        )


def _what_was_signed(signature: Signature, verification: Verification) -> dict[str, str]:
    """S3 shows the canonical request as well; that would repeat the session token, so it is left out here."""
    return {"StringToSign": verification.string_to_sign, "SignatureProvided": signature.value}


def _refuse(dialect: Dialect, problem: _Problem, details: dict[str, str]) -> NoReturn:
    status, code, message = _REFUSALS[dialect][problem]
    raise AwsError(status, code, message, details if dialect == "s3" else None)
