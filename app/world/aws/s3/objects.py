"""S3's objects: how one is read, stored and copied. Whether the caller may was asked before.

Sources: S3 API reference, GetObject, PutObject and CopyObject.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from app.world.aws.account import Account
from app.world.aws.entities import Bucket, StoredObject
from app.world.aws.errors import AwsError
from app.world.aws.incoming import Incoming
from app.world.aws.s3 import errors
from app.world.aws.s3.answers import Answer, document
from app.world.aws.s3.conditions import check_write, is_modified, requested_range
from app.world.aws.s3.metadata import CHECKSUM, SYSTEM, check_text, checksum, metadata
from app.world.aws.times import http_date, iso_milliseconds

OBJECT_LIMIT = 500
"""Objects of all the account's buckets together."""
STORED_LIMIT = 1024 * 1024
"""Bytes of all the account's objects together, with their metadata."""
KEY_LIMIT = 1024
"""Bytes of a key in UTF-8."""
RESPONSE_ARGUMENTS = {f"response-{name}" for name in SYSTEM}

_CHANGES = ("x-amz-storage-class", "x-amz-server-side-encryption")
_ENCRYPTION = {"x-amz-server-side-encryption": "AES256"}
"""How S3 has encrypted each new object since January 2023."""


def read(request: Incoming, stored: StoredObject, now: float) -> Answer:
    """GetObject and HeadObject. Raises `PreconditionFailed`, `InvalidRange` and `InvalidArgument`."""
    headers = {"ETag": f'"{stored.etag}"', "Last-Modified": http_date(stored.modified)}
    if not is_modified(request, stored, now):
        return Answer(status=304, headers=headers)
    part = requested_range(request, len(stored.body))
    with_checksum = part is None and (request.header("x-amz-checksum-mode") or "").upper() == "ENABLED"
    own = {"content-type": stored.content_type, **stored.headers}
    headers |= {name: value for name, value in own.items() if with_checksum or not name.startswith(CHECKSUM)}
    for name in SYSTEM:
        if value := request.argument(f"response-{name}"):
            headers[name] = check_text(f"response-{name}", value)
    headers |= {"Accept-Ranges": "bytes", **_ENCRYPTION}
    if part is None:
        return Answer(headers=headers, body=stored.body)
    first, end = part
    headers["Content-Range"] = f"bytes {first}-{end - 1}/{len(stored.body)}"
    return Answer(status=206, headers=headers, body=stored.body[first:end])


def write(account: Account, request: Incoming, bucket: Bucket, key: str) -> Answer:
    """PutObject. Raises `AwsError`."""
    sent = checksum(request)
    kind, headers = metadata(request)
    stored = _store(account, request, bucket, key, request.body, kind, headers | sent)
    return Answer(headers={"ETag": f'"{stored.etag}"', **sent, **_ENCRYPTION})


def copy(account: Account, request: Incoming, found: StoredObject, bucket: Bucket, key: str) -> Answer:
    """CopyObject: with the metadata of its source, or with the request's in their place. Raises `AwsError`."""
    directive = request.header("x-amz-metadata-directive") or "COPY"
    if directive not in ("COPY", "REPLACE"):
        raise errors.invalid_argument("Unknown metadata directive.", "x-amz-metadata-directive", directive)
    kind, headers = found.content_type, found.headers
    if directive == "REPLACE":
        kept = {name: value for name, value in headers.items() if name.startswith(CHECKSUM)}
        kind, headers = metadata(request)
        headers |= kept
    elif bucket.objects.get(key) is found and all(request.header(name) is None for name in _CHANGES):
        raise errors.invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
    stored = _store(account, request, bucket, key, found.body, kind, headers)
    members = {"ETag": f'"{stored.etag}"', "LastModified": iso_milliseconds(stored.modified)}
    return document("CopyObjectResult", members)


def _store(
    account: Account,
    request: Incoming,
    bucket: Bucket,
    key: str,
    body: bytes,
    kind: str,
    headers: Mapping[str, str],
) -> StoredObject:
    check_write(request, bucket.objects.get(key), key)
    size = len(key.encode())
    if size > KEY_LIMIT:
        details = {"Size": str(size), "MaxSizeAllowed": str(KEY_LIMIT)}
        raise AwsError(400, "KeyTooLongError", "Your key is too long", details)
    stored = StoredObject(
        body=body,
        content_type=kind,
        etag=hashlib.md5(body, usedforsecurity=False).hexdigest(),
        modified=account.clock.now(),
        headers=headers,
    )
    others = [
        other
        for held in account.buckets.values()
        for name, other in held.objects.items()
        if (held.name, name) != (bucket.name, key)
    ]
    used = sum(other.size for other in others)
    if len(others) >= OBJECT_LIMIT or used + stored.size > STORED_LIMIT:
        raise errors.too_large(stored.size, max(0, STORED_LIMIT - used))
    bucket.objects[key] = stored
    return stored
