"""CloudTrail's event history through boto3: what STS was asked, in the shape of CloudTrail's own records."""

import json
import uuid

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from app.world.aws.account import EVENT_LIMIT
from app.world.aws.cloudtrail.api import lookup_events
from app.world.aws.errors import AwsError
from app.world.aws.times import american, iso
from tests.private_keys import OTHER_KEY
from tests.world.aws_world import (
    ACCOUNT,
    PROVIDER,
    REGION,
    ROLE,
    SUBJECT,
    AwsWorld,
    aws_fixture,
    aws_server,
    refused,
    trust_policy,
)

__all__ = ["aws_fixture", "aws_server"]
IMPOSSIBLE = "system:serviceaccount:other:nobody"


def events(aws: AwsWorld, key: str = "", value: str = "", **parameters):
    attributes = {"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]} if key else {}
    return aws.client("cloudtrail").lookup_events(**attributes, **parameters)["Events"]


def records(aws: AwsWorld, **parameters):
    return [json.loads(event["CloudTrailEvent"]) for event in events(aws, **parameters)]


def deny(aws: AwsWorld) -> None:
    aws.call("UpdateAssumeRolePolicy", RoleName="s3-reader", PolicyDocument=json.dumps(trust_policy(sub=IMPOSSIBLE)))


def test_a_refused_request_is_recorded_as_cloudtrail_writes_it(aws: AwsWorld) -> None:
    deny(aws)
    with refused("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        aws.assume(DurationSeconds=900)
    (event,) = events(aws)
    record = json.loads(event["CloudTrailEvent"])
    assert record.pop("userAgent").startswith("Boto3/")
    uuid.UUID(record["eventID"])
    assert record == {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "WebIdentityUser",
            "principalId": f"{PROVIDER}:sts.amazonaws.com:{SUBJECT}",
            "userName": SUBJECT,
            "identityProvider": PROVIDER,
        },
        "eventTime": iso(event["EventTime"].timestamp()),
        "eventSource": "sts.amazonaws.com",
        "eventName": "AssumeRoleWithWebIdentity",
        "awsRegion": REGION,
        "sourceIPAddress": "127.0.0.1",
        "errorCode": "AccessDenied",
        "errorMessage": "An unknown error occurred",
        "requestParameters": {"roleArn": ROLE, "roleSessionName": "session", "durationSeconds": 900},
        "responseElements": None,
        "eventID": event["EventId"],
        "readOnly": True,
        "resources": [{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": ROLE}],
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }
    assert (event["EventName"], event["Username"], event["ReadOnly"]) == ("AssumeRoleWithWebIdentity", SUBJECT, "true")
    assert event["Resources"] == [{"ResourceType": "AWS::IAM::Role", "ResourceName": ROLE}]
    assert 0 <= aws.clock.now() - event["EventTime"].timestamp() < 60


def test_a_granted_request_is_recorded_with_what_it_got(aws: AwsWorld) -> None:
    answer = aws.assume()
    (record,) = records(aws)
    assert "errorCode" not in record
    assert record["responseElements"] == {
        "credentials": {
            "accessKeyId": answer["Credentials"]["AccessKeyId"],
            "sessionToken": answer["Credentials"]["SessionToken"],
            "expiration": answer["Credentials"]["Expiration"].strftime("%b %-d, %Y, %-I:%M:%S %p"),
        },
        "subjectFromWebIdentityToken": SUBJECT,
        "assumedRoleUser": {
            "assumedRoleId": answer["AssumedRoleUser"]["AssumedRoleId"],
            "arn": answer["AssumedRoleUser"]["Arn"],
        },
        "provider": PROVIDER,
        "audience": "sts.amazonaws.com",
    }
    assert record["additionalEventData"] == {"identityProviderConnectionVerificationMethod": "IAMTrustStore"}
    assert answer["Credentials"]["SecretAccessKey"] not in json.dumps(record)


def test_an_issuer_of_a_private_ca_is_recorded_with_how_it_was_verified(aws: AwsWorld) -> None:
    own = "0" * 40
    aws.issuer.is_trusted, aws.issuer.served_thumbprint = False, own
    aws.call("UpdateOpenIDConnectProviderThumbprint", OpenIDConnectProviderArn=PROVIDER, ThumbprintList__1=own)
    aws.assume()
    (record,) = records(aws)
    assert record["additionalEventData"] == {"identityProviderConnectionVerificationMethod": "Thumbprint"}


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1720543297, "Jul 9, 2024, 4:41:37 PM"),
        (1720483200, "Jul 9, 2024, 12:00:00 AM"),
        (0, "Jan 1, 1970, 12:00:00 AM"),
    ],
)
def test_the_end_of_a_session_as_cloudtrail_writes_it(seconds: float, text: str) -> None:
    assert american(seconds) == text


