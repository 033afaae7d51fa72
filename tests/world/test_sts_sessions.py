"""STS's signed actions: who am I, sessions of users, roles by AssumeRole."""

import contextlib
import json

import pytest

from app.world.aws import iam
from app.world.aws.account import SESSION_LIMIT, SESSION_POLICIES_LIMIT
from tests.world.aws_world import ACCOUNT, OTHER_ACCOUNT, PROVIDER, aws_fixture, aws_server, refused  # noqa: F401

TARGET = f"arn:aws:iam::{ACCOUNT}:role/target"
LEARNER = f"arn:aws:iam::{ACCOUNT}:user/learner"


def trusting(*principals, **condition):
    statement = {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement | condition]}


def assume(client, **parameters):
    return client.assume_role(**({"RoleArn": TARGET, "RoleSessionName": "session"} | parameters))


def denied(arn, target=TARGET):
    message = f"User: {arn} is not authorized to perform: sts:AssumeRole on resource: {target}"
    return refused("AccessDenied", message, 403)


def test_a_role_of_another_account_has_to_trust_and_the_own_policies_to_allow(aws):
    """IAM user guide, "Cross-account policy evaluation logic"."""
    session = aws.client("sts", aws.assume()["Credentials"])
    target = f"arn:aws:iam::{OTHER_ACCOUNT}:role/target"
    own = session.get_caller_identity()["Arn"]
    trusted = iam.call(
        *(aws.other, "CreateRole"),
        {"RoleName": "target", "AssumeRolePolicyDocument": json.dumps(trusting(f"arn:aws:iam::{ACCOUNT}:root"))},
    )
    assert trusted["Role"]["Arn"] == target
    with denied(own, target):
        assume(session, RoleArn=target)
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": target}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="more", PolicyDocument=policy)
    assert assume(session, RoleArn=target)["AssumedRoleUser"]["Arn"].startswith(f"arn:aws:sts::{OTHER_ACCOUNT}:")
    strangers = json.dumps(trusting(f"arn:aws:iam::{OTHER_ACCOUNT}:root"))
    iam.call(aws.other, "UpdateAssumeRolePolicy", {"RoleName": "target", "PolicyDocument": strangers})
    with denied(own, target):
        assume(session, RoleArn=target)


