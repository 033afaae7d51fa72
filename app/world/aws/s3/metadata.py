"""What an object is stored with beside its bytes: metadata of S3's and of the user's, and checksums.

Sources: S3 user guide, "Working with object metadata" and "Checking object integrity in Amazon S3"; the texts of the
refusals are those that users report.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Callable, Mapping

from app.world.aws.errors import AwsError
from app.world.aws.incoming import Incoming
from app.world.aws.s3 import errors

USER = "x-amz-meta-"
CHECKSUM = "x-amz-checksum-"
DEFAULT_TYPE = "binary/octet-stream"
METADATA_LIMIT = 2048
"""Bytes of the user's metadata, and of S3's."""
SYSTEM = ("content-type", "content-language", "expires", "cache-control", "content-disposition", "content-encoding")
"""S3's metadata. A reader may ask for other values, as `response-content-type` and so on."""

_ALGORITHMS: Mapping[str, tuple[int, Callable[[bytes], bytes] | None]] = {
    "crc32": (4, lambda body: zlib.crc32(body).to_bytes(4, "big")),
    "crc32c": (4, None),
    "crc64nvme": (8, None),
    "sha1": (20, lambda body: hashlib.sha1(body, usedforsecurity=False).digest()),
    "sha256": (32, lambda body: hashlib.sha256(body).digest()),
}
"""By name: the size of a checksum, and how it is made. Python has no CRC32C and no CRC64NVME: these are kept, and given
to the reader, as they came."""
_HEADER_TEXT = re.compile("[\x20-\x7e\xa0-\xff]*")


def metadata(request: Incoming) -> tuple[str, dict[str, str]]:
    """The type that an object gets, and its other metadata. Raises `MetadataTooLarge` and `InvalidArgument`."""
    system = {name: value for name in SYSTEM if (value := request.header(name))}
    own: dict[str, str] = {}
    for name, value in request.headers:
        if name.startswith(USER):
            own[name] = f"{own[name]},{value}" if name in own else value
    for headers, prefix in ((system, ""), (own, USER)):
        size = sum(len(name) - len(prefix) + len(value) for name, value in headers.items())
        if size > METADATA_LIMIT:
            raise errors.metadata_too_large(size, METADATA_LIMIT)
    found = {name: check_text(name, value) for name, value in (system | own).items()}
    return found.pop("content-type", DEFAULT_TYPE), found


def check_text(name: str, value: str) -> str:
    """The value of a header of an answer. Raises `InvalidArgument` for what none can have."""
    if not _HEADER_TEXT.fullmatch(value):
        raise errors.not_latin_1(name, value)
    return value


def checksum(request: Incoming) -> dict[str, str]:
    """The checksum header that the body was sent with; empty without one. Raises `AwsError` where it is not the body's,
    or `Content-MD5` is not."""
    body = request.body
    if (digest := request.header("content-md5")) is not None:
        made = hashlib.md5(body, usedforsecurity=False).digest()
        if (given := _decoded(digest)) is None or len(given) != len(made):
            details = {"Content-MD5": digest}
            raise AwsError(400, "InvalidDigest", "The Content-MD5 you specified was invalid.", details)
        if given != made:
            message = "The Content-MD5 you specified did not match what we received."
            details = {"ExpectedDigest": digest, "CalculatedDigest": base64.b64encode(made).decode()}
            raise AwsError(400, "BadDigest", message, details)
    sent = {name: value for name in _ALGORITHMS if (value := request.header(CHECKSUM + name)) is not None}
    if len(sent) > 1:
        raise errors.invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    for name, value in sent.items():
        size, make = _ALGORITHMS[name]
        given = _decoded(value)
        if given is None or len(given) != size:
            raise errors.invalid_request(f"Value for {CHECKSUM}{name} header is invalid.")
        if make is not None and given != make(body):
            message = f"The {name.upper()} you specified did not match the calculated checksum."
            raise AwsError(400, "BadDigest", message)
    return {CHECKSUM + name: value for name, value in sent.items()}


def _decoded(value: str) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
