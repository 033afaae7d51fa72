"""S3's operations: which one a request asks for, whether the caller may, and what it does."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from app.flow.model import ConditionKeys
from app.world.aws import xml
from app.world.aws.authentication import Caller
from app.world.aws.authorization import authorize, is_allowed
from app.world.aws.entities import Bucket, StoredObject
from app.world.aws.errors import AwsError, not_simulated
from app.world.aws.incoming import Incoming
from app.world.aws.s3 import errors
from app.world.aws.s3.listing import list_buckets, list_objects, list_objects_v1
from app.world.aws.times import http_date, iso_milliseconds

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
BUCKET_LIMIT = 100
OBJECT_LIMIT = 500
"""Objects of all the account's buckets together."""
STORED_LIMIT = 1024 * 1024
"""Bytes of all the account's objects together."""
KEY_LIMIT = 1024
"""Bytes of a key in UTF-8."""

DEFAULT_TYPE = "binary/octet-stream"

_HEADER_TEXT = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,255}")
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LOCATION = re.compile(rb"<LocationConstraint[^<>]*>([^<]{0,64})<")
_LIST_ARGUMENTS = {
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
_BUCKETS_ARGUMENTS = {"prefix", "max-buckets", "continuation-token"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A successful answer: XML, an object's bytes, or nothing."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def call(caller: Caller, request: Incoming) -> Answer:
    """Runs one S3 operation. Raises `AwsError`."""
    bucket, key = split_path(request.raw_path)
    arguments = {name for name, _ in request.query if not name.startswith("X-Amz-") and name != "x-id"}
    if not bucket:
        return _service(caller, request, arguments)
    if not key:
        return _bucket(caller, request, bucket, arguments)
    return _object(caller, request, bucket, key, arguments)


def split_path(raw_path: str) -> tuple[str, str]:
    """Bucket and key of a path; empty where the path has none. Raises `InvalidURI`."""
    bucket, _, key = raw_path.removeprefix("/").partition("/")
    try:
        return unquote_to_bytes(bucket).decode(), unquote_to_bytes(key).decode()
    except ValueError as error:
        raise AwsError(400, "InvalidURI", "Couldn't parse the specified URI.", {"URI": raw_path}) from error


def _service(caller: Caller, request: Incoming, arguments: set[str]) -> Answer:
    if request.method != "GET":
        raise errors.method_not_allowed(request.method)
    _only(request, arguments, _BUCKETS_ARGUMENTS)
    authorize(caller, "s3:ListAllMyBuckets", "arn:aws:s3:::*")
    return _xml("ListAllMyBucketsResult", xml.content(list_buckets(caller.account, request), item=None))


def _bucket(caller: Caller, request: Incoming, name: str, arguments: set[str]) -> Answer:
    match request.method:
        case "GET" if "location" in arguments:
            _only(request, arguments, {"location"})
            _may(caller, "s3:GetBucketLocation", name)
            region = _find(caller, name).region
            return _xml("LocationConstraint", "" if region == "us-east-1" else xml.text(region))
        case "GET" if arguments == {"policy"}:
            _may(caller, "s3:GetBucketPolicy", name)
            raise errors.no_such_bucket_policy(_find(caller, name).name)
        case "GET":
            _only(request, arguments, _LIST_ARGUMENTS)
            given = arguments & {"prefix", "delimiter", "max-keys"}
            keys: ConditionKeys = {f"s3:{name}": request.argument(name) or "" for name in given}
            _may(caller, "s3:ListBucket", name, keys=keys)
            listed = list_objects if request.argument("list-type") == "2" else list_objects_v1
            return _xml(
                "ListBucketResult", xml.content(listed(caller.account, _find(caller, name), request), item=None)
            )
        case "HEAD":
            _may(caller, "s3:ListBucket", name)
            return Answer(headers={"x-amz-bucket-region": _find(caller, name).region})
        case "PUT":
            _only(request, arguments, set())
            _may(caller, "s3:CreateBucket", name)
            return _create(caller, request, name)
        case "DELETE":
            _only(request, arguments, set())
            _may(caller, "s3:DeleteBucket", name)
            if _find(caller, name).objects:
                message = "The bucket you tried to delete is not empty"
                raise AwsError(409, "BucketNotEmpty", message, {"BucketName": name})
            del caller.account.buckets[name]
            return Answer(status=204)
    raise _not_simulated(request, arguments) if request.method == "POST" else errors.method_not_allowed(request.method)


def _object(caller: Caller, request: Incoming, name: str, key: str, arguments: set[str]) -> Answer:
    resource = f"{name}/{key}"
    match request.method:
        case "GET" | "HEAD":
            _only(request, arguments, set())
            _may(caller, "s3:GetObject", resource)
            found = _find(caller, name).objects.get(key)
            if found is None:
                if not is_allowed(caller, "s3:ListBucket", f"arn:aws:s3:::{name}"):
                    _may(caller, "s3:ListBucket", name)
                raise errors.no_such_key(key)
            headers = {
                "Content-Type": found.content_type,
                "ETag": f'"{found.etag}"',
                "Last-Modified": http_date(found.modified),
            }
            return Answer(headers=headers, body=found.body)
        case "PUT":
            _only(request, arguments, set())
            _may(caller, "s3:PutObject", resource)
            if (source := request.header("x-amz-copy-source")) is not None:
                return _copy(caller, request, source, _find(caller, name), key)
            content_type = request.header("content-type") or ""
            stored = _store(caller, request, _find(caller, name), key, request.body, content_type)
            return Answer(headers={"ETag": f'"{stored.etag}"'})
        case "DELETE":
            _only(request, arguments, set())
            _may(caller, "s3:DeleteObject", resource)
            _find(caller, name).objects.pop(key, None)
            return Answer(status=204)
    raise _not_simulated(request, arguments) if request.method == "POST" else errors.method_not_allowed(request.method)


def _create(caller: Caller, request: Incoming, name: str) -> Answer:
    account, region = caller.account, caller.region
    if not _BUCKET_NAME.fullmatch(name) or ".." in name:
        raise AwsError(400, "InvalidBucketName", "The specified bucket is not valid.", {"BucketName": name})
    found = _LOCATION.search(request.body)
    constraint = found[1].decode("utf-8", "replace") if found else ""
    if region != "us-east-1" and constraint != region:
        given = f"{constraint or 'unspecified'} location constraint"
        message = f"The {given} is incompatible for the region specific endpoint this request was sent to."
        raise AwsError(400, "IllegalLocationConstraintException", message)
    if name in account.buckets:
        message = "Your previous request to create the named bucket succeeded and you already own it."
        raise AwsError(409, "BucketAlreadyOwnedByYou", message, {"BucketName": name})
    if len(account.buckets) >= BUCKET_LIMIT:
        raise AwsError(400, "TooManyBuckets", "You have attempted to create more buckets than allowed")
    account.buckets[name] = Bucket(name=name, region=constraint or "us-east-1", created=account.clock.now())
    location = f"http://{name}.s3.amazonaws.com/" if constraint else f"/{name}"
    return Answer(headers={"Location": location})


def _copy(caller: Caller, request: Incoming, source: str, bucket: Bucket, key: str) -> Answer:
    """CopyObject: what it reads needs `s3:GetObject`. Versions and directives for the metadata are not modelled."""
    name, from_key = split_path("/" + source.removeprefix("/").partition("?versionId=")[0])
    _may(caller, "s3:GetObject", f"{name}/{from_key}")
    found = _find(caller, name).objects.get(from_key)
    if found is None:
        raise errors.no_such_key(from_key)
    stored = _store(caller, request, bucket, key, found.body, found.content_type)
    members = {"ETag": f'"{stored.etag}"', "LastModified": iso_milliseconds(stored.modified)}
    return _xml("CopyObjectResult", xml.content(members, item=None))


def _store(caller: Caller, request: Incoming, bucket: Bucket, key: str, body: bytes, content_type: str) -> StoredObject:
    if (request.header("content-encoding") or "").startswith("aws-chunked"):
        raise errors.not_implemented("Content-Encoding")
    size = len(key.encode())
    if size > KEY_LIMIT:
        details = {"Size": str(size), "MaxSizeAllowed": str(KEY_LIMIT)}
        raise AwsError(400, "KeyTooLongError", "Your key is too long", details)
    others = [
        stored
        for held in caller.account.buckets.values()
        for name, stored in held.objects.items()
        if (held.name, name) != (bucket.name, key)
    ]
    used = sum(len(stored.body) for stored in others)
    if len(others) >= OBJECT_LIMIT or used + len(body) > STORED_LIMIT:
        raise errors.too_large(len(body), max(0, STORED_LIMIT - used))
    stored = StoredObject(
        body=body,
        content_type=content_type if _HEADER_TEXT.fullmatch(content_type) else DEFAULT_TYPE,
        etag=hashlib.md5(body, usedforsecurity=False).hexdigest(),
        modified=caller.account.clock.now(),
    )
    bucket.objects[key] = stored
    return stored


def _may(caller: Caller, action: str, resource: str, keys: ConditionKeys | None = None) -> None:
    arn = f"arn:aws:s3:::{resource}"
    authorize(caller, action, arn, named=f'"{arn}"', keys=keys)


def _find(caller: Caller, name: str) -> Bucket:
    try:
        return caller.account.buckets[name]
    except KeyError:
        raise errors.no_such_bucket(name) from None


def _only(request: Incoming, arguments: set[str], known: set[str]) -> None:
    """Raises `NotSimulated` for a subresource or an option that this S3 does not have."""
    if arguments - known:
        raise _not_simulated(request, arguments - known)


def _not_simulated(request: Incoming, arguments: set[str]) -> AwsError:
    return not_simulated("s3", f"{request.method} ?{'&'.join(sorted(arguments))}")


def _xml(root: str, inner: str) -> Answer:
    body = xml.DECLARATION + xml.document(root, NAMESPACE, [inner])
    return Answer(headers={"Content-Type": "application/xml"}, body=body.encode())
