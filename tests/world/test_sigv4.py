"""Authentication of signed requests: signatures, their age, session tokens, and the end of sessions."""

import datetime
import html
import time
from email.utils import formatdate, parsedate_to_datetime

import httpx
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from app.world.aws.access_keys import account_of, new_access_key_id
from app.world.aws.times import compact
from tests.world.aws_world import ACCOUNT, OTHER_ACCOUNT, REGION, aws_fixture, aws_server, refused  # noqa: F401

IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
UNKNOWN_QUERY = ("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
UNKNOWN_S3 = ("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403)
MISMATCH = (
    "SignatureDoesNotMatch",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details.",
    403,
)


@pytest.fixture(name="credentials")
def session_credentials(aws):
    return aws.assume()["Credentials"]


def signed(
    aws, monkeypatch, *, at=0.0, service="sts", method="POST", path="/", body=IDENTITY, headers=FORM, signer=None
):
    """A request that botocore signs as if the wall clock were `at` seconds off."""
    moment = datetime.datetime.fromtimestamp(time.time() + at, datetime.UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: moment)
    request = AWSRequest(method, aws.url + path, headers=headers, data=body)
    key = aws.mine.admin
    (signer or SigV4Auth)(Credentials(key.access_key_id, key.secret_access_key), service, REGION).add_auth(request)
    return request


def send(request, **headers):
    return httpx.request(
        request.method, request.url, content=request.data, headers={**dict(request.headers.items()), **headers}
    )


def test_an_access_key_id_names_its_account():
    for account_id in ("000000000000", "111122223333", "999999999999"):
        assert account_of(new_access_key_id("ASIA", account_id)) == account_id
    assert account_of("ASIAQNZGKIQY56JQ7WML") == "029608264753"  # An example from a public write-up.
    assert account_of("AKIA") is None
    assert account_of("AKIA!!!!!!!!!!!!!!!!") is None
    assert account_of("") is None


@pytest.mark.parametrize(
    ("service", "operation", "expected"),
    [
        ("sts", "get_caller_identity", UNKNOWN_QUERY),
        ("iam", "list_roles", UNKNOWN_QUERY),
        ("s3", "list_buckets", UNKNOWN_S3),
    ],
)
@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", new_access_key_id("ASIA", ACCOUNT), "none"], ids=range(3))
def test_an_unknown_key(aws, service, operation, expected, key):
    given = {"AccessKeyId": key, "SecretAccessKey": "secret", "SessionToken": None}
    with refused(*expected):
        getattr(aws.client(service, given), operation)()


@pytest.mark.parametrize("service", ["sts", "s3"])
def test_a_wrong_secret(aws, credentials, service):
    operation = "get_caller_identity" if service == "sts" else "list_buckets"
    expected = (
        MISMATCH
        if service == "sts"
        else (
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            403,
        )
    )
    with refused(*expected):
        getattr(aws.client(service, credentials | {"SecretAccessKey": "another"}), operation)()


def test_s3_says_what_should_have_been_signed_but_no_secret(aws, credentials):
    with pytest.raises(ClientError) as caught:
        aws.client("s3", credentials | {"SecretAccessKey": "another"}).list_buckets()
    error = caught.value.response["Error"]
    assert error["StringToSign"].startswith("AWS4-HMAC-SHA256\n")
    assert error["AWSAccessKeyId"] == credentials["AccessKeyId"]
    assert credentials["SessionToken"] not in str(error)


@pytest.mark.parametrize(
    ("token", "s3"),
    [
        (None, UNKNOWN_S3),
        ("garbage", ("InvalidToken", "The provided token is malformed or otherwise invalid.", 400)),
        ("another session's", UNKNOWN_S3),
    ],
)
def test_a_session_token_that_is_not_the_keys(aws, credentials, token, s3):
    if token == "another session's":
        token = aws.assume()["Credentials"]["SessionToken"]
    wrong = credentials | {"SessionToken": token}
    with refused(*UNKNOWN_QUERY):
        aws.client("sts", wrong).get_caller_identity()
    with refused(*s3):
        aws.client("s3", wrong).list_buckets()


def test_the_learners_key_comes_without_a_token(aws, credentials):
    admin = aws.mine.admin
    given = {
        "AccessKeyId": admin.access_key_id,
        "SecretAccessKey": admin.secret_access_key,
        "SessionToken": credentials["SessionToken"],
    }
    with refused(*UNKNOWN_QUERY):
        aws.client("sts", given).get_caller_identity()


def test_a_session_ends_by_the_worlds_clock(aws, credentials):
    aws.clock.move(3590)
    aws.client("sts", credentials).get_caller_identity()
    aws.clock.move(11)
    with refused("ExpiredToken", "The security token included in the request is expired", 403):
        aws.client("sts", credentials).get_caller_identity()
    with refused("ExpiredToken", "The provided token has expired.", 400):
        aws.client("s3", credentials).list_buckets()
    aws.clock.move(-3600)
    aws.client("sts", credentials).get_caller_identity()


@pytest.mark.parametrize(("at", "status"), [(0, 200), (86400, 200), (3600, 403)])
def test_a_signature_is_of_the_clients_clock_or_of_the_worlds_which_date_shows(aws, monkeypatch, at, status):
    aws.clock.move(86400)
    answer = send(signed(aws, monkeypatch, at=at))
    assert answer.status_code == status
    (date,) = answer.headers.get_list("date")
    assert parsedate_to_datetime(date).timestamp() == aws.clock.now()


def test_a_session_ends_with_its_role(aws, credentials):
    """A role recreated under the same name is another role."""
    trust = aws.mine.roles["s3-reader"].trust_policy
    del aws.mine.roles["s3-reader"]
    for again in (False, True):
        if again:
            aws.call("CreateRole", RoleName="s3-reader", AssumeRolePolicyDocument=trust)
        with refused(*UNKNOWN_QUERY):
            aws.client("sts", credentials).get_caller_identity()
        with refused(*UNKNOWN_S3):
            aws.client("s3", credentials).list_buckets()


def test_a_key_reaches_its_own_account_only(aws):
    admin = aws.other.admin
    given = {"AccessKeyId": admin.access_key_id, "SecretAccessKey": admin.secret_access_key, "SessionToken": None}
    assert aws.client("sts", given).get_caller_identity()["Account"] == OTHER_ACCOUNT
    assert aws.client("iam", given).list_roles()["Roles"] == []
    aws.client("s3", region="us-east-1").create_bucket(Bucket="mine")
    with refused("NoSuchBucket", status=404):
        aws.client("s3", given).list_objects_v2(Bucket="mine")


# The age of a signature, by the wall clock


@pytest.mark.parametrize(("at", "status"), [(-900, 200), (900, 200), (-901, 403), (901, 403)])
def test_fifteen_minutes(aws, monkeypatch, at, status):
    now = int(time.time())
    monkeypatch.setattr("app.world.aws.authentication.time.time", lambda: now)
    answer = send(signed(aws, monkeypatch, at=at))
    assert answer.status_code == status
    if status == 403:
        text = "Signature expired: " if at < 0 else "Signature not yet current: "
        assert f"{text}{compact(now + at)} is " in answer.text
        assert "15 min.)" in answer.text


@pytest.mark.parametrize("at", [-910, 910])
def test_s3_calls_it_skew(aws, monkeypatch, at):
    answer = send(signed(aws, monkeypatch, at=at, service="s3", method="GET", body=b"", headers={}, signer=S3SigV4Auth))
    assert answer.status_code == 403
    assert "<Code>RequestTimeTooSkewed</Code>" in answer.text
    assert "The difference between the request time and the current time is too large." in answer.text


@pytest.fixture
def in_tokyo(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_date_header_will_do(aws, monkeypatch, in_tokyo):
    """botocore ends it with `-0000`, which is no time of the server's own zone."""
    request = signed(aws, monkeypatch, headers={**FORM, "Date": formatdate(usegmt=True)})
    assert "X-Amz-Date" not in request.headers
    assert send(request).status_code == 200


# What is signed


def test_a_body_that_was_changed(aws, monkeypatch):
    request = signed(aws, monkeypatch)
    request.data = IDENTITY.replace(b"GetCallerIdentity", b"GetSessionToken")
    assert send(request).status_code == 403


def test_a_signed_header_that_was_changed(aws, monkeypatch):
    answer = send(signed(aws, monkeypatch), **{"content-type": "application/x-www-form-urlencoded; charset=utf-8"})
    assert "SignatureDoesNotMatch" in answer.text


def test_the_host_is_signed(aws, monkeypatch):
    class WithoutHost(SigV4Auth):
        def headers_to_sign(self, request):
            found = super().headers_to_sign(request)
            del found["host"]
            return found

    answer = send(signed(aws, monkeypatch, signer=WithoutHost))
    assert answer.status_code == 403
    assert "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization." in html.unescape(answer.text)


def test_headers_that_are_not_signed_may_change(aws, monkeypatch):
    assert send(signed(aws, monkeypatch), **{"x-proxy": "added"}).status_code == 200


def test_a_body_other_than_its_announced_hash(aws, monkeypatch):
    request = signed(aws, monkeypatch, service="s3", method="PUT", path="/bucket/key", body=b"one", signer=S3SigV4Auth)
    request.data = b"two"
    answer = send(request)
    assert answer.status_code == 400
    assert "The provided &apos;" not in answer.text
    assert "<Code>XAmzContentSHA256Mismatch</Code>" in answer.text


def test_iam_and_sts_call_that_a_mismatch(aws, monkeypatch):
    request = signed(aws, monkeypatch, headers={**FORM, "X-Amz-Content-SHA256": "0" * 64})
    assert "<Code>SignatureDoesNotMatch</Code>" in send(request).text


def test_chunked_uploads_are_not_implemented(aws, monkeypatch):
    aws.client("s3", region="us-east-1").create_bucket(Bucket="bucket")
    options = {"service": "s3", "method": "PUT", "path": "/bucket/key", "body": b"one", "signer": S3SigV4Auth}
    answer = send(signed(aws, monkeypatch, headers={"Content-Encoding": "aws-chunked"}, **options))
    assert (answer.status_code, "<Code>NotImplemented</Code>" in answer.text) == (501, True)


def test_streaming_signatures_are_not_implemented(aws, monkeypatch):
    monkeypatch.setattr(S3SigV4Auth, "payload", lambda *_: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
    request = signed(aws, monkeypatch, service="s3", method="PUT", path="/bucket/key", body=b"one", signer=S3SigV4Auth)
    assert "<Code>NotImplemented</Code>" in send(request).text


def test_a_scope_of_another_service(aws, monkeypatch):
    answer = send(signed(aws, monkeypatch, service="ec2"))
    assert answer.status_code == 403
    assert "Credential should be scoped to correct service: 'sts'. " in answer.text


def test_a_scope_of_another_day(aws, monkeypatch):
    request = signed(aws, monkeypatch)
    today = request.headers["X-Amz-Date"][:8]
    authorization = request.headers["Authorization"].replace(today, "20200101")
    del request.headers["Authorization"]
    answer = send(request, authorization=authorization)
    assert f"'20200101' != '{today}'" in answer.text


@pytest.mark.parametrize(
    ("authorization", "message"),
    [
        ("AWS4-HMAC-SHA256", "Authorization header requires 'Credential' parameter."),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, Signature=f",
            "Authorization header requires 'SignedHeaders' parameter.",
        ),
        ("AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=f", "Credential must have exactly 5"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=f", "valid terminator: 'aws4_request'"),
        ("AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=host, Signature=f", "basic format"),
    ],
)
@pytest.mark.parametrize("date", ["20261399T000000Z", "yesterday"])
def test_headers_that_cannot_be_read(aws, authorization, message, date):
    headers = {**FORM, "Authorization": authorization, "X-Amz-Date": date}
    answer = httpx.post(aws.url, content=IDENTITY, headers=headers)
    assert answer.status_code == 400
    assert "<Code>IncompleteSignature</Code>" in answer.text
    assert message in answer.text


def test_a_signature_without_a_date(aws):
    headers = {**FORM, "Authorization": "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request"}
    assert "X-Amz-Date" in httpx.post(aws.url, content=IDENTITY, headers=headers).text


def test_s3_calls_such_headers_malformed(aws):
    headers = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request"}
    answer = httpx.get(aws.url, headers=headers)
    assert (answer.status_code, "<Code>AuthorizationHeaderMalformed</Code>" in answer.text) == (400, True)
