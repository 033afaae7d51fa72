"""Managed policies and their versions, through boto3."""

import json

import pytest

from tests.world.aws_world import (
    ACCOUNT,
    ISSUER,
    PROVIDER,
    ROLE,
    S3_READ_ONLY,
    aws_fixture,  # noqa: F401
    aws_server,  # noqa: F401
    refused,
)

HOST = ISSUER.removeprefix("https://")
ARN = f"arn:aws:iam::{ACCOUNT}:policy/team/mine"


def document(action="s3:ListAllMyBuckets", **statement):
    return json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"} | statement]}
    )


@pytest.fixture(name="iam")
def iam_client(aws):
    iam = aws.client("iam")
    iam.create_policy(
        PolicyName="mine",
        Path="/team/",
        PolicyDocument=document(),
        Description="説明",
        Tags=[{"Key": "a", "Value": "b"}],
    )
    return iam


def test_a_policy_from_creation_to_deletion(iam):
    policy = iam.get_policy(PolicyArn=ARN)["Policy"]
    assert (policy["PolicyName"], policy["Path"], policy["Arn"]) == ("mine", "/team/", ARN)
    assert policy["Description"] == "説明"
    assert policy["Tags"] == [{"Key": "a", "Value": "b"}]
    assert (policy["DefaultVersionId"], policy["AttachmentCount"], policy["IsAttachable"]) == ("v1", 0, True)
    iam.attach_role_policy(RoleName="s3-reader", PolicyArn=ARN)
    assert iam.get_policy(PolicyArn=ARN)["Policy"]["AttachmentCount"] == 1
    roles = iam.list_entities_for_policy(PolicyArn=ARN)["PolicyRoles"]
    assert [role["RoleName"] for role in roles] == ["s3-reader"]
    for option in ({"EntityFilter": "User"}, {"PolicyUsageFilter": "PermissionsBoundary"}, {"PathPrefix": "/x/"}):
        assert iam.list_entities_for_policy(PolicyArn=ARN, **option)["PolicyRoles"] == []
    with refused("DeleteConflict", "Cannot delete a policy attached to entities.", 409):
        iam.delete_policy(PolicyArn=ARN)
    iam.detach_role_policy(RoleName="s3-reader", PolicyArn=ARN)
    iam.delete_policy(PolicyArn=ARN)
    with refused("NoSuchEntity", f"Policy {ARN} was not found.", 404):
        iam.get_policy(PolicyArn=ARN)


def test_versions(aws, iam):
    iam.attach_role_policy(RoleName="s3-reader", PolicyArn=ARN)
    iam.detach_role_policy(RoleName="s3-reader", PolicyArn=S3_READ_ONLY)
    s3 = aws.client("s3", aws.assume()["Credentials"])
    s3.list_buckets()
    iam.create_policy_version(PolicyArn=ARN, PolicyDocument=document("s3:GetObject"))
    s3.list_buckets()
    iam.create_policy_version(PolicyArn=ARN, PolicyDocument=document("s3:PutObject"), SetAsDefault=True)
    with refused("AccessDenied"):
        s3.list_buckets()
    versions = iam.list_policy_versions(PolicyArn=ARN)["Versions"]
    assert [(version["VersionId"], version["IsDefaultVersion"]) for version in versions] == [
        ("v3", True),
        ("v2", False),
        ("v1", False),
    ]
    iam.set_default_policy_version(PolicyArn=ARN, VersionId="v1")
    s3.list_buckets()
    with refused("DeleteConflict", "Cannot delete the default version of a policy.", 409):
        iam.delete_policy_version(PolicyArn=ARN, VersionId="v1")
    iam.delete_policy_version(PolicyArn=ARN, VersionId="v2")
    message = f"Policy {ARN} version v2 does not exist or is not attachable."
    with refused("NoSuchEntity", message, 404):
        iam.get_policy_version(PolicyArn=ARN, VersionId="v2")
    created = iam.create_policy_version(PolicyArn=ARN, PolicyDocument=document())["PolicyVersion"]
    assert created["VersionId"] == "v4"
    found = iam.get_policy_version(PolicyArn=ARN, VersionId="v3")["PolicyVersion"]
    assert found["Document"] == json.loads(document("s3:PutObject"))
    for _ in range(2):
        iam.create_policy_version(PolicyArn=ARN, PolicyDocument=document())
    message = (
        "A managed policy can have up to 5 versions. "
        "Before you create a new version, you must delete an existing version."
    )
    with refused("LimitExceeded", message, 409):
        iam.create_policy_version(PolicyArn=ARN, PolicyDocument=document())
    iam.detach_role_policy(RoleName="s3-reader", PolicyArn=ARN)
    with refused("DeleteConflict", status=409):
        iam.delete_policy(PolicyArn=ARN)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Syntax errors in policy."),
        (document(Principal="*"), "Policy document should not specify a principal."),
        (document("GetObject"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
        (document(Resource="my-bucket"), 'Resource my-bucket must be in ARN format or "*".'),
        (document().replace('"Resource": "*"', '"Sid": "x"'), "Policy statement must contain resources."),
    ],
)
def test_documents_that_iam_does_not_store(iam, text, message):
    with refused("MalformedPolicyDocument", message, 400):
        iam.create_policy(PolicyName="other", PolicyDocument=text)
    with refused("MalformedPolicyDocument", message, 400):
        iam.create_policy_version(PolicyArn=ARN, PolicyDocument=text)
    with refused("MalformedPolicyDocument", message, 400):
        iam.put_role_policy(RoleName="s3-reader", PolicyName="other", PolicyDocument=text)


