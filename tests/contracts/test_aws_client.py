"""The AWS client alone: what it sends and signs, and what it makes of answers that AWS does not give."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients.aws import sdk as aws_sdk
from app.clients.aws.account import BotoAws
from app.clients.aws.calls import AwsCalls, static_identity
from app.clients.aws.policies import PAGE_LIMIT
from app.flow.errors import FlowError, NotFound, NotPermitted, NotUnderstood, Refused, ServerFailed, Unreachable
from app.flow.ports import Credentials
from app.flow.redaction import MASK
from tests.contracts.scripted import Scripted, answer, running, scripted

ROLE = "arn:aws:iam::111122223333:role/s3-reader"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
ISSUED = b"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId>
<SecretAccessKey>s3cr3t-k3y</SecretAccessKey><SessionToken>s3cr3t-t0ken</SessionToken>
<Expiration>2026-11-25T01:00:00Z</Expiration></Credentials>
<SubjectFromWebIdentityToken>system:serviceaccount:default:my-sa</SubjectFromWebIdentityToken>
<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:s</AssumedRoleId><Arn>arn:aws:sts::111122223333:assumed-role/s3-reader/s</Arn>
</AssumedRoleUser><Provider>provider</Provider><Audience>sts.amazonaws.com</Audience>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""
TEMPORARY = Credentials(
    access_key_id="ASIAEXAMPLE", secret_access_key="s3cr3t-k3y", session_token="s3cr3t-t0ken", expiration=""
)


def aws(port: int, key: str = "AKIAEXAMPLE") -> BotoAws:
    return BotoAws(
        region="ap-northeast-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        identity=static_identity(key, "s3cr3t-l3arner"),
    )


def error(code: str, message: str) -> bytes:
    return (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
        "<RequestId>b214072d</RequestId></ErrorResponse>"
    ).encode()


def test_the_sdk_knows_the_regions_of_all_partitions() -> None:
    regions = aws(1).regions
    assert {"ap-northeast-1", "cn-north-1", "us-gov-west-1", "aws-global"} <= regions
    assert not {"ap-northeast-9", "", "ap-northeast-1a"} & regions


def test_a_cluster_is_described_in_its_own_region() -> None:
    answer = b'{"cluster": {"name": "prod", "identity": {"oidc": {"issuer": "https://oidc.example"}}}}'
    with scripted(200, answer, Content_Type="application/json") as server:
        found = aws(server.port).cluster("prod", "eu-west-1")
    assert found["identity"]["oidc"]["issuer"] == "https://oidc.example"
    assert "/eu-west-1/eks/aws4_request" in server.headers()["authorization"]


def test_the_web_identity_call_is_unsigned_and_its_answer_is_read() -> None:
    with scripted(200, ISSUED, Content_Type="text/xml") as server:
        port = aws(server.port)
        role = port.assume_role_with_web_identity(ROLE, "session", TOKEN)
    assert not {"authorization", "x-amz-security-token"} & server.headers().keys()
    assert role.credentials == Credentials(
        access_key_id="ASIAEXAMPLE",
        secret_access_key="s3cr3t-k3y",
        session_token="s3cr3t-t0ken",
        expiration="2026-11-25T01:00:00Z",
    )
    assert (role.subject, role.audience, role.provider) == (
        "system:serviceaccount:default:my-sa",
        "sts.amazonaws.com",
        "provider",
    )
    assert role.arn.endswith("assumed-role/s3-reader/s")
    (exchange,) = port.exchanges()
    sent = {name.lower(): value for name, value in exchange.request_headers}
    assert sent == server.headers()
    body = server.received[0].partition(b"\r\n\r\n")[2].decode()
    assert exchange.request_body == body.replace("c2lnbmF0dXJl", MASK)
    assert "RoleSessionName=session" in body
    assert "<AccessKeyId>ASIAEXAMPLE<" in exchange.response_body
    for secret in ("s3cr3t", "c2lnbmF0dXJl"):
        assert secret not in repr(port.exchanges())
        assert secret not in repr(role)


def test_signed_calls_carry_the_callers_identity() -> None:
    with scripted(200, b"<ListAllMyBucketsResult><Buckets><Bucket><Name>b</Name></Bucket></Buckets></x>") as server:
        port = aws(server.port)
        with pytest.raises(ServerFailed):  # its XML is broken, as of a server that fails on its way through it
            port.list_buckets(TEMPORARY)
    assert "Credential=ASIAEXAMPLE/" in server.headers()["authorization"]
    assert server.headers()["x-amz-security-token"] == "s3cr3t-t0ken"
    (exchange,) = port.exchanges()
    sent = {name.lower(): value for name, value in exchange.request_headers}
    assert sent.keys() == server.headers().keys()
    assert sent["x-amz-security-token"] == MASK
    assert sent["authorization"].endswith(f"Signature={MASK}")
    assert exchange.response_body.startswith("<ListAllMyBucketsResult>")


def test_identities_do_not_mix_between_threads() -> None:
    with scripted(403, error("AccessDenied", "no")) as server:
        keys = [f"AKIAEXAMPLE{number}" for number in range(8)]
        ports = [aws(server.port, key) for key in keys]

        def ask(port: BotoAws) -> None:
            for _ in range(3):
                with pytest.raises(NotPermitted):
                    port.role("r")

        threads = [threading.Thread(target=ask, args=(port,)) for port in ports]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for key, port in zip(keys, ports, strict=True):
        signed = [dict(exchange.request_headers)["Authorization"] for exchange in port.exchanges()]
        assert len(signed) == 3
        assert all(f"Credential={key}/" in value for value in signed)


ANSWERS = [
    (403, "AccessDenied", NotPermitted, "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
    (400, "InvalidIdentityToken", Refused, "The web identity token provided could not be validated."),
    (400, "ExpiredTokenException", Refused, "Token expired: current date/time 2 must be before 1"),
    (400, "IDPCommunicationError", Refused, "Error communicating with provider"),
    (403, "RegionDisabledException", Refused, "STS is not activated in this region"),
    (403, "InvalidClientTokenId", NotPermitted, "The security token included in the request is invalid."),
    (404, "NoSuchEntity", NotFound, "The role with name x cannot be found."),
    (400, "RequestExpired", NotPermitted, "Request has expired."),
    (400, "IncompleteSignature", NotPermitted, "Credential must have exactly 5 slash-delimited elements"),
    (400, "Throttling", ServerFailed, "Rate exceeded"),
    (400, "ThrottlingException", ServerFailed, "Rate exceeded"),
    (400, "RequestLimitExceeded", ServerFailed, "Request limit exceeded."),
    (429, "TooManyRequestsException", ServerFailed, "Too many requests"),
    (500, "InternalFailure", ServerFailed, "We encountered an internal error"),
    (500, "ServiceFailure", ServerFailed, "The request processing has failed"),
    (503, "ServiceUnavailable", ServerFailed, "The service is unavailable"),
    (503, "SlowDown", ServerFailed, "Please reduce your request rate."),
]


@pytest.mark.parametrize(("status", "code", "kind", "said"), ANSWERS, ids=[answer[1] for answer in ANSWERS])
def test_a_refusal_comes_through_once_with_its_words(status: int, code: str, kind: type[FlowError], said: str) -> None:
    with scripted(status, error(code, said)) as server:
        port = aws(server.port)
        with pytest.raises(FlowError) as raised:
            port.assume_role_with_web_identity(ROLE, "session", TOKEN)
    refused = raised.value
    assert type(refused) is kind
    assert (refused.code, refused.server_message, refused.status, refused.request_id, refused.operation) == (
        code,
        said,
        status,
        "b214072d",
        "AssumeRoleWithWebIdentity",
    )
    assert type(refused.__context__).__module__.startswith("botocore")
    assert len(server.received) == len(port.exchanges()) == 1


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 405, 501])
def test_a_page_of_something_else_is_no_answer_of_aws(status: int) -> None:
    with scripted(status, b"<html>Please log in</html>") as server, pytest.raises(NotUnderstood) as raised:
        aws(server.port).role("r")
    assert (raised.value.code, raised.value.words) == ("unexpected_answer", "unexpected_answer")


@pytest.mark.parametrize("body", [b"upstream connect error", b"<!DOCTYPE html><p>Service Unavailable", b"<html>", b""])
def test_a_server_that_fails_in_prose_has_failed_as_well(body: bytes) -> None:
    """A proxy or a load balancer answers in its place."""
    with scripted(503, body) as server:
        port = aws(server.port)
        with pytest.raises(ServerFailed) as raised:
            port.role("r")
    assert (raised.value.code, raised.value.status, raised.value.words) == ("503", 503, "server_failed")
    assert raised.value.server_message
    assert len(server.received) == len(port.exchanges()) == 1


def test_what_botocore_refuses_is_never_sent() -> None:
    port = aws(1)
    with pytest.raises(Refused) as raised:
        port.assume_role_with_web_identity("s3-reader", "session", TOKEN)
    assert raised.value.code == "ParamValidationError"
    assert raised.value.server_message == (
        "Parameter validation failed:\nInvalid length for parameter RoleArn, value: 9, valid min length: 20"
    )
    assert port.exchanges() == ()


def test_a_refused_connection_is_unreachable() -> None:
    port = aws(1)
    with pytest.raises(Unreachable) as raised:
        port.oidc_providers()
    assert raised.value.server_message == 'Could not connect to the endpoint URL: "http://127.0.0.1:1/"'
    (exchange,) = port.exchanges()
    assert (exchange.callee, exchange.status, exchange.error) == ("iam", 0, raised.value.server_message)


CALLS: dict[str, Callable[[BotoAws], Any]] = {
    "oidc_providers": lambda port: port.oidc_providers(),
    "oidc_provider": lambda port: port.oidc_provider("arn:aws:iam::111122223333:oidc-provider/x"),
    "role": lambda port: port.role("r"),
    "role_policies": lambda port: port.role_policies("r"),
    "managed_policy": lambda port: port.managed_policy("arn:aws:iam::111122223333:policy/p"),
    "simulate": lambda port: port.simulate(
        ROLE, ["s3:ListAllMyBuckets"], "*", {"aws:PrincipalArn": ROLE, "issuer:aud": ["a"]}
    ),
    "assume_role": lambda port: port.assume_role_with_web_identity(ROLE, "session", TOKEN),
    "caller_identity": lambda port: port.caller_identity(),
    "list_buckets": lambda port: port.list_buckets(TEMPORARY),
}
JUNK = [b"", b"junk", b"<a/>", b"<a><b/></a>", b"\xff\xfe", b"<a>" * 2000, ISSUED.replace(b"2026-11-25", b"soon")]
RESULTS = ("ListOpenIDConnectProviders", "GetRole", "ListAttachedRolePolicies", "AssumeRoleWithWebIdentity")
JUNK += [
    f"<R><{name}Result><Role/><AttachedPolicies><member/></AttachedPolicies></{name}Result></R>".encode()
    for name in RESULTS
]


@pytest.mark.parametrize("body", JUNK, ids=range(len(JUNK)))
@pytest.mark.parametrize("status", [200, 403, 500])
def test_junk_is_a_flow_error_or_an_empty_answer_to_each_call(body: bytes, status: int) -> None:
    taken, seen = [], {}
    with scripted(status, body) as server:
        for name, call in CALLS.items():
            port = aws(server.port)
            try:
                call(port)
            except FlowError:
                pass
            else:
                taken.append(name)
            seen[name] = port.exchanges()[0].status
    assert status == 200 or taken == []
    assert seen == dict.fromkeys(CALLS, status)


@pytest.mark.parametrize(
    ("headers", "logged"), [({"x-amzn-RequestId": "b214072d"}, True), ({"x-amz-request-id": "B2"}, True), ({}, False)]
)
def test_what_we_do_not_understand_of_aws_itself_is_logged(
    caplog: pytest.LogCaptureFixture, headers: dict[str, str], logged: bool
) -> None:
    """A login page has no request id, and is no bug of ours."""
    with scripted(200, b"<a/>", **headers) as server, pytest.raises(NotUnderstood):
        aws(server.port).assume_role_with_web_identity(ROLE, "session", TOKEN)
    assert ("in the AWS call AssumeRoleWithWebIdentity\nTraceback" in caplog.text) == logged


def test_an_error_of_ours_before_anything_is_sent_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NotUnderstood):
        AwsCalls(region="", endpoint_url="http://127.0.0.1:1", identity=lambda: None, sdk=aws_sdk.shared).ask(  # type: ignore[arg-type, return-value]
            "sts", "GetCallerIdentity", lambda client: client.get_caller_identity()
        )
    assert "in the AWS call GetCallerIdentity" in caplog.text


def test_a_list_is_read_page_by_page_and_not_for_ever() -> None:
    result = "<IsTruncated>true</IsTruncated><Marker>next</Marker>"
    body = f"<R><ListAttachedRolePoliciesResult>{result}</ListAttachedRolePoliciesResult></R>"
    with scripted(200, body.encode()) as server:
        with pytest.raises(FlowError):  # what is asked next gets an answer to another question
            aws(server.port).role_policies("r")
        lists = [request for request in server.received if b"Action=ListAttachedRolePolicies" in request]
    assert len(lists) == PAGE_LIMIT
    assert b"Marker" not in lists[0]
    assert b"&Marker=next" in lists[1]


@given(document=st.text(alphabet="%{}[]\"'aé", max_size=20))
def test_a_policy_that_is_none_stays_a_text(document: str) -> None:
    policy = f"<AssumeRolePolicyDocument>{quote(document)}</AssumeRolePolicyDocument>"
    body = f"<R><GetRoleResult><Role><RoleName>r</RoleName>{policy}</Role></GetRoleResult></R>"
    with scripted(200, body.encode()) as server:
        role = aws(server.port).role("r")
    assert role["RoleName"] == "r"


def test_the_environment_and_the_files_of_the_learner_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODY")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", "true")
    with scripted(403, error("AccessDenied", "no")) as server:
        fresh = BotoAws(
            region="ap-northeast-1",
            endpoint_url=f"http://127.0.0.1:{server.port}",
            identity=static_identity("AKIAEXAMPLE", "s3cr3t-l3arner"),
            sdk=aws_sdk.Sdk(aws_sdk.session_alone, aws_sdk.shared._config),
        )
        with pytest.raises(NotPermitted):
            fresh.role("r")
    assert "Credential=AKIAEXAMPLE/" in server.headers()["authorization"]


GOT = (
    b"<GetRoleResponse><GetRoleResult><Role><Arn>arn:aws:iam::111122223333:role/s3-reader</Arn>"
    b"<RoleName>s3-reader</RoleName></Role></GetRoleResult></GetRoleResponse>"
)


@pytest.mark.parametrize(("throttled", "attempts", "sent"), [(0, 3, 1), (1, 3, 2), (2, 3, 3), (3, 3, 3), (1, 1, 1)])
def test_a_throttled_request_is_repeated_where_that_is_wanted_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, throttled: int, attempts: int, sent: int
) -> None:
    monkeypatch.setattr(aws_sdk, "RETRY_SECONDS", 0.0)
    sdk = aws_sdk.Sdk(aws_sdk.session_alone, aws_sdk.LIMITS, attempts=attempts)
    refusals = [answer(400, error("Throttling", "Rate exceeded"))] * throttled
    server = Scripted(*refusals, answer(200, GOT))
    with running(server):
        identity = static_identity("AKIAEXAMPLE", "s3cr3t-l3arner")
        url = f"http://127.0.0.1:{server.port}"
        port = BotoAws(region="ap-northeast-1", endpoint_url=url, identity=identity, sdk=sdk)
        if throttled < attempts:
            assert port.role("s3-reader")["RoleName"] == "s3-reader"
        else:
            with pytest.raises(ServerFailed, match="Rate exceeded"):
                port.role("s3-reader")
    assert len(server.received) == len(port.exchanges()) == sent


@pytest.mark.parametrize(("status", "code"), [(503, "ServiceUnavailable"), (403, "AccessDenied"), (500, "Failure")])
def test_no_other_refusal_is_repeated(status: int, code: str) -> None:
    sdk = aws_sdk.Sdk(aws_sdk.session_alone, aws_sdk.LIMITS, attempts=3)
    server = Scripted(answer(status, error(code, "no")))
    with running(server):
        identity = static_identity("AKIAEXAMPLE", "s3cr3t-l3arner")
        port = BotoAws(region="eu-west-1", endpoint_url=f"http://127.0.0.1:{server.port}", identity=identity, sdk=sdk)
        with pytest.raises(FlowError):
            port.role("s3-reader")
    assert len(server.received) == 1
