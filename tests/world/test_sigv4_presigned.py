"""Presigned requests: the signature in the query string."""

import datetime
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.world.aws_world import ACCOUNT, REGION, aws_fixture, aws_server  # noqa: F401

IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture(name="credentials")
def session_credentials(aws):
    return aws.assume()["Credentials"]


# Presigned requests


def presigned(aws, monkeypatch, *, at=0.0, expires=60):
    moment = datetime.datetime.fromtimestamp(time.time() + at, datetime.UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: moment)
    key = aws.mine.admin
    request = AWSRequest("GET", f"{aws.url}/?{IDENTITY.decode()}")
    SigV4QueryAuth(Credentials(key.access_key_id, key.secret_access_key), "sts", REGION, expires).add_auth(request)
    return request.url


def test_a_presigned_caller_identity(aws, monkeypatch, credentials):
    """What `aws eks get-token` sends to the API server."""
    assert f"<Account>{ACCOUNT}</Account>" in httpx.get(presigned(aws, monkeypatch)).text
    url = aws.client("sts", credentials).generate_presigned_url("get_caller_identity", HttpMethod="GET")
    assert "assumed-role/s3-reader/session" in httpx.get(url).text


def test_a_presigned_request_that_is_too_old(aws, monkeypatch):
    assert "Signature expired: " in httpx.get(presigned(aws, monkeypatch, at=-910)).text


def test_presigned_objects(aws, monkeypatch):
    s3 = aws.client("s3", signature_version="s3v4", region="us-east-1")
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="a b/ü?&#.txt", Body=b"hello")
    url = s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "a b/ü?&#.txt"}, ExpiresIn=60)
    assert httpx.get(url).content == b"hello"
    assert httpx.get(url + "0").status_code == 403
    assert httpx.get(url.replace("%C3%BC", "u")).status_code == 403
    assert "SignatureDoesNotMatch" in httpx.put(url, content=b"changed").text
    upload = s3.generate_presigned_url("put_object", {"Bucket": "bucket", "Key": "x"})
    copy = {"x-amz-tagging": "a=b", "x-amz-copy-source": "bucket/y", "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    answer = httpx.put(upload, headers={**copy, "x-amzn-trace-id": "x"})
    assert answer.status_code == 403
    assert (
        "<Code>AccessDenied</Code><Message>There were headers present in the request which were not signed</Message>"
        "<HeadersNotSigned>x-amz-copy-source, x-amz-tagging</HeadersNotSigned>"
    ) in answer.text
    assert httpx.put(upload, content=b"z", headers={"x-amzn-trace-id": "x"}).status_code == 200
    now = time.time()
    monkeypatch.setattr("app.world.aws.authentication.time.time", lambda: now + 62)
    answer = httpx.get(url)
    assert answer.status_code == 403
    assert "<Message>Request has expired</Message><X-Amz-Expires>60</X-Amz-Expires>" in answer.text
    monkeypatch.setattr("app.world.aws.authentication.time.time", lambda: now - 1000)
    assert "Request is not valid yet" in httpx.get(url).text


@pytest.mark.parametrize(
    ("expires", "code"),
    [("604801", "AuthorizationQueryParametersError"), ("soon", "AuthorizationQueryParametersError")],
)
def test_presigned_for_too_long(aws, expires, code):
    s3 = aws.client("s3", signature_version="s3v4")
    url = s3.generate_presigned_url("list_buckets", ExpiresIn=60).replace(
        "X-Amz-Expires=60", f"X-Amz-Expires={expires}"
    )
    answer = httpx.get(url)
    assert answer.status_code == 400
    assert code in answer.text


def test_a_presigned_request_with_a_part_missing(aws, monkeypatch):
    url = presigned(aws, monkeypatch)
    for name in parse_qs(urlsplit(url).query):
        if name in ("X-Amz-Credential", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Signature"):
            answer = httpx.get(url.replace(name, "X-Other"))
            assert f"AWS query-string parameters must include '{name}'." in answer.text


def test_version_2_signatures_are_no_more(aws):
    answer = httpx.get(f"{aws.url}/bucket/key", headers={"Authorization": "AWS AKIAIOSFODNN7EXAMPLE:signature"})
    assert "Please use AWS4-HMAC-SHA256." in answer.text
    assert answer.status_code == 400
