"""S3's operations: which one a request asks for, whether the caller may, and what it does."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from app.flow.model import ConditionKeys
from app.world.aws import xml
from app.world.aws.authentication import Caller
from app.world.aws.authorization import authorize, is_allowed
from app.world.aws.entities import Bucket, StoredObject
from app.world.aws.errors import AwsError, not_simulated
from app.world.aws.incoming import Incoming
from app.world.aws.s3 import buckets, errors, objects
from app.world.aws.s3.answers import Answer, document, text
from app.world.aws.s3.chunks import joined
from app.world.aws.s3.deletion import delete_objects
from app.world.aws.s3.listing import (
    BUCKETS_ARGUMENTS,
    LIST_ARGUMENTS,
    list_buckets,
    list_objects,
    list_objects_v1,
)
from app.world.aws.s3.request_headers import (
    COPYING,
    CREATING,
    DELETING,
    LISTING,
    NONE,
    READING,
    SOURCE_OWNER,
    WRITING,
    check,
    check_object_acl,
    check_owner,
    unfolded,
)

_WRITE_KEYS = (
    *("x-amz-acl", "x-amz-copy-source", "x-amz-metadata-directive", "x-amz-server-side-encryption"),
    *("x-amz-storage-class", "if-match", "if-none-match"),
)
"""The headers that are condition keys of `s3:PutObject` (service authorization reference, "Amazon S3")."""


async def call(caller: Caller, request: Incoming) -> Answer:
    """Runs one S3 operation. Raises `AwsError`."""
    request = joined(unfolded(request))
    bucket, key = split_path(request.raw_path)
    arguments = {name for name, _ in request.query if name != "x-id"}
    if not bucket:
        return _service(caller, request, arguments)
    check_owner(request, caller.account.account_id)
    if not key:
        return await _bucket(caller, request, bucket, arguments)
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
    _only(request, arguments, BUCKETS_ARGUMENTS)
    authorize(caller, "s3:ListAllMyBuckets", "arn:aws:s3:::*")
    return document("ListAllMyBucketsResult", list_buckets(caller.account, request))


async def _bucket(caller: Caller, request: Incoming, name: str, arguments: set[str]) -> Answer:
    match request.method:
        case "GET" if "location" in arguments:
            _only(request, arguments, {"location"})
            _may(caller, "s3:GetBucketLocation", name)
            region = _find(caller, name).region
            return text("LocationConstraint", "" if region == "us-east-1" else xml.text(region))
        case "GET" if arguments == {"policy"}:
            _only(request, arguments, {"policy"})
            _may(caller, "s3:GetBucketPolicy", name)
            raise errors.no_such_bucket_policy(_find(caller, name).name)
        case "GET":
            _only(request, arguments, LIST_ARGUMENTS, LISTING)
            given = arguments & {"prefix", "delimiter", "max-keys"}
            keys: ConditionKeys = {f"s3:{name}": request.argument(name) or "" for name in given}
            _may(caller, "s3:ListBucket", name, keys=keys)
            listed = list_objects if request.argument("list-type") == "2" else list_objects_v1
            return document("ListBucketResult", listed(caller.account, _find(caller, name), request))
        case "HEAD":
            _only(request, arguments, set())
            _may(caller, "s3:ListBucket", name)
            return Answer(headers={"x-amz-bucket-region": _find(caller, name).region})
        case "PUT":
            _only(request, arguments, set(), CREATING)
            _may(caller, "s3:CreateBucket", name)
            return buckets.create(caller.account, caller.region, request, name)
        case "DELETE":
            _only(request, arguments, set())
            _may(caller, "s3:DeleteBucket", name)
            buckets.delete(caller.account, _find(caller, name))
            return Answer(status=204)
        case "POST" if "delete" in arguments:
            _only(request, arguments, {"delete"}, DELETING)

            def allow(key: str) -> None:
                _may(caller, "s3:DeleteObject", f"{name}/{key}")

            return document("DeleteResult", await delete_objects(request, _find(caller, name), allow))
    raise _not_simulated(request, arguments) if request.method == "POST" else errors.method_not_allowed(request.method)


def _object(caller: Caller, request: Incoming, name: str, key: str, arguments: set[str]) -> Answer:
    resource = f"{name}/{key}"
    match request.method:
        case "GET" | "HEAD":
            _only(request, arguments, objects.RESPONSE_ARGUMENTS, READING)
            return objects.read(request, _readable(caller, name, key), caller.account.clock.now())
        case "PUT":
            source = request.header("x-amz-copy-source")
            _only(request, arguments, set(), WRITING if source is None else COPYING)
            keys: ConditionKeys = {f"s3:{it}": value for it in _WRITE_KEYS if (value := request.header(it)) is not None}
            _may(caller, "s3:PutObject", resource, keys=keys)
            if request.header("if-match") is not None:
                _may(caller, "s3:GetObject", resource)
            check_object_acl(request)
            bucket = _find(caller, name)
            if source is None:
                return objects.write(caller.account, request, bucket, key)
            check_owner(request, caller.account.account_id, SOURCE_OWNER)
            return objects.copy(caller.account, request, _source(caller, source), bucket, key)
        case "DELETE":
            _only(request, arguments, set())
            _may(caller, "s3:DeleteObject", resource)
            if request.header("if-match") is not None:
                raise errors.not_implemented("If-Match")
            _find(caller, name).objects.pop(key, None)
            return Answer(status=204)
    raise _not_simulated(request, arguments) if request.method == "POST" else errors.method_not_allowed(request.method)


def _readable(caller: Caller, name: str, key: str) -> StoredObject:
    """The object, which the caller may read. One who may not list the bucket does not learn what is missing in it."""
    _may(caller, "s3:GetObject", f"{name}/{key}")
    found = _find(caller, name).objects.get(key)
    if found is None:
        if not is_allowed(caller, "s3:ListBucket", f"arn:aws:s3:::{name}"):
            _may(caller, "s3:ListBucket", name)
        raise errors.no_such_key(key)
    return found


def _source(caller: Caller, source: str) -> StoredObject:
    """The object that is to be copied. Raises `AwsError`, also for a version: here objects have none."""
    path, _, version = source.removeprefix("/").partition("?versionId=")
    if version not in ("", "null"):
        raise errors.invalid_argument("Invalid version id specified", "versionId", version)
    name, key = split_path("/" + path)
    _may(caller, "s3:GetObject", f"{name}/{key}")
    found = _find(caller, name).objects.get(key)
    if found is None:
        raise errors.no_such_key(key)
    return found


def _may(caller: Caller, action: str, resource: str, keys: ConditionKeys | None = None) -> None:
    arn = f"arn:aws:s3:::{resource}"
    authorize(caller, action, arn, named=f'"{arn}"', keys=keys)


def _find(caller: Caller, name: str) -> Bucket:
    try:
        return caller.account.buckets[name]
    except KeyError:
        raise errors.no_such_bucket(name) from None


def _only(request: Incoming, arguments: set[str], known: set[str], headers: re.Pattern[str] = NONE) -> None:
    """Raises `NotSimulated` for a subresource or an option that is not here, `NotImplemented` for a header."""
    if arguments - known:
        raise _not_simulated(request, arguments - known)
    check(request, headers)


def _not_simulated(request: Incoming, arguments: set[str]) -> AwsError:
    return not_simulated("s3", f"{request.method} ?{'&'.join(sorted(arguments))}")
