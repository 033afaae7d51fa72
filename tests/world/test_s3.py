"""S3 through boto3: buckets, objects, listings, and how it refuses."""

import itertools
from xml.etree import ElementTree

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from app.world.aws.s3 import buckets, objects
from tests.world.aws_world import ACCOUNT, REGION, aws_fixture, aws_server, refused  # noqa: F401

pytestmark = pytest.mark.one_world

SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/session"


@pytest.fixture(name="s3")
def s3_client(aws):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="irsa-demo", CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


@pytest.fixture(name="reader")
def reading_client(aws):
    return aws.client("s3", aws.assume()["Credentials"])


def test_buckets(aws, s3, reader):
    made = s3.create_bucket(Bucket="another", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert made["Location"] == "http://another.s3.amazonaws.com/"
    buckets = reader.list_buckets()["Buckets"]
    assert [bucket["Name"] for bucket in buckets] == ["another", "irsa-demo"]
    assert buckets[0]["CreationDate"].timestamp() == int(aws.mine.buckets["another"].created)
    assert s3.get_bucket_location(Bucket="another")["LocationConstraint"] == REGION
    assert s3.head_bucket(Bucket="another")["BucketRegion"] == REGION
    pages = list(s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": 1}))
    assert [page["Buckets"][0]["Name"] for page in pages] == ["another", "irsa-demo"]
    assert [bucket["Name"] for bucket in s3.list_buckets(Prefix="irsa")["Buckets"]] == ["irsa-demo"]
    s3.delete_bucket(Bucket="another")
    with refused("NoSuchBucket", "The specified bucket does not exist", 404):
        s3.delete_bucket(Bucket="another")


def test_buckets_that_cannot_be_made(aws, s3):
    where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
    message = "Your previous request to create the named bucket succeeded and you already own it."
    with refused("BucketAlreadyOwnedByYou", message, 409):
        s3.create_bucket(Bucket="irsa-demo", **where)
    message = (
        "The unspecified location constraint is incompatible for the region specific endpoint this request was sent to."
    )
    with refused("IllegalLocationConstraintException", message, 400):
        s3.create_bucket(Bucket="no-location")
    for name in ("Upper-Case", "a..b", "bad_name", "a.-b", "192.168.5.4"):
        with refused("InvalidBucketName", "The specified bucket is not valid.", 400):
            s3.create_bucket(Bucket=name, **where)
    for number in range(buckets.BUCKET_LIMIT - 1):
        s3.create_bucket(Bucket=f"bucket-{number}", **where)
    with refused("TooManyBuckets", "You have attempted to create more buckets than allowed", 400):
        s3.create_bucket(Bucket="one-more", **where)


def test_objects(s3):
    key = "文書/a b+c&d<e>'\"\r\n.txt"
    put = s3.put_object(Bucket="irsa-demo", Key=key, Body=b"hello", ContentType="text/plain; charset=utf-8")
    found = s3.get_object(Bucket="irsa-demo", Key=key)
    assert found["Body"].read() == b"hello"
    assert found["ContentType"] == "text/plain; charset=utf-8"
    assert found["ETag"] == put["ETag"] == '"5d41402abc4b2a76b9719d911017c592"'
    head = s3.head_object(Bucket="irsa-demo", Key=key)
    assert (head["ContentLength"], head["ETag"]) == (5, put["ETag"])
    listed = s3.list_objects_v2(Bucket="irsa-demo")["Contents"]
    assert [(entry["Key"], entry["Size"]) for entry in listed] == [(key, 5)]
    with refused("BucketNotEmpty", "The bucket you tried to delete is not empty", 409):
        s3.delete_bucket(Bucket="irsa-demo")
    for _ in range(2):
        s3.delete_object(Bucket="irsa-demo", Key=key)
    with refused("NoSuchKey", "The specified key does not exist.", 404):
        s3.get_object(Bucket="irsa-demo", Key=key)
    with refused("404", status=404):
        s3.head_object(Bucket="irsa-demo", Key=key)


def test_a_key_that_xml_cannot_hold_comes_encoded(s3):
    s3.put_object(Bucket="irsa-demo", Key="a\x01b", Body=b"")
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket="irsa-demo")["Contents"]] == ["a\x01b"]


