"""What CloudTrail has of requests that STS refused or granted, through the AWS port."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from app.clients.aws import cloudtrail
from app.clients.aws.account import BotoAws
from app.clients.aws.calls import static_identity
from app.clients.aws.cloudtrail import ENOUGH, EVENT_PAGES, SESSIONS
from app.flow.errors import FlowError, NotPermitted, ServerFailed, Unreachable
from app.flow.ports import Assumptions
from app.flow.redaction import MASK
from tests.contracts.conftest import Place
from tests.contracts.scripted import Scripted, answer, running, scripted
from tests.examples import examples

ROLE = "arn:aws:iam::111122223333:role/s3-reader"
SUBJECT = "system:serviceaccount:default:my-sa"
AT = 1_795_600_000


def aws(port: int) -> BotoAws:
    identity = static_identity("AKIAEXAMPLE", "s3cr3t-l3arner")
    return BotoAws(region="ap-northeast-1", endpoint_url=f"http://127.0.0.1:{port}", identity=identity)


def record(**changes: Any) -> dict[str, Any]:
    return {
        "userIdentity": {"type": "WebIdentityUser", "userName": SUBJECT},
        "errorCode": "AccessDenied",
        "requestParameters": {"roleArn": ROLE, "roleSessionName": "botocore-session-1"},
    } | changes


def page(*records: Any, token: str = "") -> bytes:
    events = [{"EventTime": AT - number, "CloudTrailEvent": json.dumps(one)} for number, one in enumerate(records)]
    return json.dumps({"Events": events, **({"NextToken": token} if token else {})}).encode()


def ask(body: bytes, status: int = 200) -> tuple[Assumptions, BotoAws, list[bytes]]:
    with scripted(status, body, Content_Type="application/x-amz-json-1.1") as server:
        port = aws(server.port)
        found = port.assumptions(ROLE, SUBJECT)
    return found, port, server.received


def ask_in_turn(*bodies: bytes) -> tuple[Assumptions, list[bytes]]:
    """The same with an answer to each request; the last one is given again and again."""
    server = Scripted(*[body if body.startswith(b"HTTP/") else answered(200, body) for body in bodies])
    with running(server):
        found = aws(server.port).assumptions(ROLE, SUBJECT)
    return found, server.received


def answered(status: int, body: bytes) -> bytes:
    return answer(status, body, Content_Type="application/x-amz-json-1.1")


THROTTLED = answered(400, b'{"__type": "ThrottlingException", "message": "Rate exceeded"}')


def test_a_refused_request_is_found_by_its_role_and_by_its_subject(place: Place) -> None:
    ports = place.ports
    subject = f"system:serviceaccount:{place.subject.namespace}:{place.subject.service_account}"
    arn = f"arn:aws:iam::{place.account}:role"
    questions = (f"{arn}/other", "nobody"), (f"{arn}/{place.role}", subject)
    before = [ports.aws.assumptions(*asked).refused for asked in questions]
    sts = boto3.client("sts", endpoint_url=place.aws_url, region_name="ap-northeast-1")
    with pytest.raises(ClientError):
        sts.assume_role_with_web_identity(
            RoleArn=f"{arn}/other", RoleSessionName="session", WebIdentityToken=place.token()
        )
    ports.aws.assume_role_with_web_identity(f"{arn}/{place.role}", "session", place.token())
    for asked, known in zip(questions, before, strict=True):
        found = ports.aws.assumptions(*asked)
        newest, *older = found.refused
        assert older == list(known)
        assert newest["errorCode"] == "AccessDenied"
        assert newest["userIdentity"]["userName"] == subject
        assert newest["requestParameters"] == {"roleArn": f"{arn}/other", "roleSessionName": "session"}
        assert found.since == ""
    of_role, of_subject = questions
    assert ports.aws.assumptions(*of_role).granted == ()
    before_grant = len(ports.aws.assumptions(*of_subject).granted)
    sts.assume_role_with_web_identity(RoleArn=of_subject[0], RoleSessionName="granted", WebIdentityToken=place.token())
    grants = ports.aws.assumptions(*of_subject).granted
    assert len(grants) == before_grant + 1
    assert grants[0]["requestParameters"]["roleSessionName"] == "granted"
    assert "responseElements" not in grants[0]
    assert grants[0]["userIdentity"]["identityProvider"].startswith("arn:aws:iam::")
    assert ports.aws.assumptions(f"{arn}/none", "nobody").refused == ()


def test_what_the_app_itself_was_refused_is_not_found_whatever_it_called_its_session(place: Place) -> None:
    ports, arn = place.ports, f"arn:aws:iam::{place.account}:role/no-such-role"
    with pytest.raises(NotPermitted):
        ports.aws.assume_role_with_web_identity(arn, "thief", place.token())
    assert ports.aws.assumptions(arn, "nobody").refused == ()


def test_the_session_token_of_a_granted_request_is_not_recorded(place: Place) -> None:
    """CloudTrail's records of what was granted hold it, as a text of JSON within a text of JSON."""
    granted = place.ports.aws.assume_role_with_web_identity(
        f"arn:aws:iam::{place.account}:role/{place.role}", "session", place.token()
    )
    found = place.ports.aws.assumptions("", "")
    body = place.ports.aws.exchanges()[-1].response_body
    assert granted.credentials.access_key_id in body
    assert MASK in body
    assert granted.credentials.session_token not in body + repr(found)
    json.loads(body)


