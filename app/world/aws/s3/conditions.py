"""Conditional requests and ranges: whether an object is read or written, and which bytes of it.

Sources: S3 API reference, GetObject and PutObject; S3 user guide, "Add preconditions to S3 operations with conditional
requests"; RFC 9110, sections 13.2.2 and 14.2; for what S3 does with a range that it cannot read, and its texts, the
answers that LocalStack's tests recorded on AWS.
"""

from __future__ import annotations

import re

from app.world.aws.entities import StoredObject
from app.world.aws.incoming import Incoming
from app.world.aws.s3 import errors
from app.world.aws.times import read_http_date

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_OF_READS = ("If-Modified-Since", "If-Unmodified-Since")


def is_modified(request: Incoming, stored: StoredObject, now: float) -> bool:
    """Whether a reader gets the object; False where it has the same already. Raises `PreconditionFailed`."""
    modified = int(stored.modified)
    if (wanted := request.header("if-match")) is not None:
        if not _names(wanted, stored):
            raise errors.precondition_failed("If-Match")
    elif (until := _time(request, "if-unmodified-since")) is not None and modified > until:
        raise errors.precondition_failed("If-Unmodified-Since")
    if (known := request.header("if-none-match")) is not None:
        return not _names(known, stored)
    since = _time(request, "if-modified-since")
    return since is None or modified > since or since > now


def check_write(request: Incoming, stored: StoredObject | None, key: str) -> None:
    """Raises `PreconditionFailed`, `NoSuchKey`, or `NotImplemented` for a condition that S3 knows for reads alone."""
    wanted, unwanted = request.header("if-match"), request.header("if-none-match")
    for name in _OF_READS:
        if request.header(name.lower()) is not None:
            raise errors.not_implemented(name)
    if wanted is not None and unwanted is not None:
        raise errors.not_implemented("If-Match,If-None-Match")
    if unwanted is not None:
        if unwanted != "*":
            raise errors.not_implemented("If-None-Match")
        if stored is not None:
            raise errors.precondition_failed("If-None-Match")
    if wanted is not None:
        if wanted == "*":
            raise errors.not_implemented("If-Match")
        if stored is None:
            raise errors.no_such_key(key)
        if not _names(wanted, stored):
            raise errors.precondition_failed("If-Match")


def requested_range(request: Incoming, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last; None for the whole object, also where S3 cannot read the range.

    Raises `InvalidRange` for one that begins after the object's end.
    """
    value = request.header("range") or ""
    found = _RANGE.fullmatch(value)
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if (int(last) == 0) if not first else (int(first) >= size):
        raise errors.invalid_range(value, size)
    start = int(first) if first else max(0, size - int(last))
    end = min(int(last) + 1, size) if first and last else size
    return (start, end) if start < end else None


def _names(value: str, stored: StoredObject) -> bool:
    """Whether a list of entity tags, which S3 takes without their quotes as well, has the object's, or is `*`."""
    return bool({"*", stored.etag} & {tag.strip().removeprefix("W/").strip('"') for tag in value.split(",")})


def _time(request: Incoming, name: str) -> float | None:
    """The moment that a header names; None without one, and for what is no date (RFC 9110)."""
    return read_http_date(request.header(name))