def test_who_am_i_needs_no_permission(aws):
    aws.call("DetachRolePolicy", RoleName="s3-reader", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    identity = aws.client("sts", aws.assume()["Credentials"]).get_caller_identity()
    assert identity["Arn"].endswith("assumed-role/s3-reader/session")
    assert aws.client("sts").get_caller_identity()["UserId"] == aws.mine.admin.user_id


def test_a_session_of_the_user(aws):
    credentials = aws.client("sts").get_session_token(DurationSeconds=900)["Credentials"]
    assert credentials["Expiration"].timestamp() == aws.clock.now() + 900
    session = aws.client("sts", credentials)
    assert session.get_caller_identity()["Arn"] == LEARNER
    assert aws.client("s3", credentials).list_buckets()["Buckets"] == []
    with refused("InvalidClientTokenId", "The security token included in the request is invalid.", 403):
        aws.client("iam", credentials).list_roles()  # without MFA
    with refused("AccessDenied"):
        aws.client("sts").get_session_token(SerialNumber=f"arn:aws:iam::{ACCOUNT}:mfa/x", TokenCode="123456")
    with refused("AccessDenied", "Cannot call GetSessionToken with session credentials", 403):
        session.get_session_token()


def test_a_session_is_of_the_user_who_asks_for_it_and_ends_with_the_user(aws):
    iam = aws.client("iam")
    iam.create_user(UserName="bob")
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    bob = aws.client("sts", {**key, "SessionToken": None})
    credentials = bob.get_session_token()["Credentials"]
    session = aws.client("sts", credentials)
    assert session.get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/bob"
    with refused("AccessDenied"):
        aws.client("s3", credentials).list_buckets()
    iam.delete_access_key(UserName="bob", AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName="bob")
    with refused("InvalidClientTokenId"):
        session.get_caller_identity()


def test_the_account_in_a_key_id(aws):
    sts = aws.client("sts")
    assert sts.get_access_key_info(AccessKeyId=aws.other.admin.access_key_id)["Account"] == OTHER_ACCOUNT
    with refused("ValidationError", status=400):
        sts.get_access_key_info(AccessKeyId="A" * 16)


@pytest.mark.parametrize("principal", [LEARNER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"])
def test_the_learner_assumes_a_role(aws, principal):
    aws.role("target", trusting(principal))
    answer = assume(aws.client("sts"))
    assert answer["Credentials"]["Expiration"].timestamp() == aws.clock.now() + 3600
    assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/target/session"
    assert aws.client("sts", answer["Credentials"]).get_caller_identity()["Arn"].endswith("target/session")


@pytest.mark.parametrize("principal", [f"arn:aws:iam::{ACCOUNT}:role/s3-reader", OTHER_ACCOUNT])
def test_a_role_that_trusts_someone_else(aws, principal):
    aws.role("target", trusting(principal))
    with denied(LEARNER):
        assume(aws.client("sts"))


def test_roles_that_are_not_there_or_not_for_this(aws):
    with denied(LEARNER):
        assume(aws.client("sts"))
    with denied(LEARNER, f"arn:aws:iam::{ACCOUNT}:role/s3-reader"):
        assume(aws.client("sts"), RoleArn=f"arn:aws:iam::{ACCOUNT}:role/s3-reader")
    aws.role("target", trusting(LEARNER))
    for account, path in ((OTHER_ACCOUNT, ""), (ACCOUNT, "team/")):
        elsewhere = f"arn:aws:iam::{account}:role/{path}target"
        with denied(LEARNER, elsewhere):
            assume(aws.client("sts"), RoleArn=elsewhere)
    with refused("ValidationError", "Request ARN is invalid", 400):
        assume(aws.client("sts"), RoleArn=f"{LEARNER}/x")


def test_chaining_by_direct_trust_or_by_permission(aws):
    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/session"
    chained = aws.client("sts", aws.assume()["Credentials"])
    aws.role("target", trusting(f"arn:aws:iam::{ACCOUNT}:role/s3-reader"))
    assume(chained)
    aws.call("UpdateAssumeRolePolicy", RoleName="target", PolicyDocument=json.dumps(trusting(caller)))
    assume(chained)
    aws.call("UpdateAssumeRolePolicy", RoleName="target", PolicyDocument=json.dumps(trusting(ACCOUNT)))
    with denied(caller):
        assume(chained)
    condition = {"StringEquals": {"sts:RoleSessionName": "session", "sts:ExternalId": "shared"}}
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": TARGET, "Condition": condition}
    policy = json.dumps({"Version": "2012-10-17", "Statement": allow})
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="chain", PolicyDocument=policy)
    with denied(caller):
        assume(chained)
    assume(chained, ExternalId="shared")


@pytest.mark.parametrize("by", ["role", "session", "*"])
def test_a_caller_that_is_trusted_by_name_is_bound_by_its_own_policies(aws, by):
    def policy(effect, action):
        statement = {"Effect": effect, "Action": action, "Resource": "*"}
        return json.dumps({"Version": "2012-10-17", "Statement": statement})

    caller = f"arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/session"
    names = {"role": f"arn:aws:iam::{ACCOUNT}:role/s3-reader", "session": caller, "*": "*"}
    aws.role("target", trusting(names[by]))
    narrowed = aws.client("sts", aws.assume(Policy=policy("Allow", "s3:*"))["Credentials"])
    plain = aws.client("sts", aws.assume()["Credentials"])
    # (1) What a session policy lacks counts where the role is named; the session itself gets it, as all do by "*".
    if by == "role":
        with denied(caller):
            assume(narrowed)
    else:
        assume(narrowed)
    # (2) What is denied stays denied.
    assume(plain)
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="no", PolicyDocument=policy("Deny", "sts:*"))
    with denied(caller):
        assume(plain)


def test_how_long(aws):
    aws.role("target", trusting(f"arn:aws:iam::{ACCOUNT}:role/s3-reader", LEARNER), MaxSessionDuration="7200")
    assume(aws.client("sts"), DurationSeconds=7200)
    with refused("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."):
        assume(aws.client("sts"), DurationSeconds=7201)
    message = "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
    chained = aws.client("sts", aws.assume()["Credentials"])
    assume(chained, DurationSeconds=3600)
    with refused("ValidationError", message, 400):
        assume(chained, DurationSeconds=3601)


def test_a_name_that_no_session_may_have(aws):
    aws.role("target", trusting(LEARNER))
    with refused("ValidationError", status=400):
        assume(aws.client("sts"), RoleSessionName="a session")


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"SourceIdentity": "me"}, "SourceIdentity"),
        ({"Tags": [{"Key": "team", "Value": "a"}]}, "Tags"),
        ({"TransitiveTagKeys": ["team"]}, "TransitiveTagKeys"),
        ({"ProvidedContexts": [{"ProviderArn": PROVIDER, "ContextAssertion": "abcd"}]}, "ProvidedContexts"),
    ],
)
def test_what_a_trust_policy_has_to_allow_by_another_action_is_not_ignored(aws, asked, named):
    aws.role("target", trusting(LEARNER))
    said = f"This simulated AWS does not have sts AssumeRole with {named}. "
    with refused("NotSimulated", said + "It has what IRSA needs of iam, sts, s3, eks, cloudtrail.", 400):
        assume(aws.client("sts"), **asked)


