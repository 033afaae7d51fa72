"""What SDKs ask of S3 beside the object itself: ranges, conditions, metadata, checksums, ACLs. Nothing is ignored."""

import asyncio
import base64
import datetime
import hashlib
import json
from dataclasses import replace
from types import SimpleNamespace

import httpx
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from app.world.aws.entities import Bucket
from app.world.aws.errors import AwsError
from app.world.aws.incoming import Incoming
from app.world.aws.s3.chunks import joined
from app.world.aws.s3.deletion import delete_objects
from app.world.aws.sigv4 import UNSIGNED_TRAILER
from tests.world.aws_world import OTHER_ACCOUNT, REGION, aws_fixture, aws_server, refused  # noqa: F401

pytestmark = pytest.mark.one_world

BODY = bytes(range(256)) * 8
HELD = {"Bucket": "irsa-demo", "Key": "held"}
PRECONDITION = "At least one of the pre-conditions you specified did not hold"
NOT_IMPLEMENTED = "A header you provided implies functionality that is not implemented"


@pytest.fixture(name="s3")
def s3_client(aws):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="irsa-demo", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(**HELD, Body=BODY)
    return s3


def test_a_download_in_parts_is_the_object(s3, tmp_path):
    """boto3 and `aws s3 cp` download in ranges what is larger than their threshold."""
    target = tmp_path / "held"
    s3.download_file(
        *HELD.values(), str(target), Config=TransferConfig(multipart_threshold=100, multipart_chunksize=99)
    )
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("0-9", 0, 9), ("2040-9999", 2040, 2047), ("2000-", 2000, 2047), ("-3", 2045, 2047)]
)
def test_ranges(s3, asked, first, last):
    answer = s3.get_object(**HELD, Range=f"bytes={asked}")
    assert answer["Body"].read() == BODY[first : last + 1]
    assert answer["ContentRange"] == f"bytes {first}-{last}/2048"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert s3.head_object(**HELD, Range=f"bytes={asked}")["ContentLength"] == last - first + 1


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "bytes=9-3", "bytes=-", "bytes=a-b", "lines=0-1"])
def test_what_s3_takes_for_no_range(s3, asked):
    assert s3.get_object(**HELD, Range=asked)["Body"].read() == BODY


@pytest.mark.parametrize("asked", ["bytes=2048-", "bytes=-0"])
def test_a_range_beyond_the_object(s3, asked):
    with refused("InvalidRange", "The requested range is not satisfiable", 416):
        s3.get_object(**HELD, Range=asked)


def test_conditional_reads(s3):
    etag, other = s3.head_object(**HELD)["ETag"], '"other"'
    written = s3.head_object(**HELD)["LastModified"]
    before, after = written - datetime.timedelta(hours=1), written + datetime.timedelta(hours=1)
    for wrong in ({"IfMatch": other}, {"IfUnmodifiedSince": before}):
        with refused("PreconditionFailed", PRECONDITION, 412):
            s3.get_object(**HELD, **wrong)
    for known in (
        {"IfNoneMatch": etag},
        {"IfModifiedSince": written},
        {"IfNoneMatch": etag, "IfModifiedSince": before},
    ):
        for call in (s3.get_object, s3.head_object):
            with refused("304", status=304):
                call(**HELD, **known)
    for right in (
        {"IfMatch": etag.strip('"')},
        {"IfMatch": etag, "IfUnmodifiedSince": before},
        {"IfNoneMatch": other},
        {"IfNoneMatch": other, "IfModifiedSince": written},
        {"IfModifiedSince": before},
        {"IfModifiedSince": after},
    ):
        assert s3.get_object(**HELD, **right)["Body"].read() == BODY


def test_conditional_writes(s3):
    etag = s3.head_object(**HELD)["ETag"]
    s3.put_object(Bucket="irsa-demo", Key="source", Body=b"new")
    for wrong in ({"IfNoneMatch": "*"}, {"IfMatch": '"other"'}):
        with refused("PreconditionFailed", PRECONDITION, 412):
            s3.put_object(**HELD, **wrong, Body=b"new")
        with refused("PreconditionFailed", PRECONDITION, 412):
            s3.copy_object(**HELD, **wrong, CopySource="irsa-demo/source")
    with refused("NoSuchKey", status=404):
        s3.put_object(Bucket="irsa-demo", Key="none", Body=b"new", IfMatch=etag)
    assert s3.get_object(**HELD)["Body"].read() == BODY
    for unknown in ({"IfNoneMatch": etag}, {"IfMatch": "*"}, {"IfMatch": etag, "IfNoneMatch": "*"}):
        with refused("NotImplemented", NOT_IMPLEMENTED, 501):
            s3.put_object(**HELD, Body=b"new", **unknown)
    with refused("NotImplemented", NOT_IMPLEMENTED, 501):
        s3.delete_object(**HELD, IfMatch=etag)
    s3.put_object(**HELD, Body=b"new", IfMatch=etag)
    s3.put_object(Bucket="irsa-demo", Key="first", Body=b"new", IfNoneMatch="*")


