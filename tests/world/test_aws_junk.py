"""Junk of every kind: the protocol's own error, never a fault, never an answer that is no XML."""

import asyncio
import json
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jwt.utils import base64url_encode

from app.world.aws import iam, xml
from app.world.aws.eks.cluster import Cluster
from app.world.aws.endpoint import create_app
from app.world.aws.entities import Bucket, StoredObject
from app.world.aws.errors import AwsError
from app.world.aws.iam.actions import ACTIONS
from tests.examples import examples
from tests.world.aws_world import ACCOUNT, PROVIDER, REGION, ROLE, AwsWorld, request_scope


def answer_to(world, method, path=b"/", query=b"", headers=(), body=b""):
    """The status and the body that the application answers: never a fault of its own, always well-formed."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    every = [(b"host", b"127.0.0.1"), *headers]
    asyncio.run(create_app(world)(request_scope(method, path, query, every), receive, send))
    assert sent[0]["status"] < 500 or sent[0]["status"] == 501
    content = b"".join(message.get("body", b"") for message in sent[1:])
    kind = dict(sent[0]["headers"]).get(b"content-type", b"")
    if content and b"xml" in kind:
        ElementTree.fromstring(content)  # noqa: S314 (well-formed, whatever was asked)
    return sent[0]["status"], content


@pytest.fixture(name="world", scope="module")
def one_world():
    world = AwsWorld()
    world.seed()
    world.mine.clusters["irsa"] = Cluster(
        name="irsa",
        arn="arn",
        endpoint="https://e",
        certificate_authority=b"",
        issuer="https://i",
        version="1",
        created=0,
    )
    return world


JUNK = settings(
    max_examples=examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
header_values = st.binary(max_size=60) | st.sampled_from(
    [
        b"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/s3/aws4_request, "
        b"SignedHeaders=host, Signature=0",
        b"AWS4-HMAC-SHA256 Credential=////, SignedHeaders=;;, Signature=\xff",
        b"20261124T000000Z",
        b"Tue, 24 Nov 2026 22:40:49 GMT",
        b"Fri, 31 Dec 9999 23:59:59 -2400",
    ]
)


@JUNK
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "BREW"]),
    path=st.binary(max_size=40).map(lambda tail: b"/" + tail)
    | st.sampled_from([b"*", b"", b"/instance-metadata/a/pod/latest/"]),
    query=st.binary(max_size=60),
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    b"authorization",
                    b"x-amz-date",
                    b"date",
                    b"x-amz-security-token",
                    b"x-amz-content-sha256",
                    b"content-length",
                    b"content-type",
                    b"x-aws-ec2-metadata-token",
                ]
            ),
            header_values,
        ),
        max_size=5,
    ),
    body=st.binary(max_size=100),
)
def test_requests_of_any_kind(world, method, path, query, headers, body):
    answer_to(world, method, path, query, headers, body)


def signed_headers(world, service, method, path, query, body):
    admin = world.mine.admin
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    request = AWSRequest(method, f"http://127.0.0.1{path}", data=body)
    request.params = query
    signer(Credentials(admin.access_key_id, admin.secret_access_key), service, REGION).add_auth(request)
    return [(name.lower().encode(), value.encode()) for name, value in request.headers.items()]


@JUNK
@given(
    method=st.sampled_from(["GET", "PUT", "DELETE", "HEAD", "POST"]),
    path=st.text("ab/%.~+ü\x00&<", max_size=12).map(lambda tail: "/bucket" + tail),
    arguments=st.dictionaries(
        st.sampled_from(["list-type", "prefix", "delimiter", "max-keys", "continuation-token", "start-after", "x"]),
        st.text(max_size=8),
        max_size=4,
    ),
    body=st.binary(max_size=50),
)
def test_s3_with_a_good_signature(world, method, path, arguments, body):
    world.mine.buckets.clear()
    encoded = quote(path, safe="/%")
    query = urlencode(arguments)
    headers = signed_headers(world, "s3", method, encoded, list(arguments.items()), body)
    status, _ = answer_to(world, method, encoded.encode(), query.encode(), headers, body)
    assert status != 403


PLAIN = (
    *("range", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "content-md5"),
    *("cache-control", "content-encoding", "expires"),
)
OWN = (
    *("meta-a", "acl", "checksum-crc32", "checksum-sha256", "storage-class", "copy-source", "trailer", "x"),
    *("metadata-directive", "expected-bucket-owner", "decoded-content-length"),
)
ALMOST = st.sampled_from(
    (
        *("*", "bytes=0-", "bytes=-1", "bytes=9-1", "AAAAAA==", "STANDARD", "REPLACE", "bucket/held", ACCOUNT, "5"),
        *("x" * 3000, "Mon, 30 Nov 2026 21:25:54 GMT", "Mon, 99 Foo 99999 99:99:99 -0000", "aws-chunked"),
    )
)


@JUNK
@given(
    target=st.sampled_from(["GET held", "HEAD held", "PUT held", "PUT new", "DELETE new", "POST ?delete", "PUT "]),
    plain=st.dictionaries(st.sampled_from(PLAIN), ALMOST | st.text(max_size=20), max_size=3),
    own=st.dictionaries(st.sampled_from(OWN), ALMOST | st.text(max_size=20), max_size=3),
    body=st.sampled_from([b"", b"5\r\nhello\r\n0\r\n\r\n", b"<Delete><Object><Key>a</Key></Object></Delete>"])
    | st.binary(max_size=50),
)
def test_objects_with_any_headers(world, target, plain, own, body):
    """S3's own headers stand in the query, where they may be any text, and the signature covers them all the same."""
    held = StoredObject(body=b"hello", content_type="a/b", etag="e", modified=1.0)
    world.mine.buckets["bucket"] = Bucket(name="bucket", region=REGION, created=1.0, objects={"held": held})
    method, _, name = target.partition(" ")
    admin = world.mine.admin
    arguments = {f"x-amz-{key}": value for key, value in own.items()} | ({"delete": ""} if name == "?delete" else {})
    path = f"/bucket/{name}" if name not in ("", "?delete") else "/bucket"
    request = AWSRequest(method, f"http://127.0.0.1{path}?{urlencode(arguments, errors='replace')}")
    S3SigV4QueryAuth(Credentials(admin.access_key_id, admin.secret_access_key), "s3", REGION).add_auth(request)
    query = request.url.partition("?")[2].encode()
    headers = [(key.encode(), value.encode("utf-8", "replace")) for key, value in plain.items()]
    status, content = answer_to(world, method, path.encode(), query, headers, body)
    assert b"SignatureDoesNotMatch" not in content, status


