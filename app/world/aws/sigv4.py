"""AWS Signature Version 4. Verification: sign the same request, compare.

Header authentication and presigned queries. Source: IAM user guide, "AWS Signature Version 4 for API requests".
botocore's signer does the same at three times the cost; the tests compare the two.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from botocore.utils import normalize_url_path

from app.world.aws.access_keys import AccessKey
from app.world.aws.incoming import Incoming
from app.world.aws.times import compact, read_http_date

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
"""The hash that stands for a body in chunks which are not signed."""
_TERMINATOR = "aws4_request"
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
    string_to_sign = _string_to_sign(signature, request)
    expected = _signed(string_to_sign, signature, secret_access_key)
    return Verification(
        matches=hmac.compare_digest(expected.encode(), signature.value.encode("utf-8", "replace")),
        string_to_sign=string_to_sign,
    )


def sign(
    key: AccessKey, service: str, region: str, url: str, headers: Mapping[str, str], body: bytes
) -> dict[str, str]:
    """The headers of a POST request with its date and its signature by a long-lived key.

    Of `headers` those are signed that have to be: the type of the body, and AWS's own.
    """
    parts = urlsplit(url)
    timestamp = compact(time.time())
    sent = {**headers, "X-Amz-Date": timestamp}
    own = {name.lower(): value for name, value in sent.items() if name.lower().startswith(("content-type", "x-amz-"))}
    signed = {"host": parts.netloc, **own}
    names = ";".join(sorted(signed))
    signature = _signature(
        credential=f"{key.access_key_id}/{timestamp[:8]}/{region}/{service}/{_TERMINATOR}",
        signed_headers=names,
        value="",
        timestamp=timestamp,
        session_token=None,
        expires=None,
    )
    request = Incoming(method="POST", raw_path=parts.path or "/", query=(), headers=tuple(signed.items()), body=body)
    value = _signed(_string_to_sign(signature, request), signature, key.secret_access_key)
    credential = f"Credential={key.access_key_id}/{_scope(signature)}"
    return {**sent, "Authorization": f"{ALGORITHM} {credential}, SignedHeaders={names}, Signature={value}"}


def _string_to_sign(signature: Signature, request: Incoming) -> str:
    canonical = _canonical_request(signature, request)
    return "\n".join((ALGORITHM, signature.timestamp, _scope(signature), body_hash(canonical.encode())))


def _canonical_request(signature: Signature, request: Incoming) -> str:
    """What was signed: method, path, query, the signed headers that the request has, and the hash of the body. S3 signs
    the path as it is; for other services the path is normalized and percent-encoded once more."""
    s3 = signature.service == "s3"
    path = request.raw_path if s3 else quote(normalize_url_path(request.raw_path), safe="/~")
    query = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in request.query
        if not (signature.presigned and name == "X-Amz-Signature")
    )
    headers: dict[str, list[str]] = {}
    for name, value in request.headers:
        if name in signature.signed_headers:
            headers.setdefault(name, []).append(value)
    if "x-amz-content-sha256" in headers:
        payload = headers["x-amz-content-sha256"][0]
    else:
        payload = UNSIGNED_PAYLOAD if s3 and signature.presigned else body_hash(request.body)
    names = sorted(headers)
    lines = [f"{name}:{','.join(' '.join(value.split()) for value in headers[name])}\n" for name in names]
    return "\n".join(
        (
            request.method.upper(),
            path,
            "&".join(f"{name}={value}" for name, value in query),
            "".join(lines),
            ";".join(names),
            payload,
        )
    )


def _scope(signature: Signature) -> str:
    return f"{signature.timestamp[:8]}/{signature.region}/{signature.service}/{_TERMINATOR}"


def _signed(string_to_sign: str, signature: Signature, secret_access_key: str) -> str:
    """In hex, with the key that is derived from the secret for this day, region and service."""
    key = f"AWS4{secret_access_key}".encode()
    for part in (*_scope(signature).split("/"), string_to_sign):
        key = hmac.digest(key, part.encode(), "sha256")
    return key.hex()


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
    if terminator != _TERMINATOR:
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
    """A Date header as SigV4's timestamp; empty where it is none."""
    moment = read_http_date(value)
    return "" if moment is None else compact(moment)


def _is_time(timestamp: str) -> bool:
    try:
        datetime.datetime.fromisoformat(timestamp)
    except ValueError:
        return False
    return True