def test_a_write_on_an_etag_needs_the_right_to_read(aws, s3):
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    aws.role("writer", json.loads(aws.mine.roles["s3-reader"].trust_policy))
    aws.call("PutRolePolicy", RoleName="writer", PolicyName="p", PolicyDocument=document)
    writer = aws.client("s3", aws.assume(RoleArn=aws.mine.roles["writer"].arn)["Credentials"])
    writer.put_object(**HELD, Body=b"new")
    with pytest.raises(writer.exceptions.ClientError, match="not authorized to perform: s3:GetObject"):
        writer.put_object(**HELD, Body=b"newer", IfMatch='"x"')


def test_a_policy_may_ask_for_what_a_write_says(aws, s3):
    """The condition by which a bucket's owner asks for encryption."""
    deny = {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*"}
    condition = {"Condition": {"StringNotEquals": {"s3:x-amz-server-side-encryption": "AES256"}}}
    allow = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow, deny | condition]})
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="p", PolicyDocument=document)
    writer = aws.client("s3", aws.assume()["Credentials"])
    with refused("AccessDenied"):
        writer.put_object(**HELD, Body=b"new")
    assert writer.put_object(**HELD, Body=b"new", ServerSideEncryption="AES256")["ServerSideEncryption"] == "AES256"


def test_metadata_is_kept_and_copied(s3):
    kept = {
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="a"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "ja",
        "ContentType": "text/csv",
        "Metadata": {"team": "a", "owner": "b c"},
    }
    until = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    s3.put_object(**HELD, Body=BODY, Expires=until, **kept)
    s3.copy_object(Bucket="irsa-demo", Key="copy", CopySource=HELD)
    for key in ("held", "copy"):
        found = s3.head_object(Bucket="irsa-demo", Key=key)
        assert {name: found[name] for name in kept} == kept
        assert found["Expires"] == until
    replaced = {"MetadataDirective": "REPLACE", "Metadata": {"team": "z"}}
    s3.copy_object(**HELD, CopySource=HELD, **replaced)
    found = s3.head_object(**HELD)
    assert (found["Metadata"], found["ContentType"]) == ({"team": "z"}, "binary/octet-stream")
    assert "CacheControl" not in found
    with refused("InvalidRequest", status=400):
        s3.copy_object(**HELD, CopySource=HELD)
    with refused("InvalidArgument", "Invalid version id specified", 400):
        s3.copy_object(Bucket="irsa-demo", Key="copy", CopySource={**HELD, "VersionId": "x"})
    with refused("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size", 400):
        s3.put_object(**HELD, Body=b"", Metadata={"a": "x" * 2048})
    shown = s3.head_object(**HELD, ResponseContentType="text/plain", ResponseCacheControl="no-store")
    assert (shown["ContentType"], shown["CacheControl"]) == ("text/plain", "no-store")
    with refused("InvalidArgument", "Header value cannot be represented using ISO-8859-1."):
        s3.get_object(**HELD, ResponseContentDisposition="文書\r\n")


def test_checksums_are_compared_kept_and_given_back(s3):
    sha = base64.b64encode(bytes(32)).decode()
    for wrong, code in (
        ({"ChecksumSHA256": sha}, "BadDigest"),
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
        ({"ContentMD5": sha[:22] + "=="}, "BadDigest"),
        ({"ContentMD5": "AAAA"}, "InvalidDigest"),
        ({"ChecksumCRC32": "?"}, "InvalidRequest"),
        ({"ChecksumCRC32": "AAAAAA==", "ChecksumSHA256": sha}, "InvalidRequest"),
    ):
        with refused(code, status=400):
            s3.put_object(**HELD, Body=b"x", **wrong)
    sent = s3.put_object(**HELD, Body=b"hello", ChecksumAlgorithm="SHA1")
    # What Python cannot compute comes back as it came: the AWS CLI's version 2 sends this one.
    s3.put_object(Bucket="irsa-demo", Key="crc64", Body=b"", ChecksumCRC64NVME="AAAAAAAAAAA=")
    assert s3.head_object(**HELD, ChecksumMode="ENABLED")["ChecksumSHA1"] == sent["ChecksumSHA1"]
    asked = {"ChecksumMode": "ENABLED"}
    assert s3.head_object(Bucket="irsa-demo", Key="crc64", **asked)["ChecksumCRC64NVME"] == "AAAAAAAAAAA="
    assert "ChecksumSHA1" not in s3.head_object(**HELD)
    assert s3.get_object(**HELD, Range="bytes=0-1", **asked)["Body"].read() == b"he"