def test_who_is_not_known_leaves_no_record(aws: AwsWorld) -> None:
    """As the token was not verified, nobody can say whose request it was."""
    for token in ("junk.junk.junk", aws.token(exp=1), aws.token(key=OTHER_KEY), aws.token(aud=["other"])):
        with pytest.raises(ClientError):
            aws.assume(token)
    assert records(aws) == []


def test_a_role_that_is_not_there_is_recorded_like_one_that_refuses(aws: AwsWorld) -> None:
    with refused("AccessDenied"):
        aws.assume(RoleArn=f"{ROLE}-gone")
    with refused("ValidationError"):
        aws.assume(DurationSeconds=43200)
    found = [(it["errorCode"], it["errorMessage"], it["requestParameters"]["roleArn"]) for it in records(aws)]
    assert found == [
        ("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.", ROLE),
        ("AccessDenied", "An unknown error occurred", f"{ROLE}-gone"),
    ]


def test_the_newest_come_first_page_by_page_and_the_oldest_go(aws: AwsWorld) -> None:
    for number in range(EVENT_LIMIT + 3):
        aws.assume(RoleSessionName=f"session-{number}")
    cloudtrail = aws.client("cloudtrail")
    pages = list(cloudtrail.get_paginator("lookup_events").paginate(PaginationConfig={"PageSize": 20}))
    names = [
        json.loads(event["CloudTrailEvent"])["requestParameters"]["roleSessionName"]
        for page in pages
        for event in page["Events"]
    ]
    assert names == [f"session-{number}" for number in range(EVENT_LIMIT + 2, 2, -1)]
    assert [len(page["Events"]) for page in pages] == [20, 20, 10]


def test_the_app_s_own_requests_push_out_none_of_others(aws: AwsWorld) -> None:
    aws.assume(RoleSessionName="of-a-pod")
    account, (record,) = aws.mine, records(aws)
    for number in range(EVENT_LIMIT + 3):
        account.record_event(record | {"userAgent": "Boto3/1 app/irsa-explorer", "eventID": f"{number}"})
    kept = list(account.management_events)
    assert (kept[0], len(kept)) == (record, EVENT_LIMIT)
    assert [it["eventID"] for it in kept[1:]] == [f"{number}" for number in range(4, EVENT_LIMIT + 3)]


@pytest.mark.parametrize(
    ("key", "value", "count"),
    [
        ("EventName", "AssumeRoleWithWebIdentity", 1),
        ("EventName", "AssumeRole", 0),
        ("ResourceName", ROLE, 1),
        ("ResourceType", "AWS::IAM::Role", 1),
        ("Username", SUBJECT, 1),
        ("Username", "system", 0),
        ("EventSource", "sts.amazonaws.com", 1),
        ("ReadOnly", "true", 1),
        ("AccessKeyId", "AKIAEXAMPLE", 0),
    ],
)
def test_an_attribute_chooses(aws: AwsWorld, key: str, value: str, count: int) -> None:
    aws.assume()
    assert len(events(aws, key, value)) == count


def test_no_account_has_insights(aws: AwsWorld) -> None:
    aws.assume()
    assert aws.client("cloudtrail").lookup_events(EventCategory="insight")["Events"] == []


def test_each_region_and_each_account_has_its_own(aws: AwsWorld) -> None:
    aws.assume()
    assert aws.client("cloudtrail", region="eu-west-1").lookup_events()["Events"] == []
    stranger = aws.other.admin
    theirs = {
        "AccessKeyId": stranger.access_key_id,
        "SecretAccessKey": stranger.secret_access_key,
        "SessionToken": None,
    }
    assert aws.client("cloudtrail", theirs).lookup_events()["Events"] == []
    now = aws.clock.now()
    assert len(events(aws, StartTime=now - 5, EndTime=now + 5)) == 1
    assert events(aws, EndTime=now - 5) == []