def test_names_sizes_and_numbers(aws, iam):
    message = "A policy called Mine already exists. Duplicate names are not allowed."
    with refused("EntityAlreadyExists", message, 409):
        iam.create_policy(PolicyName="Mine", PolicyDocument=document())
    with refused("LimitExceeded", "Cannot exceed quota for PolicySize: 6144", 409):
        iam.create_policy(PolicyName="long", PolicyDocument=document("s3:" + "x" * 6144))
    spaces = document().replace('"Effect"', " " * 7000 + '"Effect"')
    iam.create_policy(PolicyName="spaces", PolicyDocument=spaces)
    for number in range(198):
        aws.call("CreatePolicy", PolicyName=f"policy-{number}", PolicyDocument=document())
    with refused("LimitExceeded", "Cannot exceed quota for PoliciesPerAccount: 200", 409):
        iam.create_policy(PolicyName="more", PolicyDocument=document())


def test_the_policies_that_aws_manages(iam):
    managed = iam.list_policies(Scope="AWS")["Policies"]
    names = {policy["PolicyName"] for policy in managed}
    assert {"AmazonS3ReadOnlyAccess", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"} <= names
    assert all(policy["Arn"].startswith("arn:aws:iam::aws:policy/") for policy in managed)
    for policy in managed:
        found = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        assert found["PolicyVersion"]["Document"]["Version"] == "2012-10-17"
    local = iam.list_policies(Scope="Local")["Policies"]
    assert [policy["Arn"] for policy in local] == [ARN]
    attached = iam.list_policies(OnlyAttached=True)["Policies"]
    assert [policy["Arn"] for policy in attached] == ["arn:aws:iam::aws:policy/AdministratorAccess", S3_READ_ONLY]
    assert len(iam.list_policies()["Policies"]) == len(managed) + 1
    assert iam.list_policies(PolicyUsageFilter="PermissionsBoundary")["Policies"] == []


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("delete_policy", {}),
        ("create_policy_version", {"PolicyDocument": document()}),
        ("delete_policy_version", {"VersionId": "v1"}),
        ("set_default_policy_version", {"VersionId": "v1"}),
        ("tag_policy", {"Tags": [{"Key": "a", "Value": "b"}]}),
        ("untag_policy", {"TagKeys": ["a"]}),
    ],
)
def test_only_aws_changes_them(iam, operation, parameters):
    with refused("AccessDenied", "Policy is outside your own account.", 403):
        getattr(iam, operation)(PolicyArn=S3_READ_ONLY, **parameters)


def test_tags(iam):
    iam.tag_policy(PolicyArn=ARN, Tags=[{"Key": "A", "Value": "c"}])
    assert iam.list_policy_tags(PolicyArn=ARN)["Tags"] == [{"Key": "A", "Value": "c"}]
    iam.untag_policy(PolicyArn=ARN, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=ARN)["Tags"] == []


def test_a_read_only_role_reads_but_does_not_write(aws, iam):
    aws.call("AttachRolePolicy", RoleName="s3-reader", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    reader = aws.client("iam", aws.assume()["Credentials"])
    assert reader.get_role(RoleName="s3-reader")["Role"]["Arn"] == ROLE
    with refused("AccessDenied", status=403):
        reader.delete_policy(PolicyArn=ARN)


@pytest.mark.parametrize(
    ("operator", "key", "value", "met"),
    [
        ("StringLike", f"{HOST}:sub", "system:serviceaccount:default:my-sa", True),
        ("StringLike", f"{HOST}:sub", "system:serviceaccount:other:*", False),
        ("StringEquals", f"{HOST}:aud", "sts.amazonaws.com", True),
        ("StringEquals", "aws:FederatedProvider", PROVIDER, True),
        ("DateGreaterThan", "aws:TokenIssueTime", "2020-01-01T00:00:00Z", True),
        ("StringEquals", "aws:PrincipalType", "AssumedRole", True),
    ],
)
def test_a_permission_policy_may_ask_for_what_the_session_began_with(aws, iam, operator, key, value, met):
    iam.detach_role_policy(RoleName="s3-reader", PolicyArn=S3_READ_ONLY)
    condition = {operator: {key: value}}
    iam.create_policy_version(PolicyArn=ARN, PolicyDocument=document(Condition=condition), SetAsDefault=True)
    iam.attach_role_policy(RoleName="s3-reader", PolicyArn=ARN)
    s3 = aws.client("s3", aws.assume()["Credentials"])
    if met:
        s3.list_buckets()
    else:
        with refused("AccessDenied"):
            s3.list_buckets()