def test_only_failures_for_the_role_or_by_the_subject_are_kept_in_their_order() -> None:
    other = {"roleArn": f"{ROLE}-old", "roleSessionName": "s"}
    body = page(
        record(errorCode="1"),
        record(errorCode="2", requestParameters=other),
        record(errorCode="3", userIdentity={"userName": "x"}),
        record(errorCode="4", userIdentity={"userName": "x"}, requestParameters=other),
        record(errorCode=""),
        record(errorCode="5", userIdentity=None),
        record(errorCode="6", requestParameters=None),
        record(errorCode="7", userAgent="Boto3/1.44.8 app/irsa-explorer cfg/retry-mode#standard"),
        record(errorCode="8", userAgent="Boto3/1.44.8 app/irsa-explorers"),
        record(errorCode="9", userAgent=None),
    )
    found, port, received = ask(body)
    assert [one["errorCode"] for one in found.refused] == ["1", "2", "3", "5", "6", "8", "9"]
    (sent,) = received
    assert b"CloudTrail_20131101.LookupEvents" in sent
    attribute = {"AttributeKey": "EventName", "AttributeValue": "AssumeRoleWithWebIdentity"}
    assert json.loads(sent.partition(b"\r\n\r\n")[2]) == {"LookupAttributes": [attribute], "MaxResults": 50}
    (exchange,) = port.exchanges()
    assert (exchange.callee, exchange.status) == ("cloudtrail", 200)


def granted(key: str, **changes: Any) -> dict[str, Any]:
    return record(errorCode=None, responseElements={"credentials": {"accessKeyId": key}}, **changes)


def test_what_was_denied_to_the_newest_session_of_the_pod_is_looked_up_by_its_key() -> None:
    elsewhere = {"userIdentity": {"type": "AssumedRole"}, "requestParameters": {}}
    body = page(
        granted("ASIAOURS", userAgent="Boto3/1.44.8 app/irsa-explorer"),
        granted("ASIAOTHER", userIdentity={"userName": "x"}),
        granted("ASIAROLE", requestParameters={"roleArn": f"{ROLE}-2"}),
        granted("ASIANEWEST"),
        granted("ASIAOLDER"),
        record(errorCode="AccessDeniedException", errorMessage="1", **elsewhere),
        record(errorCode="Client.UnauthorizedOperation", errorMessage="2", **elsewhere),
        record(errorCode="ThrottlingException", errorMessage="3", **elsewhere),
    )
    found, _, received = ask(body)
    assert [one["errorMessage"] for one in found.denied] == ["1", "2"]
    assert found.refused == ()
    _, sent = received
    attribute = {"AttributeKey": "AccessKeyId", "AttributeValue": "ASIANEWEST"}
    assert json.loads(sent.partition(b"\r\n\r\n")[2]) == {"LookupAttributes": [attribute], "MaxResults": 50}