def test_the_action_is_one_that_a_policy_must_allow(aws: AwsWorld) -> None:
    mine = aws.assume()["Credentials"]
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/session"
    said = (
        f"User: {session} is not authorized to perform: cloudtrail:LookupEvents "
        "because no identity-based policy allows the cloudtrail:LookupEvents action"
    )
    with refused("AccessDeniedException", said, 400):
        aws.client("cloudtrail", mine).lookup_events()
    policy = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "cloudtrail:Lookup*", "Resource": "*"},
    }
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="look", PolicyDocument=json.dumps(policy))
    assert len(aws.client("cloudtrail", mine).lookup_events()["Events"]) == 1


def test_who_is_nobody_is_refused_in_the_protocol_s_own_codes(aws: AwsWorld) -> None:
    admin = aws.mine.admin
    keys = {"AccessKeyId": admin.access_key_id, "SecretAccessKey": "wrong", "SessionToken": None}
    client, bodies = aws.client("cloudtrail", keys), []
    client.meta.events.register("after-call", lambda http_response, **_: bodies.append(http_response.content))
    with refused("InvalidSignatureException", status=400):
        client.lookup_events()
    assert json.loads(bodies[0]).keys() == {"__type", "message"}, "S3 alone adds what it has signed"
    with refused("UnrecognizedClientException", status=400):
        aws.client("cloudtrail", keys | {"AccessKeyId": "AKIA" + "A" * 16}).lookup_events()
    mine = aws.assume()["Credentials"]
    aws.clock.move(3601)
    with refused("ExpiredTokenException", status=400):
        aws.client("cloudtrail", mine).lookup_events()


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"MaxResults": 0}, "InvalidMaxResultsException"),
        ({"MaxResults": 51}, "InvalidMaxResultsException"),
        ({"MaxResults": True}, "InvalidMaxResultsException"),
        ({"NextToken": "x"}, "InvalidNextTokenException"),
        ({"NextToken": "٣"}, "InvalidNextTokenException"),
        ({"StartTime": 2, "EndTime": 1}, "InvalidTimeRangeException"),
        ({"StartTime": "now"}, "InvalidTimeRangeException"),
        ({"EventCategory": "management"}, "InvalidEventCategoryException"),
        ({"LookupAttributes": [{"AttributeKey": "Colour", "AttributeValue": "x"}]}, "InvalidLookupAttributesException"),
        (
            {"LookupAttributes": [{"AttributeKey": "EventId", "AttributeValue": "x"}] * 2},
            "InvalidLookupAttributesException",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(aws: AwsWorld, request_: dict, code: str) -> None:
    with pytest.raises(AwsError) as raised:
        lookup_events(aws.mine, REGION, request_)
    assert raised.value.code == code


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda children: st.lists(children, max_size=2) | st.dictionaries(st.text(max_size=5), children, max_size=2),
    max_leaves=5,
)
FIELDS = st.sampled_from(["LookupAttributes", "StartTime", "EndTime", "MaxResults", "NextToken", "EventCategory"])


@given(request=st.dictionaries(FIELDS, JSON, max_size=4))
def test_junk_is_refused_and_nothing_else_happens(aws_server: AwsWorld, request: dict) -> None:
    aws_server.reset()
    try:
        answer = lookup_events(aws_server.mine, REGION, request)
    except AwsError as error:
        answer = {"Events": [], "refused": error.code}
    assert answer["Events"] == []
    assert answer.get("refused", "Invalid").startswith("Invalid")


def _raw(aws: AwsWorld, body: bytes, target: str) -> tuple[int, dict]:
    import httpx
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    admin = aws.mine.admin
    headers = {"x-amz-target": target, "content-type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{aws.url}/", headers=headers, data=body)
    SigV4Auth(Credentials(admin.access_key_id, admin.secret_access_key), "cloudtrail", REGION).add_auth(request)
    answer = httpx.post(f"{aws.url}/", content=body, headers=dict(request.headers))
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    return answer.status_code, answer.json()


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"{", b"\xff", b"[" * 1000, b'{"a":NaN}'])
def test_the_protocol_takes_json_objects_only(aws: AwsWorld, body: bytes) -> None:
    target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
    answer = _raw(aws, body, target)
    assert answer == (200, {"Events": []}) if body in (b"", b"{}") else (400, {"__type": "SerializationException"})
    assert _raw(aws, b"{}", "CloudTrail.DeleteTrail") == (400, {"__type": "UnknownOperationException"})
