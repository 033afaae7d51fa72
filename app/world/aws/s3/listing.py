"""The order, the groups and the pages of S3's listings."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from app.flow.model import JsonObject, JsonValue
from app.world.aws.account import Account
from app.world.aws.entities import Bucket
from app.world.aws.incoming import Incoming
from app.world.aws.s3.errors import invalid_argument
from app.world.aws.times import iso_milliseconds

PAGE_SIZE = 1000
BUCKETS_PAGE_SIZE = 10_000
LIST_ARGUMENTS = {
    "list-type",
    "marker",
    "prefix",
    "delimiter",
    "max-keys",
    "continuation-token",
    "start-after",
    "fetch-owner",
    "encoding-type",
}
BUCKETS_ARGUMENTS = {"prefix", "max-buckets", "continuation-token", "bucket-region"}


@dataclass(frozen=True, kw_only=True)
class _Page:
    keys: list[str]
    prefixes: list[str]
    next_after: str | None
    """Where the next page begins; None on the last."""


@dataclass(frozen=True, kw_only=True)
class _Listing:
    members: JsonObject
    next_after: str | None
    encoded: Callable[[str], str]
    """A key as the answer contains it."""


def list_buckets(account: Account, request: Incoming) -> JsonValue:
    """The members of `ListAllMyBucketsResult`."""
    prefix, region = request.argument("prefix"), request.argument("bucket-region")
    after = _read_token(request)
    size = _page_size(request, "max-buckets", BUCKETS_PAGE_SIZE)
    found = [
        bucket
        for name, bucket in sorted(account.buckets.items())
        if name.startswith(prefix or "") and name > after and region in (None, "", bucket.region)
    ]
    shown = found[:size]
    asked = any(request.argument(name) is not None for name in BUCKETS_ARGUMENTS)
    return {
        "Owner": {"ID": owner_id(account)},
        "Buckets": {
            "Bucket": [
                {
                    "Name": bucket.name,
                    "CreationDate": iso_milliseconds(bucket.created),
                    "BucketRegion": bucket.region if asked else None,
                }
                for bucket in shown
            ]
        },
        "Prefix": prefix,
        "ContinuationToken": _write_token(shown[-1].name) if len(found) > size and shown else None,
    }


def list_objects(account: Account, bucket: Bucket, request: Incoming) -> JsonValue:
    """The members of `ListBucketResult` (ListObjectsV2)."""
    start_after, token = request.argument("start-after"), request.argument("continuation-token")
    after = _read_token(request) if token is not None else start_after or ""
    with_owner = request.argument("fetch-owner") == "true"
    listing = _listing(account, bucket, request, after, with_owner=with_owner)
    return {
        "StartAfter": listing.encoded(start_after) if start_after else None,
        "ContinuationToken": token,
        "NextContinuationToken": None if listing.next_after is None else _write_token(listing.next_after),
        "KeyCount": len(listing.members["Contents"]) + len(listing.members["CommonPrefixes"]),
        **listing.members,
    }


def list_objects_v1(account: Account, bucket: Bucket, request: Incoming) -> JsonValue:
    """The members of `ListBucketResult` (ListObjects). It names the next page's start only where there is a delimiter;
    without one, that is the last key."""
    marker = request.argument("marker") or ""
    listing = _listing(account, bucket, request, marker, with_owner=True)
    names_next = listing.next_after is not None and request.argument("delimiter")
    return {
        "Marker": listing.encoded(marker),
        "NextMarker": listing.encoded(listing.next_after or "") if names_next else None,
        **listing.members,
    }


def _listing(account: Account, bucket: Bucket, request: Incoming, after: str, *, with_owner: bool) -> _Listing:
    """What both versions of the listing answer with."""
    prefix = request.argument("prefix") or ""
    delimiter = request.argument("delimiter") or ""
    encoding = request.argument("encoding-type")
    if encoding not in (None, "url"):
        raise invalid_argument("Invalid Encoding Method specified in Request", "encoding-type", encoding)
    size = min(_page_size(request, "max-keys", PAGE_SIZE), PAGE_SIZE)
    page = _page(sorted(bucket.objects), prefix, delimiter, after, size)

    def encoded(text: str) -> str:
        return quote(text, safe="/-_.~*") if encoding == "url" else text

    contents = []
    for key in page.keys:
        stored = bucket.objects[key]
        contents.append(
            {
                "Key": encoded(key),
                "LastModified": iso_milliseconds(stored.modified),
                "ETag": f'"{stored.etag}"',
                "Size": len(stored.body),
                "Owner": {"ID": owner_id(account)} if with_owner else None,
                "StorageClass": "STANDARD",
            }
        )
    members: JsonObject = {
        "Name": bucket.name,
        "Prefix": encoded(prefix),
        "Delimiter": encoded(delimiter) if delimiter else None,
        "MaxKeys": size,
        "EncodingType": encoding,
        "IsTruncated": page.next_after is not None,
        "Contents": contents,
        "CommonPrefixes": [{"Prefix": encoded(common)} for common in page.prefixes],
    }
    return _Listing(members=members, next_after=page.next_after, encoded=encoded)


def owner_id(account: Account) -> str:
    """The account's canonical user id: 64 hex digits."""
    return hashlib.sha256(account.account_id.encode()).hexdigest()


def _page(keys: list[str], prefix: str, delimiter: str, after: str, size: int) -> _Page:
    """One page of keys in UTF-8 order, those with the delimiter after the prefix rolled up into common prefixes."""
    shown: list[str] = []
    prefixes: list[str] = []
    last = after
    rolled = delimiter and after.startswith(prefix) and after.endswith(delimiter)
    for key in keys:
        if not key.startswith(prefix) or key <= after or (rolled and key.startswith(after)):
            continue
        head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        common = prefix + head + delimiter if found else ""
        if common and prefixes and prefixes[-1] == common:
            continue
        if len(shown) + len(prefixes) >= size:
            return _Page(keys=shown, prefixes=prefixes, next_after=last if size else None)
        if common:
            prefixes.append(common)
        else:
            shown.append(key)
        last = common or key
    return _Page(keys=shown, prefixes=prefixes, next_after=None)


def _page_size(request: Incoming, name: str, default: int) -> int:
    value = request.argument(name)
    if value is None or value == "":
        return default
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise invalid_argument(f"Provided {name} not an integer or within integer range", name, value)
    return int(value)


def _write_token(after: str) -> str:
    return base64.urlsafe_b64encode(after.encode()).decode()


def _read_token(request: Incoming) -> str:
    token = request.argument("continuation-token")
    if token is None:
        return ""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        message = "The continuation token provided is incorrect"
        raise invalid_argument(message, "continuation-token", token) from error
