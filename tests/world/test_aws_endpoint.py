"""The endpoint: which callers it serves, and which service answers."""

import asyncio
from xml.etree import ElementTree

import httpx
import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser

from app.world.aws.endpoint import QUERY_LIMIT, create_app, wait
from app.world.aws.incoming import FIELD_LIMIT, fields
from app.world.servers.http import BODY_LIMIT
from tests.world.aws_world import ROLE, AwsWorld, aws_fixture, aws_server, request_scope  # noqa: F401

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
IAM = "https://iam.amazonaws.com/doc/2010-05-08/"
STS = "https://sts.amazonaws.com/doc/2011-06-15/"


def error_of(answer):
    """Code and message of an error of IAM or STS."""
    root = ElementTree.fromstring(answer.content)  # noqa: S314 (our own answer)
    namespace = root.tag.partition("}")[0] + "}"
    assert root.tag == f"{namespace}ErrorResponse"
    assert [child.tag.partition("}")[2] for child in root] == ["Error", "RequestId"]
    assert root.findtext(f"{namespace}RequestId") == answer.headers["x-amzn-requestid"]
    error = root.find(f"{namespace}Error")
    return error.findtext(f"{namespace}Code"), error.findtext(f"{namespace}Message")


# Which callers it serves


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "sts.amazonaws.com", ""])
def test_another_host_is_refused(aws, host):
    for path in ("/", "/instance-metadata/the-path/pod/latest/api/token"):
        answer = httpx.put(aws.url + path, headers={"Host": host, "X-aws-ec2-metadata-token-ttl-seconds": "60"})
        assert answer.status_code == 403
        assert "Code" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1234", "[::1]:80"])
def test_loopback_by_any_name(aws, host):
    assert error_of(httpx.post(aws.url, headers={"Host": host}))[0] == "MissingAction"


def test_forms_have_a_limit(aws):
    start = b"Action=GetCallerIdentity&Version=2011-06-15&x="
    for size, status in ((QUERY_LIMIT, 403), (QUERY_LIMIT + 1, 413)):
        body = start + b"y" * (size - len(start))
        assert httpx.post(aws.url, content=body, headers=FORM).status_code == status


def test_bodies_have_a_limit(aws):
    body = b"Action=GetCallerIdentity&Version=2011-06-15&x=" + b"y" * BODY_LIMIT
    for content in (body, iter([body[:1000], body[1000:]])):
        answer = httpx.post(aws.url, content=content, headers=FORM)
        assert answer.status_code == 413
        assert error_of(answer)[0] == "RequestEntityTooLarge"
    scope = "Credential=AKIA/20260101/us-east-1/s3/aws4_request"
    answer = httpx.put(f"{aws.url}/b/k", content=body, headers={"Authorization": f"AWS4-HMAC-SHA256 {scope}"})
    assert answer.status_code == 400
    assert f"<ProposedSize>{len(body)}</ProposedSize><MaxSizeAllowed>{BODY_LIMIT}</MaxSizeAllowed>" in answer.text


# Which service answers


@pytest.mark.parametrize(
    ("form", "code", "message"),
    [
        ({}, "MissingAction", "The request is missing an action or a required parameter."),
        (
            {"Action": "GetCallerIdentity"},
            "InvalidAction",
            "Could not find operation GetCallerIdentity for version NO_VERSION_SPECIFIED",
        ),
        (
            {"Action": "GetCallerIdentity", "Version": "2001-01-01"},
            "InvalidAction",
            "Could not find operation GetCallerIdentity for version 2001-01-01",
        ),
        (
            {"Action": "GetCallerIdentity", "Version": "2011-06-15"},
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        ),
        (
            {"Action": "ListRoles", "Version": "2010-05-08"},
            "MissingAuthenticationToken",
            "Request is missing Authentication Token",
        ),
    ],
)
def test_unsigned_calls(aws, form, code, message):
    assert error_of(httpx.post(aws.url, data=form)) == (code, message)
    if form:
        assert error_of(httpx.get(aws.url, params=form)) == (code, message)


def test_errors_come_in_the_services_namespace(aws):
    unsigned = {"Action": "X", "Version": "2010-05-08"}
    assert IAM in httpx.post(aws.url, data=unsigned).text
    assert STS in httpx.post(aws.url, data=unsigned | {"Version": "2011-06-15"}).text


