"""The headers of S3's own. Those that an operation does not have here are refused, never ignored.

Sources: S3 API reference, CreateBucket, GetObject, PutObject and CopyObject; S3 user guide, "Controlling ownership of
objects and disabling ACLs for your bucket" and "Verifying bucket ownership with bucket owner condition".
"""

from __future__ import annotations

import re
from dataclasses import replace

from app.world.aws.errors import AwsError, access_denied
from app.world.aws.incoming import Incoming
from app.world.aws.s3 import errors

OWNER = "x-amz-expected-bucket-owner"
SOURCE_OWNER = "x-amz-source-expected-bucket-owner"

_EVERY = re.compile(f"x-amz-(content-sha256|date|security-token|user-agent|request-payer)|{OWNER}")
NONE = re.compile("(?!)")
LISTING = re.compile("x-amz-optional-object-attributes")
READING = re.compile("x-amz-checksum-mode")
_WRITE = "acl|grant-.*|meta-.*|storage-class|server-side-encryption"
_SUM = "sdk-checksum-algorithm|checksum-(crc32c?|crc64nvme|sha1|sha256)"
WRITING = re.compile(f"x-amz-({_WRITE}|{_SUM}|trailer|decoded-content-length)")
DELETING = re.compile(f"x-amz-({_SUM})")
COPYING = re.compile(f"x-amz-({_WRITE}|copy-source|metadata-directive|tagging-directive)|{SOURCE_OWNER}")
CREATING = re.compile("x-amz-(acl|grant-.*|object-ownership|bucket-object-lock-enabled)")
"""Which headers kinds of operations have beside those that all have."""
_ONLY = {
    "x-amz-storage-class": "STANDARD",
    "x-amz-server-side-encryption": "AES256",
    "x-amz-object-ownership": "BucketOwnerEnforced",
    "x-amz-bucket-object-lock-enabled": "false",
}
"""Settings that have one value here, S3's default."""
_SIGNING = frozenset(
    "x-amz-algorithm x-amz-credential x-amz-date x-amz-expires x-amz-signedheaders x-amz-signature "
    "x-amz-security-token x-amz-content-sha256".split()
)
_CHECKSUM = re.compile("x-amz-(sdk-)?checksum-.*")


def unfolded(request: Incoming) -> Incoming:
    """The request without a signature in its query, and with the headers that the signer of a URL has put there.

    There SDKs also put the checksum of a body that they did not have yet. S3 ignores it, as users report
    (aws/aws-sdk#480, localstack/localstack#12169).
    """
    if request.argument("X-Amz-Algorithm") is None:
        return request
    own = [(name.lower(), value) for name, value in request.query if name.lower().startswith("x-amz-")]
    folded = [(name, value) for name, value in own if name not in _SIGNING and not _CHECKSUM.fullmatch(name)]
    query = tuple(pair for pair in request.query if not pair[0].lower().startswith("x-amz-"))
    return replace(request, query=query, headers=(*request.headers, *folded))


def check(request: Incoming, known: re.Pattern[str]) -> None:
    """Raises `NotImplemented` for a header of S3's own that the operation does not have here, and for a value of it."""
    for name, value in request.headers:
        if not name.startswith("x-amz-") or _EVERY.fullmatch(name):
            continue
        if not known.fullmatch(name) or _ONLY.get(name, value) != value:
            raise errors.not_implemented(name)


def check_owner(request: Incoming, account_id: str, name: str = OWNER) -> None:
    """Raises `AccessDenied` where the bucket's owner is not the account that the header expects."""
    expected = request.header(name)
    if expected is None:
        return
    if not re.fullmatch("[0-9]{12}", expected):
        message = "The value of the expected bucket owner parameter must be an AWS account ID."
        raise AwsError(400, "InvalidBucketOwnerAWSAccountID", message)
    if expected != account_id:
        raise access_denied("Access Denied")


def check_bucket_acl(request: Incoming) -> None:
    """Raises `InvalidBucketAclWithObjectOwnership`: buckets have no ACL beside `private`, S3's default since 2023."""
    if not _is_acl(request, {"private"}):
        message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
        raise AwsError(400, "InvalidBucketAclWithObjectOwnership", message)


def check_object_acl(request: Incoming) -> None:
    """Raises `AccessControlListNotSupported` for an ACL that would give anyone but the bucket's owner something.

    That `private` is accepted from the owner's account is what users report (thephpleague/flysystem#1904).
    """
    if not _is_acl(request, {"private", "bucket-owner-full-control"}):
        raise AwsError(400, "AccessControlListNotSupported", "The bucket does not allow ACLs")


def _is_acl(request: Incoming, allowed: set[str]) -> bool:
    granted = any(name.startswith("x-amz-grant-") for name, _ in request.headers)
    return not granted and request.header("x-amz-acl") in {None, *allowed}
