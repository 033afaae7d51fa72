"""S3's buckets: how one is made and deleted. Whether the caller may was asked before.

Source: S3 API reference, CreateBucket.
"""

from __future__ import annotations

import re

from app.world.aws.account import Account
from app.world.aws.entities import Bucket
from app.world.aws.errors import AwsError, not_simulated
from app.world.aws.incoming import Incoming
from app.world.aws.s3 import errors
from app.world.aws.s3.answers import Answer
from app.world.aws.s3.request_headers import check_bucket_acl

BUCKET_LIMIT = 100

_NAME = re.compile(
    r"(?![0-9]+(\.[0-9]+){3}$)(?=.{3,63}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*"
)
"""Labels between dots, and no IPv4 address (S3 user guide, "General purpose bucket naming rules")."""
_CONFIGURATION = re.compile(
    rb"\s*(?:<\?xml[^<>]*\?>\s*)?<CreateBucketConfiguration[^<>]*(?:/>|>(.*)</CreateBucketConfiguration>)\s*", re.DOTALL
)
_LOCATION = re.compile(rb"(?:<LocationConstraint[^<>]*(?:/>|>([^<>]{0,64})</LocationConstraint>))?")
_REGION = re.compile(r"[a-z]{2}(?:-gov)?-[a-z]+-[0-9]")
_LEGACY = "us-east-1"
"""The region of S3's first endpoint: it takes the names of all others."""


def create(account: Account, region: str, request: Incoming, name: str) -> Answer:
    """CreateBucket, at a region's endpoint. Raises `AwsError`."""
    if not _NAME.fullmatch(name):
        raise AwsError(400, "InvalidBucketName", "The specified bucket is not valid.", {"BucketName": name})
    constraint = _constraint(request.body)
    if region != _LEGACY and constraint != region:
        given = f"{constraint or 'unspecified'} location constraint"
        message = f"The {given} is incompatible for the region specific endpoint this request was sent to."
        raise AwsError(400, "IllegalLocationConstraintException", message)
    if constraint and (constraint == _LEGACY or not _REGION.fullmatch(constraint)):
        details = {"LocationConstraint": constraint}
        raise AwsError(400, "InvalidLocationConstraint", "The specified location-constraint is not valid", details)
    check_bucket_acl(request)
    location = f"http://{name}.s3.amazonaws.com/" if constraint else f"/{name}"
    if (held := account.buckets.get(name)) is not None:
        if not constraint and held.region == _LEGACY:
            return Answer(headers={"Location": location})
        message = "Your previous request to create the named bucket succeeded and you already own it."
        raise AwsError(409, "BucketAlreadyOwnedByYou", message, {"BucketName": name})
    if len(account.buckets) >= BUCKET_LIMIT:
        raise AwsError(400, "TooManyBuckets", "You have attempted to create more buckets than allowed")
    account.buckets[name] = Bucket(name=name, region=constraint or _LEGACY, created=account.clock.now())
    return Answer(headers={"Location": location})


def delete(account: Account, bucket: Bucket) -> None:
    """DeleteBucket. Raises `BucketNotEmpty`."""
    if bucket.objects:
        message = "The bucket you tried to delete is not empty"
        raise AwsError(409, "BucketNotEmpty", message, {"BucketName": bucket.name})
    del account.buckets[bucket.name]


def _constraint(body: bytes) -> str:
    """The region that a body asks for; empty where it asks for none. Raises `MalformedXML`, and `NotSimulated` for what
    else a bucket may be made with, such as tags."""
    if not body.strip():
        return ""
    outer = _CONFIGURATION.fullmatch(body)
    if outer is None:
        raise errors.malformed_xml()
    inner = _LOCATION.fullmatch((outer[1] or b"").strip())
    if inner is None:
        raise not_simulated("s3", "CreateBucket with more than a LocationConstraint")
    return (inner[1] or b"").decode("utf-8", "replace")