@pytest.mark.parametrize(
    ("method", "service", "query", "protocol", "error"),
    [
        ("POST", "iam", b"", "query", (400, "Throttling", "Rate exceeded")),
        ("POST", "cloudtrail", b"", "json", (400, "ThrottlingException", "Rate exceeded")),
        ("GET", "eks", b"", "rest-json", (400, "ThrottlingException", "Rate exceeded")),
        ("GET", "s3", b"", "rest-xml", (503, "SlowDown", "Please reduce your request rate.")),
        ("GET", "", b"X-Amz-Credential=A%2F2%2Fr%2Fiam%2Faws4_request", "query", (400, "Throttling", "Rate exceeded")),
        ("GET", "", b"Action=GetCallerIdentity", "query", (400, "Throttling", "Rate exceeded")),
        ("POST", "", b"", "query", (400, "Throttling", "Rate exceeded")),
        ("GET", "", b"list-type=2", "rest-xml", (503, "SlowDown", "Please reduce your request rate.")),
    ],
    ids=["iam", "cloudtrail", "eks", "s3", "presigned", "a query", "a form", "anonymous"],
)
def test_each_client_is_asked_to_wait_in_its_own_protocol(method, service, query, protocol, error):
    credential = f"AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/{service}/aws4_request".encode()
    refusal = wait(request_scope(method, b"/", query, [(b"authorization", credential)] if service else []))
    answer = {"status_code": refusal.status_code, "headers": HeadersDict(refusal.headers), "body": refusal.body}
    found = create_parser(protocol).parse(answer, None)["Error"]
    assert (refusal.status_code, found["Code"], found["Message"]) == error


@pytest.mark.parametrize("service", ["sts", "iam"])
def test_an_action_that_is_not_simulated(aws, service):
    client = aws.client(service)
    client.meta.events.register("before-call", lambda params, **_: params["body"].update({"Action": "NoSuchAction"}))
    with pytest.raises(client.exceptions.ClientError) as caught:
        (client.get_caller_identity if service == "sts" else client.list_roles)()
    error = caught.value.response
    assert error["Error"]["Code"] == "NotSimulated"
    assert error["Error"]["Message"].startswith(f"This simulated AWS does not have {service} NoSuchAction.")
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_the_first_of_two_parameters_counts(aws):
    body = f"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={ROLE}&RoleSessionName=a&RoleSessionName=good"
    code, message = error_of(httpx.post(aws.url, content=f"{body}&WebIdentityToken=abcd", headers=FORM))
    assert code == "ValidationError"
    assert "'a' at 'roleSessionName'" in message


def test_numbers_that_are_none(aws):
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "session",
        "WebIdentityToken": aws.token(),
    }
    for value, message in (("1.5", None), ("99999999999", None), ("", "missing value for decimal type")):
        assert error_of(httpx.post(aws.url, data=form | {"DurationSeconds": value})) == ("MalformedInput", message)
    assert httpx.post(aws.url, data=form | {"DurationSeconds": "+0900"}).status_code == 200


def test_booleans_that_are_none(aws):
    client = aws.client("iam", parameter_validation=False)
    client.meta.events.register("before-call", lambda params, **_: params["body"].update({"OnlyAttached": "perhaps"}))
    with pytest.raises(client.exceptions.ClientError, match="MalformedInput"):
        client.list_policies()


def test_too_many_fields(aws):
    answer = httpx.post(aws.url, content=b"&".join([b"a=b"] * (FIELD_LIMIT + 1)), headers=FORM)
    assert error_of(answer)[0] == "MalformedQueryString"
    answer = httpx.get(aws.url + "/?" + "a&" * 11_000)
    assert error_of(answer)[0] == "MalformedQueryString"


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (b"a=1&a=2&b", [("a", "1"), ("a", "2"), ("b", "")]),
        (b"a+b=c+d%2B&=x&&", [("a b", "c d+"), ("", "x")]),
        ("é=%C3%A9".encode(), [("é", "é")]),
        (b"a=%ff%&b=%zz", [("a", "\ufffd%"), ("b", "%zz")]),
        (b"a=b=c", [("a", "b=c")]),
    ],
)
def test_fields(encoded, expected):
    assert fields(encoded) == expected


def test_a_websocket_is_turned_away():
    sent = []

    async def send(message):
        sent.append(message["type"])

    async def receive():
        return {"type": "websocket.connect"}

    asyncio.run(create_app(AwsWorld())({"type": "websocket", "path": "/", "headers": []}, receive, send))
    assert sent == ["websocket.close"]


def test_a_client_that_leaves_in_the_middle():
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.disconnect"}

    scope = request_scope("POST", b"/", b"", [(b"host", b"localhost"), (b"content-length", b"10")])
    asyncio.run(create_app(AwsWorld())(scope, receive, send))
    assert sent == []