def test_a_busy_account_is_read_to_a_limit_and_it_is_said_how_far_back() -> None:
    found, _, received = ask(page(*[granted("A")] * 20, *[record()] * 30, token="more"))
    assert len(received) == ENOUGH // 50 + 1
    assert b'"NextToken": "more"' in received[1]
    assert (len(found.granted), len(found.refused)) == (20 * 2, 30 * 2)
    assert found.since.startswith("2026-11-25T")


OURS = record(userAgent="Boto3/1.44.8 app/irsa-explorer")


def test_our_own_requests_do_not_hide_those_of_others() -> None:
    """A doctor that watches for minutes leaves pages of them."""
    of_ours, last = page(*[OURS] * 50, token="more"), page(granted("A"), record(errorMessage="1"))
    found, received = ask_in_turn(*[of_ours] * (EVENT_PAGES - 1), last)
    assert len(received) == EVENT_PAGES + 1
    assert (len(found.granted), len(found.refused), found.since) == (1, 1, "")
    found, received = ask_in_turn(*[of_ours] * EVENT_PAGES, last)
    assert len(received) == EVENT_PAGES
    assert (found.granted, found.refused, found.since[:11]) == ((), (), "2026-11-25T")


def test_what_aws_throttles_while_it_is_read_is_asked_again_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloudtrail, "PAUSE", 0)
    found, received = ask_in_turn(page(record(), token="more"), THROTTLED, page(record()))
    assert (len(received), len(found.refused), found.since) == (3, 2, "")
    monkeypatch.setattr(cloudtrail, "SECONDS", 0)
    found, received = ask_in_turn(page(record(), token="more"), THROTTLED)
    assert (len(received), len(found.refused), found.since[:11]) == (1, 1, "2026-11-25T")
    monkeypatch.undo()
    found, received = ask_in_turn(page(record(), token="more"), answered(500, b"{}"))
    assert (len(received), len(found.refused), found.since[:11]) == (2, 1, "2026-11-25T")


def test_a_session_of_another_pod_is_looked_up_where_nothing_was_denied_to_the_newest() -> None:
    denied = record(errorCode="AccessDeniedException", errorMessage="1", userIdentity=None, requestParameters=None)
    found, received = ask_in_turn(page(granted("ASIANEWEST"), granted("ASIAOTHER")), page(), page(denied))
    assert [one["errorMessage"] for one in found.denied] == ["1"]
    assert b"ASIAOTHER" in received[-1]
    found, received = ask_in_turn(page(*[granted(f"ASIA{number}") for number in range(9)]), page())
    assert (found.denied, len(received)) == ((), SESSIONS + 1)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "AccessDeniedException", NotPermitted),
        (400, "UnrecognizedClientException", NotPermitted),
        (400, "InvalidSignatureException", NotPermitted),
        (400, "ThrottlingException", ServerFailed),
        (500, "InternalFailure", ServerFailed),
    ],
)
def test_a_refusal_comes_through_with_its_words(status: int, code: str, kind: type[FlowError]) -> None:
    with pytest.raises(FlowError) as raised:
        ask(json.dumps({"__type": code, "Message": "no, never"}).encode(), status)
    assert (type(raised.value), raised.value.code, raised.value.server_message) == (kind, code, "no, never")
    assert raised.value.operation == "LookupEvents"


def test_nobody_there() -> None:
    with pytest.raises(Unreachable):
        aws(1).assumptions(ROLE, SUBJECT)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(st.text(max_size=4), children, max_size=2),
    max_leaves=4,
)
EVENTS = st.lists(
    st.fixed_dictionaries({}, optional={"CloudTrailEvent": st.text() | JSON | JSON.map(json.dumps), "EventTime": JSON})
    | JSON,
    max_size=2,
)


@settings(max_examples=examples(40))
@given(body=st.binary(max_size=30) | EVENTS.map(lambda found: json.dumps({"Events": found}).encode()) | JSON.map(
    lambda found: json.dumps({"Events": found, "NextToken": found}).encode()
))  # fmt: skip
def test_junk_ends_in_an_error_of_ours_or_in_nothing(body: bytes) -> None:
    try:
        found = ask(body)[0]
    except FlowError:
        return
    assert found.refused == found.granted == ()
