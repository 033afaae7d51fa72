"""AWS Signature Version 4, with botocore's own code. Verification: sign the same request, compare.

Header authentication and presigned queries. Source: IAM user guide, "AWS Signature Version 4 for API requests".
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.auth import UNSIGNED_PAYLOAD, S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.world.aws.access_keys import AccessKey
from app.world.aws.incoming import Incoming
from app.world.aws.times import compact

ALGORITHM = "AWS4-HMAC-SHA256"
_PART = re.compile(r"(Credential|SignedHeaders|Signature)=([^,]*)")
_TIMESTAMP = re.compile(r"[0-9]{8}T(?:[01][0-9]|2[0-3])[0-9]{4}Z")


class MalformedSignature(Exception):
    """The request claims to be signed, but lacks a part or has one that cannot be read. The text is AWS's."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What a signed request says about its signature. Nothing of it is verified yet."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str = field(repr=False)
    timestamp: str
    """`20261124T224049Z`."""
    session_token: str | None = field(repr=False)
    presigned: bool
    expires: int | None = None
    """Seconds that a presigned request is valid; None for header authentication."""

    @property
    def signed_at(self) -> int:
        """The timestamp in Unix seconds."""
        return int(datetime.datetime.fromisoformat(self.timestamp).timestamp())


@dataclass(frozen=True, kw_only=True)
class Verification:
    """Whether the signature is right, and what should have been signed."""

    matches: bool
    string_to_sign: str = ""


class _Verifier(SigV4Auth):
    """botocore's signer, held to the headers that the client signed and to the body that came."""

    def headers_to_sign(self, request: Any) -> Any:
        return request.headers

    def payload(self, request: Any) -> Any:
        return request.context["payload"]


class _S3Verifier(_Verifier, S3SigV4Auth):
    """S3's variant: the path is signed as it is, without normalization."""


def read_signature(request: Incoming) -> Signature | None:
    """The signature of a request; None when it is unsigned. Raises `MalformedSignature`."""
    authorization = request.header("authorization")
    if authorization is not None and authorization.startswith(ALGORITHM):
        parts = dict(_PART.findall(authorization[len(ALGORITHM) :]))
        missing = [name for name in ("Credential", "Signature", "SignedHeaders") if not parts.get(name)]
        timestamp = request.header("x-amz-date") or _http_date(request.header("date"))
        problems = [f"Authorization header requires '{name}' parameter." for name in missing]
        if not timestamp:
            problems.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
        if problems:
            raise MalformedSignature(" ".join(problems))
        return _signature(
            credential=parts["Credential"].strip(),
            signed_headers=parts["SignedHeaders"].strip(),
            value=parts["Signature"].strip(),
            timestamp=timestamp,
            session_token=request.header("x-amz-security-token"),
            expires=None,
        )
    if request.query and request.argument("X-Amz-Algorithm") == ALGORITHM:
        names = ("Credential", "SignedHeaders", "Signature", "Date", "Expires")
        given = {name: request.argument(f"X-Amz-{name}") or "" for name in names}
        missing = [name for name in names if not given[name] and name != "Expires"]
        if missing:
            raise MalformedSignature(
                " ".join(f"AWS query-string parameters must include 'X-Amz-{n}'." for n in missing)
            )
        return _signature(
            credential=given["Credential"],
            signed_headers=given["SignedHeaders"],
            value=given["Signature"],
            timestamp=given["Date"],
            session_token=request.argument("X-Amz-Security-Token"),
            expires=given["Expires"],
        )
    return None


def verify(signature: Signature, secret_access_key: str, request: Incoming) -> Verification:
    """Signs the request again with the secret and compares. Junk of any kind does not match."""
    s3 = signature.service == "s3"
    signer_class = _S3Verifier if s3 else _Verifier
    try:
        signer = signer_class(
            Credentials(signature.access_key_id, secret_access_key), signature.service, signature.region
        )
        query: Any = [pair for pair in request.query if not (signature.presigned and pair[0] == "X-Amz-Signature")]
        again = AWSRequest(method=request.method, url=f"http://localhost{request.raw_path}")
        again.params = query
        for name, value in request.headers:
            if name in signature.signed_headers:
                again.headers.add_header(name, value)
        again.context["timestamp"] = signature.timestamp
        again.context["payload"] = UNSIGNED_PAYLOAD if s3 and signature.presigned else body_hash(request.body)
        string_to_sign = signer.string_to_sign(again, signer.canonical_request(again))
        expected = signer.signature(string_to_sign, again)
    except ValueError:
        return Verification(matches=False)
    return Verification(
        matches=hmac.compare_digest(expected.encode(), signature.value.encode("utf-8", "replace")),
        string_to_sign=string_to_sign,
    )


def sign(
    key: AccessKey, service: str, region: str, url: str, headers: Mapping[str, str], body: bytes
) -> dict[str, str]:
    """The headers of a POST request with its date and its signature by a long-lived key."""
    request = AWSRequest("POST", url, data=body, headers=dict(headers))
    SigV4Auth(Credentials(key.access_key_id, key.secret_access_key), service, region).add_auth(request)
    return dict(request.headers.items())


def body_hash(body: bytes) -> str:
    """SHA-256 of a body in hex."""
    return hashlib.sha256(body).hexdigest()


def _signature(
    *, credential: str, signed_headers: str, value: str, timestamp: str, session_token: str | None, expires: str | None
) -> Signature:
    """The parts, taken apart. `expires` is None where they stand in a header. Raises `MalformedSignature`."""
    scope = credential.split("/")
    if len(scope) != 5 or not all(scope):
        raise MalformedSignature(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"
        )
    key_id, date, region, service, terminator = scope
    if terminator != "aws4_request":
        raise MalformedSignature(
            f"Credential should be scoped with a valid terminator: 'aws4_request', not '{terminator}'."
        )
    if not _TIMESTAMP.fullmatch(timestamp) or not _is_time(timestamp):
        raise MalformedSignature(
            f"Date must be in ISO-8601 'basic format'. Got '{timestamp}'. See http://en.wikipedia.org/wiki/ISO_8601"
        )
    if expires is not None and not re.fullmatch(r"[0-9]{0,9}", expires):
        raise MalformedSignature("X-Amz-Expires should be a number")
    return Signature(
        access_key_id=key_id,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(name.strip().lower() for name in signed_headers.split(";")),
        value=value,
        timestamp=timestamp,
        session_token=session_token,
        presigned=expires is not None,
        expires=None if expires is None else int(expires or 900),
    )


def _http_date(value: str | None) -> str:
    """A Date header as SigV4's timestamp; empty where it is none. `-0000` is UTC as well (RFC 5322, section 3.3)."""
    try:
        moment = parsedate_to_datetime(value or "")
        return compact(moment.replace(tzinfo=moment.tzinfo or datetime.UTC).timestamp())
    except (ValueError, OverflowError):
        return ""


def _is_time(timestamp: str) -> bool:
    try:
        datetime.datetime.fromisoformat(timestamp)
    except ValueError:
        return False
    return True