def test_an_external_id(aws):
    condition = {"Condition": {"StringEquals": {"sts:ExternalId": "secret-handshake"}}}
    aws.role("target", trusting(LEARNER, **condition))
    assume(aws.client("sts"), ExternalId="secret-handshake")
    for wrong in ({}, {"ExternalId": "wrong"}):
        with denied(LEARNER):
            assume(aws.client("sts"), **wrong)


def test_sessions_own_policies_are_bounded(aws):
    aws.role("target", trusting(LEARNER))
    role, document = aws.mine.roles["target"], "x" * (SESSION_POLICIES_LIMIT // 4)
    plain = aws.mine.open_session(role, "session", 900)
    narrowed = [aws.mine.open_session(role, "session", 900, session_policies=(("p", document),)) for _ in range(6)]
    kept = [aws.mine.credentials(session.access_key_id) is not None for session in (plain, *narrowed)]
    assert kept == [True, False, False, True, True, True, True]


def test_sessions_are_bounded(aws):
    aws.role("target", trusting(LEARNER))
    first = aws.assume()["Credentials"]
    role = aws.mine.roles["target"]
    for _ in range(SESSION_LIMIT - 1):
        aws.mine.open_session(role, "session", 900)
    aws.client("sts", first).get_caller_identity()
    aws.clock.move(901)
    aws.mine.open_session(role, "session", 900)
    aws.client("sts", first).get_caller_identity()  # Those that have ended went first.
    for _ in range(SESSION_LIMIT - 1):
        aws.mine.open_session(role, "session", 900)
    with refused("InvalidClientTokenId"):
        aws.client("sts", first).get_caller_identity()


@pytest.mark.parametrize("prefix", ["aws", "iam"])
def test_a_role_may_be_assumed_by_its_tags(aws, prefix):
    """IAM user guide, "IAM: Assume roles that have a specific tag"."""
    aws.role("target", trusting(f"arn:aws:iam::{ACCOUNT}:root"))
    session = aws.client("sts", aws.assume()["Credentials"])
    condition = {"StringEquals": {f"{prefix}:ResourceTag/team": "a"}}
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*", "Condition": condition}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="more", PolicyDocument=policy)
    with denied(session.get_caller_identity()["Arn"]):
        assume(session)
    aws.call("TagRole", **{"RoleName": "target", "Tags.member.1.Key": "team", "Tags.member.1.Value": "a"})
    assert assume(session)["AssumedRoleUser"]


@pytest.mark.parametrize("key", ["aws:ViaAWSService", "aws:PrincipalIsAWSService"])
def test_no_service_of_aws_sends_a_request(aws, key):
    for value, is_allowed in (("false", True), ("true", False)):
        allow = {"Effect": "Allow", "Action": "iam:ListRoles", "Resource": "*", "Condition": {"Bool": {key: value}}}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
        aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="more", PolicyDocument=policy)
        with contextlib.nullcontext() if is_allowed else refused("AccessDenied"):
            aws.client("iam", aws.assume()["Credentials"]).list_roles()