def test_folders_and_pages(s3):
    keys = ["a.txt", "b/1", "b/2", "b/c/3", "d/4", "e.txt", "é.txt"]
    for key in reversed(keys):
        s3.put_object(Bucket="irsa-demo", Key=key, Body=key.encode())
    for size, operation in itertools.product((1, 2, 3, 1000), ("list_objects", "list_objects_v2")):
        paginator = s3.get_paginator(operation)
        options = {"PaginationConfig": {"PageSize": size}, "Bucket": "irsa-demo"}
        pages = list(paginator.paginate(**options))
        assert [entry["Key"] for page in pages for entry in page.get("Contents", [])] == keys
        pages = list(paginator.paginate(Delimiter="/", **options))
        assert [entry["Key"] for page in pages for entry in page.get("Contents", [])] == ["a.txt", "e.txt", "é.txt"]
        assert [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])] == ["b/", "d/"]
        assert all(len(page.get("Contents", [])) + len(page.get("CommonPrefixes", [])) <= size for page in pages)
        assert ("KeyCount" in pages[0]) == (operation == "list_objects_v2")
    below = s3.list_objects_v2(Bucket="irsa-demo", Prefix="b/", Delimiter="/", FetchOwner=True)
    assert [entry["Key"] for entry in below["Contents"]] == ["b/1", "b/2"]
    assert below["CommonPrefixes"] == [{"Prefix": "b/c/"}]
    assert len(below["Contents"][0]["Owner"]["ID"]) == 64
    after = s3.list_objects_v2(Bucket="irsa-demo", StartAfter="d/4")
    assert [entry["Key"] for entry in after["Contents"]] == ["e.txt", "é.txt"]
    none = s3.list_objects_v2(Bucket="irsa-demo", MaxKeys=0)
    assert (none["KeyCount"], none["IsTruncated"]) == (0, False)


@pytest.mark.parametrize(
    "options", [{"MaxKeys": -1}, {"ContinuationToken": "@"}, {"ContinuationToken": "gICA"}, {"EncodingType": "xml"}]
)
def test_listings_that_make_no_sense(s3, options):
    with refused("InvalidArgument", status=400):
        s3.list_objects_v2(Bucket="irsa-demo", **options)


def test_another_accounts_bucket_is_not_there(aws, s3):
    admin = aws.other.admin
    other = aws.client(
        "s3",
        {"AccessKeyId": admin.access_key_id, "SecretAccessKey": admin.secret_access_key, "SessionToken": None},
    )
    with refused("NoSuchBucket", status=404):
        other.list_objects_v2(Bucket="irsa-demo")
    other.create_bucket(Bucket="irsa-demo", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert aws.mine.buckets["irsa-demo"] is not aws.other.buckets["irsa-demo"]


def test_a_read_only_role(s3, reader):
    s3.put_object(Bucket="irsa-demo", Key="a", Body=b"1")
    assert reader.get_object(Bucket="irsa-demo", Key="a")["Body"].read() == b"1"
    for call, action, resource in (
        (lambda: reader.put_object(Bucket="irsa-demo", Key="a", Body=b"2"), "s3:PutObject", "irsa-demo/a"),
        (lambda: reader.delete_object(Bucket="irsa-demo", Key="a"), "s3:DeleteObject", "irsa-demo/a"),
        (lambda: reader.delete_bucket(Bucket="irsa-demo"), "s3:DeleteBucket", "irsa-demo"),
        (lambda: reader.create_bucket(Bucket="new"), "s3:CreateBucket", "new"),
    ):
        message = (
            f'User: {SESSION} is not authorized to perform: {action} on resource: "arn:aws:s3:::{resource}" '
            f"because no identity-based policy allows the {action} action"
        )
        with refused("AccessDenied", message, 403):
            call()


def test_a_caller_who_may_not_list_does_not_learn_what_is_missing(aws, s3, reader):
    document = '{"Version":"2012-10-17","Statement":{"Effect":"%s","Action":"%s","Resource":"*"}}'
    for name, effect, action in (("get", "Allow", "s3:GetObject"), ("no-list", "Deny", "s3:ListBucket")):
        aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName=name, PolicyDocument=document % (effect, action))
    message = (
        f'User: {SESSION} is not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::irsa-demo" '
        "with an explicit deny in an identity-based policy"
    )
    with refused("AccessDenied", message, 403):
        reader.get_object(Bucket="irsa-demo", Key="missing")


def test_prefixes_as_condition_keys(aws, s3, reader):
    aws.call("DetachRolePolicy", RoleName="s3-reader", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    document = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:ListBucket",'
        '"Resource":"arn:aws:s3:::irsa-demo","Condition":{"StringLike":{"s3:prefix":"public/*"}}}}'
    )
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="p", PolicyDocument=document)
    assert reader.list_objects_v2(Bucket="irsa-demo", Prefix="public/")["KeyCount"] == 0
    with refused("AccessDenied"):
        reader.list_objects_v2(Bucket="irsa-demo", Prefix="private/")