def test_a_body_in_chunks(s3, monkeypatch):
    """As botocore sends each object over https, and aws-sdk-js-v3 each stream."""
    monkeypatch.setattr("botocore.httpchecksum.urlparse", lambda url: SimpleNamespace(scheme="https"))
    sent = []
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: sent.append(dict(request.headers)))
    s3.put_object(**HELD, Body=b"hello", ContentEncoding="gzip")
    assert sent[0]["X-Amz-Content-SHA256"] == b"STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    found = s3.get_object(**HELD)
    assert (found["Body"].read(), found["ContentEncoding"]) == (b"hello", "gzip")
    assert found["ChecksumCRC32"] == "NhCmhg=="
    with refused("BadDigest", "The CRC32 you specified did not match the calculated checksum.", 400):
        s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: spoil(request))
        s3.put_object(**HELD, Body=b"hello")


def spoil(request):
    request.body = b"5\r\nHELLO\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        *((it, "IncompleteBody") for it in (b"", b"5\r\nhel", b"5\r\nhello\r\n", b"hello", b"3\r\nhel\r\n0\r\n\r\n")),
        (b"5\r\nhello\r\n0\r\nx-amz-acl:public-read\r\n\r\n", "MalformedTrailerError"),
        (b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "InvalidChunkSizeError"),
    ],
)
def test_chunks_that_cannot_be_read(body, code):
    headers = (("x-amz-content-sha256", UNSIGNED_TRAILER), ("x-amz-decoded-content-length", "5"))
    with pytest.raises(AwsError, match=code):
        joined(Incoming(method="PUT", raw_path="/irsa-demo/held", query=(), headers=headers, body=body))


def test_several_objects_are_deleted_at_once(aws, s3):
    """As boto3's collections, s3fs and others delete."""
    keys = ["a&b<c>'", "文書/x y", "keep"]
    for key in keys:
        s3.put_object(Bucket="irsa-demo", Key=key, Body=b"")
    allow = {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "*"}
    deny = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::irsa-demo/keep"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow, deny]})
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="p", PolicyDocument=policy)
    deleter = aws.client("s3", aws.assume()["Credentials"])
    wanted = [{"Key": key} for key in (*keys, "none")] + [{"Key": "held", "VersionId": "x"}]
    answer = deleter.delete_objects(Bucket="irsa-demo", Delete={"Objects": wanted})
    assert [it["Key"] for it in answer["Deleted"]] == [*keys[:2], "none"]
    assert [(it["Key"], it["Code"]) for it in answer["Errors"]] == [("keep", "AccessDenied"), ("held", "NoSuchVersion")]
    assert [it["Key"] for it in s3.list_objects_v2(Bucket="irsa-demo")["Contents"]] == ["held", "keep"]
    quiet = s3.delete_objects(Bucket="irsa-demo", Delete={"Objects": [{"Key": "keep"}], "Quiet": True})
    assert "Deleted" not in quiet
    with refused("NoSuchBucket"):
        s3.delete_objects(Bucket="irsa-ghost", Delete={"Objects": [{"Key": "a"}]})


@pytest.mark.parametrize(
    "body",
    [
        *("", "<Delete/>", "<Delete></Delete>", "<Delete>x</Delete>"),
        *(f"<Delete><Object><Key>{key}</Object></Delete>" for key in ("a</Key>x", f"&#{'9' * 5000};</Key>")),
    ],
)
def test_what_is_no_list_of_objects(body):
    content = body.encode()
    headers = (("content-md5", base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()),)
    request = Incoming(method="POST", raw_path="/b", query=(("delete", ""),), headers=headers, body=content)
    bucket = Bucket(name="b", region=REGION, created=0.0)
    for asked, code in ((request, "MalformedXML"), (replace(request, headers=()), "Missing required header")):
        with pytest.raises(AwsError, match=code):
            asyncio.run(delete_objects(asked, bucket, lambda key: None))


def test_a_body_of_unknown_length_is_refused(aws, s3):
    url = aws.client("s3", signature_version="s3v4").generate_presigned_url("put_object", HELD)
    answer = httpx.put(url, content=iter([b"new"]))
    assert (answer.status_code, "<Header>Transfer-Encoding</Header>" in answer.text) == (501, True)