ASSOCIATIONS = "/clusters/irsa/pod-identity-associations"


@JUNK
@given(
    service=st.sampled_from(["eks", "eks", "dynamodb", "ec2", "lambda", "route53"]),
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT"]),
    path=st.sampled_from(["/", "/clusters", "/clusters/irsa", ASSOCIATIONS, f"{ASSOCIATIONS}/a-1", "/tags/"])
    | st.text("ab/%~+&<", max_size=12).map(lambda tail: "/clusters/irsa/" + tail),
    arguments=st.dictionaries(st.sampled_from(["Action", "Version", "namespace", "tagKeys"]), st.text(max_size=8)),
    body=st.binary(max_size=30)
    | st.dictionaries(
        st.sampled_from(["namespace", "serviceAccount", "roleArn", "tags", "disableSessionTags", "policy"]),
        json_values | st.just(f"arn:aws:iam::{ACCOUNT}:role/s3-reader"),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_eks_and_what_is_not_simulated_with_a_good_signature(world, service, method, path, arguments, body):
    encoded = quote(path, safe="/%")
    headers = signed_headers(world, service, method, encoded, list(arguments.items()), body)
    status, content = answer_to(world, method, encoded.encode(), urlencode(arguments).encode(), headers, body)
    assert status != 403, content


def test_a_target_that_is_no_path(world):
    headers = signed_headers(world, "s3", "GET", "/", [], b"")
    assert answer_to(world, "GET", b"@[", headers=headers)[0] == 403


@JUNK
@given(
    claims=st.dictionaries(st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "azp"]), json_values),
    token=st.text(max_size=60),
)
def test_tokens_of_any_kind(world, claims, token):
    header = json.dumps({"alg": "RS256", "kid": "key-1"}).encode()
    whole = world.claims() | claims
    compact = b".".join([base64url_encode(header), base64url_encode(json.dumps(whole).encode()), b"c2ln"]).decode()
    for given_token in (compact, token, f"{token}.{compact}", compact.replace(".", f".{token}", 1)):
        form = {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": ROLE,
            "RoleSessionName": "session",
            "WebIdentityToken": given_token,
        }
        body = urlencode(form, errors="replace").encode()
        status, content = answer_to(world, "POST", body=body)
        assert status in (400, 403)
        assert b"<Code>" in content