def test_a_copy_needs_the_right_to_read_and_to_write(aws, s3, reader):
    s3.put_object(Bucket="irsa-demo", Key="a b/ü", Body=b"hello", ContentType="text/plain")
    source = {"Bucket": "irsa-demo", "Key": "a b/ü"}
    copied = s3.copy_object(Bucket="irsa-demo", Key="copy", CopySource=source)["CopyObjectResult"]
    found = s3.get_object(Bucket="irsa-demo", Key="copy")
    assert (found["Body"].read(), found["ContentType"], found["ETag"]) == (b"hello", "text/plain", copied["ETag"])
    with refused("NoSuchKey", "The specified key does not exist.", 404):
        s3.copy_object(Bucket="irsa-demo", Key="copy", CopySource="irsa-demo/nope")
    for action in ("s3:PutObject", "s3:GetObject"):
        allow = '{"Effect":"Allow","Action":"s3:*","Resource":"*"}'
        document = (
            f'{{"Version":"2012-10-17","Statement":[{allow},{allow.replace("Allow", "Deny").replace("s3:*", action)}]}}'
        )
        aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="p", PolicyDocument=document)
        with pytest.raises(ClientError, match=f"not authorized to perform: {action}"):
            reader.copy_object(Bucket="irsa-demo", Key="copy", CopySource=source)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("get_bucket_acl", {}),
        ("get_bucket_versioning", {}),
        ("get_object_tagging", {"Key": "a"}),
        ("create_multipart_upload", {"Key": "a"}),
        ("delete_objects", {"Delete": {"Objects": [{"Key": "a", "ETag": "b"}]}}),
        ("put_bucket_versioning", {"VersioningConfiguration": {"Status": "Enabled"}}),
        ("delete_object_tagging", {"Key": "a"}),
    ],
)
def test_what_this_s3_does_not_do(aws, s3, reader, operation, parameters):
    client = aws.client("s3", retries={"max_attempts": 0})
    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(Bucket="irsa-demo", **parameters)
    assert caught.value.response["Error"]["Code"] == "NotSimulated"
    assert "This simulated AWS does not have s3 " in caught.value.response["Error"]["Message"]
    with refused("NotSimulated"):  # and not a refusal of s3:CreateBucket, say
        getattr(reader, operation)(Bucket="irsa-demo", **parameters)


def test_a_bucket_has_no_policy(s3):
    with refused("NoSuchBucketPolicy", "The bucket policy does not exist", 404):
        s3.get_bucket_policy(Bucket="irsa-demo")
    with refused("NoSuchBucket"):
        s3.get_bucket_policy(Bucket="irsa-ghost")


def test_what_is_kept_is_bounded(s3):
    megabyte = b"x" * objects.STORED_LIMIT
    for key in s3.list_objects_v2(Bucket="irsa-demo").get("Contents", []):
        s3.delete_object(Bucket="irsa-demo", Key=key["Key"])
    quarter = megabyte[: len(megabyte) // 4 - 147]  # each object has its type and its checksum beside its bytes
    for part in (0, 1, 2, 3, 3):
        s3.put_object(Bucket="irsa-demo", Key=str(part), Body=quarter)
    with refused("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400):
        s3.put_object(Bucket="irsa-demo", Key="4", Body=b"x")
    with refused("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400):
        s3.put_object(Bucket="irsa-demo", Key="3", Body=quarter, Metadata={"a": "b"})
    with refused("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size", 400):
        s3.put_object(Bucket="irsa-demo", Key="4", Body=megabyte + b"x")
    with refused("KeyTooLongError", "Your key is too long", 400):
        s3.put_object(Bucket="irsa-demo", Key="é" * 513, Body=b"")


def test_the_number_of_objects_is_bounded(aws, s3):
    stored = None
    s3.put_object(Bucket="irsa-demo", Key="first", Body=b"")
    held = aws.mine.buckets["irsa-demo"].objects
    stored = held["first"]
    held.update({str(number): stored for number in range(objects.OBJECT_LIMIT - 1)})
    with refused("EntityTooLarge"):
        s3.put_object(Bucket="irsa-demo", Key="more", Body=b"")


def test_an_anonymous_request(aws):
    answer = httpx.get(f"{aws.url}/irsa-demo/a%3Cb")
    error = ElementTree.fromstring(answer.content)  # noqa: S314 (our own answer)
    assert answer.status_code == 403
    assert [child.tag for child in error] == ["Code", "Message", "Resource", "RequestId", "HostId"]
    assert error.findtext("Code") == "AccessDenied"
    assert error.findtext("Message") == "Access Denied"
    assert error.findtext("Resource") == "/irsa-demo/a%3Cb"
    assert error.findtext("RequestId") == answer.headers["x-amz-request-id"]
    assert error.findtext("HostId") == answer.headers["x-amz-id-2"]


def test_methods_that_s3_does_not_have(aws):
    s3 = aws.client("s3", signature_version="s3v4")
    for operation, parameters in (("list_buckets", {}), ("head_bucket", {"Bucket": "b"})):
        url = s3.generate_presigned_url(operation, parameters, HttpMethod="PATCH")
        answer = httpx.patch(url)
        assert (answer.status_code, "<Code>MethodNotAllowed</Code>" in answer.text) == (405, True)


def test_a_path_that_is_no_text(aws):
    admin = aws.mine.admin
    request = AWSRequest("GET", f"{aws.url}/b/%ff")
    S3SigV4Auth(Credentials(admin.access_key_id, admin.secret_access_key), "s3", REGION).add_auth(request)
    answer = httpx.get(request.url, headers=dict(request.headers.items()))
    assert (answer.status_code, "<Code>InvalidURI</Code>" in answer.text) == (400, True)