@pytest.mark.parametrize(
    ("operation", "asked", "code"),
    [
        ("put_object", {"ACL": "public-read"}, "AccessControlListNotSupported"),
        ("put_object", {"GrantRead": "id=a"}, "AccessControlListNotSupported"),
        ("put_object", {"StorageClass": "GLACIER"}, "NotImplemented"),
        ("put_object", {"ServerSideEncryption": "aws:kms"}, "NotImplemented"),
        ("put_object", {"Tagging": "a=b"}, "NotImplemented"),
        ("put_object", {"WebsiteRedirectLocation": "/"}, "NotImplemented"),
        ("copy_object", {"CopySource": HELD, "CopySourceIfMatch": '"x"'}, "NotImplemented"),
        ("get_object", {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}, "NotImplemented"),
        ("put_object", {"ExpectedBucketOwner": OTHER_ACCOUNT}, "AccessDenied"),
        ("get_object", {"ExpectedBucketOwner": "me"}, "InvalidBucketOwnerAWSAccountID"),
        ("copy_object", {"CopySource": HELD, "ExpectedSourceBucketOwner": OTHER_ACCOUNT}, "AccessDenied"),
    ],
)
def test_what_s3_is_asked_for_in_vain(s3, operation, asked, code):
    with refused(code):
        getattr(s3, operation)(Bucket="irsa-demo", Key="x" if "CopySource" in asked else "held", **asked)
    assert s3.get_object(**HELD)["Body"].read() == BODY


def test_what_changes_nothing_is_accepted(aws, s3):
    for acl in ("private", "bucket-owner-full-control"):
        s3.put_object(**HELD, Body=b"", ACL=acl, StorageClass="STANDARD", ExpectedBucketOwner=aws.mine.account_id)


def test_how_a_bucket_is_made(s3):
    where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    acl = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
    with refused("InvalidBucketAclWithObjectOwnership", acl, 400):
        s3.create_bucket(Bucket="public", ACL="public-read", **where)
    with refused("NotImplemented"):
        s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True, **where)
    tagged = {"LocationConstraint": REGION, "Tags": [{"Key": "a", "Value": "b"}]}
    with refused("NotSimulated"):
        s3.create_bucket(Bucket="tagged", CreateBucketConfiguration=tagged)
    assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == ["irsa-demo"]


def test_the_first_region_is_another(aws):
    us = aws.client("s3", region="us-east-1")
    for _ in range(2):
        assert us.create_bucket(Bucket="usa")["Location"] == "/usa"
    assert us.get_bucket_location(Bucket="usa")["LocationConstraint"] is None
    for wrong in ("us-east-1", "moon"):
        with refused("InvalidLocationConstraint", "The specified location-constraint is not valid", 400):
            us.create_bucket(Bucket="moon", CreateBucketConfiguration={"LocationConstraint": wrong})
    us.create_bucket(Bucket="europe", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with refused("BucketAlreadyOwnedByYou", status=409):
        us.create_bucket(Bucket="europe")
    (found,) = us.list_buckets(BucketRegion="eu-west-1")["Buckets"]
    assert (found["Name"], found["BucketRegion"]) == ("europe", "eu-west-1")


def test_headers_in_the_query_of_a_presigned_url(aws, s3):
    """As aws-sdk-js-v3 signs URLs: with the checksum of the empty body that it has, which S3 ignores there."""
    admin = aws.mine.admin

    def url(**query):
        request = AWSRequest("PUT", f"{aws.url}/irsa-demo/presigned", params=query)
        S3SigV4QueryAuth(Credentials(admin.access_key_id, admin.secret_access_key), "s3", REGION).add_auth(request)
        return request.prepare().url

    checksum = {"x-amz-checksum-crc32": "AAAAAA==", "x-amz-sdk-checksum-algorithm": "CRC32", "x-id": "PutObject"}
    assert httpx.put(url(**checksum, **{"x-amz-meta-team": "a"}), content=b"hello").status_code == 200
    assert s3.head_object(Bucket="irsa-demo", Key="presigned")["Metadata"] == {"team": "a"}
    assert "AccessControlListNotSupported" in httpx.put(url(**{"x-amz-acl": "public-read"})).text
    assert "<Header>x-amz-tagging</Header>" in httpx.put(url(**{"X-Amz-Tagging": "a=b"})).text
    assert "InvalidArgument" in httpx.put(url(**{"x-amz-meta-team": "a\r\nb"})).text
