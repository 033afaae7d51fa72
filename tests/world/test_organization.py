"""What an organization denies: to an account's principals, and on its roles."""

import json

import pytest

from app.world.aws import iam
from app.world.aws.organization import policy_arn
from tests.world.aws_world import (  # noqa: F401
    ACCOUNT,
    ISSUER,
    PROVIDER,
    ROLE,
    aws_fixture,
    aws_server,
    refused,
    trust_policy,
)

HOST = ISSUER.removeprefix("https://")


def deny(action, *, principal=None, **more):
    statement = {"Effect": "Deny", "Action": action, "Resource": "*", **more}
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [statement | ({"Principal": principal} if principal else {})]}
    )


def test_a_service_control_policy_denies_what_the_role_allows_and_says_so(aws):
    client = aws.client("s3", aws.assume()["Credentials"])
    assert client.list_buckets()["Buckets"] == []
    aws.mine.service_control_policies.append(deny("s3:ListAllMyBuckets"))
    with refused(
        "AccessDenied",
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/session is not authorized to perform: "
        "s3:ListAllMyBuckets with an explicit deny in a service control policy: "
        + policy_arn(aws.mine, "service", aws.mine.service_control_policies[0]),
        403,
    ):
        client.list_buckets()


def test_it_denies_the_administrator_as_well_and_nobody_in_another_account(aws):
    aws.mine.service_control_policies.append(deny("s3:*"))
    with refused("AccessDenied"):
        aws.client("s3").list_buckets()
    admin = aws.other.admin
    theirs = {"AccessKeyId": admin.access_key_id, "SecretAccessKey": admin.secret_access_key, "SessionToken": None}
    assert aws.client("s3", theirs).list_buckets()["Buckets"] == []


def test_it_reaches_no_web_identity_who_is_nobody_of_the_account(aws):
    aws.mine.service_control_policies.append(deny("sts:AssumeRoleWithWebIdentity"))
    assert aws.assume()["Credentials"]


def test_a_policy_that_denies_something_else_changes_nothing(aws):
    aws.mine.service_control_policies.append(deny("s3:DeleteBucket"))
    aws.mine.resource_control_policies.append(deny("sts:AssumeRole", principal="*"))
    assert aws.client("s3", aws.assume()["Credentials"]).list_buckets()["Buckets"] == []


@pytest.mark.parametrize(
    ("condition", "stopped"),
    [
        (None, True),
        ({"StringNotEquals": {f"{HOST}:sub": "system:serviceaccount:default:my-sa"}}, False),
        ({"StringNotEquals": {f"{HOST}:sub": "system:serviceaccount:default:other"}}, True),
    ],
)
def test_a_resource_control_policy_keeps_a_web_identity_from_a_role_in_the_words_of_a_trust_policy(
    aws, condition, stopped
):
    more = {"Condition": condition} if condition else {}
    aws.mine.resource_control_policies.append(deny("sts:AssumeRoleWithWebIdentity", principal="*", **more))
    if not stopped:
        assert aws.assume()["Credentials"]
        return
    with refused("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403):
        aws.assume()


def test_a_resource_control_policy_applies_to_s3_and_not_to_iam(aws):
    aws.mine.resource_control_policies.append(deny("*", principal="*"))
    assert aws.client("iam").list_roles()["Roles"]
    with refused("AccessDenied"):
        aws.client("s3").list_buckets()


def test_chained_roles_are_under_both(aws):
    aws.role("next", {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}
    ]})  # fmt: skip
    sts = aws.client("sts", aws.assume()["Credentials"])
    wanted = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/next", "RoleSessionName": "chained"}
    assert sts.assume_role(**wanted)["Credentials"]
    for policies, principal in (
        (aws.mine.service_control_policies, None),
        (aws.mine.resource_control_policies, "*"),
    ):
        policies.append(deny("sts:AssumeRole", principal=principal))
        with refused("AccessDenied"):
            sts.assume_role(**wanted)
        policies.clear()


def test_a_provider_of_another_account_does_not_count(aws):
    """The provider is looked up in the account of the role."""
    role = {"RoleName": "reports", "AssumeRolePolicyDocument": json.dumps(trust_policy())}
    iam.call(aws.other, "CreateRole", role)
    arn = f"arn:aws:iam::{aws.other.account_id}:role/reports"
    with refused("InvalidIdentityToken"):
        aws.assume(RoleArn=arn)
    iam.call(aws.other, "CreateOpenIDConnectProvider", {"Url": ISSUER, "ClientIDList.member.1": "sts.amazonaws.com"})
    with refused("AccessDenied"):
        aws.assume(RoleArn=arn)  # its trust policy names the provider of the first account
    theirs = PROVIDER.replace(ACCOUNT, aws.other.account_id)
    document = json.dumps(trust_policy(provider=theirs))
    iam.call(aws.other, "UpdateAssumeRolePolicy", {"RoleName": "reports", "PolicyDocument": document})
    assert aws.assume(RoleArn=arn)["Credentials"]