@JUNK
@given(
    header=json_values,
    payload=json_values | st.sampled_from([float("nan"), 10**400]),
    signature=st.binary(max_size=30),
)
def test_tokens_of_any_json(world, header, payload, signature):
    compact = b".".join(
        base64url_encode(part) for part in (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    )
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "session",
        "WebIdentityToken": compact,
    }
    status, content = answer_to(world, "POST", body=urlencode(form).encode())
    assert (status, b"InvalidIdentityToken" in content or b"ValidationError" in content) == (400, True)


def test_a_token_that_nests_without_end(world):
    payload = base64url_encode(b"[" * 10_000).decode()
    form = (
        f"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=session&WebIdentityToken="
    )
    _, content = answer_to(world, "POST", body=f"{form}eyJhbGciOiJSUzI1NiJ9.{payload}.c2ln".encode())
    assert b"is not a valid JWT" in content


NAMES = [
    "RoleName",
    "PolicyName",
    "PolicyArn",
    "Path",
    "PathPrefix",
    "AssumeRolePolicyDocument",
    "PolicyDocument",
    "MaxSessionDuration",
    "Description",
    "Url",
    "ClientID",
    "OpenIDConnectProviderArn",
    "VersionId",
    "Marker",
    "MaxItems",
    "SetAsDefault",
    "OnlyAttached",
    "Scope",
    "UserName",
    "ClientIDList.member.1",
    "ThumbprintList.member.1",
    "Tags.member.1.Key",
    "Tags.member.1.Value",
    "TagKeys.member.1",
    "Tags.member.99999999999.Key",
    "EntityFilter",
]
values = (
    st.text(max_size=40)
    | st.sampled_from(
        [
            "s3-reader",
            PROVIDER,
            "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
            "v1",
            "1",
            "true",
            "/",
            "All",
            "https://issuer.example",
            "https://[",
            "a" * 40,
        ]
    )
    | json_values.map(json.dumps)
)


def outcome(world, action, parameters):
    """What IAM answers, or how it refuses."""
    try:
        return iam.call(world.mine, action, parameters), None
    except AwsError as error:
        return None, error


@settings(max_examples=examples(400))
@given(action=st.sampled_from(sorted(ACTIONS)), parameters=st.dictionaries(st.sampled_from(NAMES), values))
def test_iam_with_any_parameters(action, parameters):
    world = AwsWorld()
    world.seed()
    result, error = outcome(world, action, parameters)
    assert error is None or 400 <= error.status < 500
    ElementTree.fromstring(xml.element("Result", result) or "<Result/>")  # noqa: S314 (our own answer)


@settings(max_examples=examples(200))
@given(
    statement=st.dictionaries(
        st.sampled_from(["Sid", "Effect", "Action", "NotAction", "Principal", "Resource", "Condition", "Other"]),
        json_values
        | st.sampled_from(["Allow", "*", "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", {"AWS": ACCOUNT}]),
    )
)
def test_policies_of_any_kind(statement):
    world = AwsWorld()
    world.seed()
    text = json.dumps({"Version": "2012-10-17", "Statement": statement})
    for action, extra in (
        ("CreateRole", {"RoleName": "new", "AssumeRolePolicyDocument": text}),
        ("PutRolePolicy", {"RoleName": "s3-reader", "PolicyName": "new", "PolicyDocument": text}),
        ("UpdateAssumeRolePolicy", {"RoleName": "s3-reader", "PolicyDocument": text}),
    ):
        _, error = outcome(world, action, extra)
        assert error is None or error.code in ("MalformedPolicyDocument", "ValidationError")
    form = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=session"
    answer_to(world, "POST", body=f"{form}&RoleArn={ROLE}&WebIdentityToken={world.token()}".encode())
    body = (
        f"Action=AssumeRole&Version=2011-06-15&RoleSessionName=session&RoleArn=arn:aws:iam::{ACCOUNT}:role/new".encode()
    )
    headers = signed_headers(world, "sts", "POST", "/", [], body)
    answer_to(world, "POST", headers=headers, body=body)


@given(st.text())
def test_any_text_survives_xml(text):
    root = ElementTree.fromstring(xml.element("a", text))  # noqa: S314 (our own text)
    allowed = "".join(
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )
    assert (root.text or "") == allowed
