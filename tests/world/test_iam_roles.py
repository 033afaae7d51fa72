"""Roles, their trust policies and their permissions, through boto3."""

import json

import pytest

from app.world.aws.authorization import LONGEST
from app.world.aws.errors import AwsError
from app.world.aws.iam import limits
from tests.world.aws_world import (  # noqa: F401
    ACCOUNT,
    PROVIDER,
    REGION,
    ROLE,
    S3_READ_ONLY,
    aws_fixture,
    aws_server,
    refused,
    trust_policy,
)

TRUST = json.dumps(trust_policy())
LIST_BUCKETS = json.dumps(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}}
)


def test_a_role_says_when_and_where_a_session_of_it_was_last_used(aws):
    iam = aws.client("iam")
    credentials = aws.assume()["Credentials"]
    assert iam.get_role(RoleName="s3-reader")["Role"]["RoleLastUsed"] == {}
    aws.client("sts", credentials).get_caller_identity()
    used = iam.get_role(RoleName="s3-reader")["Role"]["RoleLastUsed"]
    assert used["LastUsedDate"].timestamp() == int(aws.clock.now())
    assert used["Region"] == REGION
    assert all("RoleLastUsed" not in role for role in iam.list_roles()["Roles"])


def test_a_role_from_creation_to_deletion(aws):
    iam = aws.client("iam")
    role = iam.create_role(
        RoleName="deep",
        Path="/team/a/",
        AssumeRolePolicyDocument=TRUST,
        Description="A role",
        MaxSessionDuration=7200,
        Tags=[{"Key": "a", "Value": "b"}],
    )["Role"]
    assert role["Arn"] == f"arn:aws:iam::{ACCOUNT}:role/team/a/deep"
    assert role["AssumeRolePolicyDocument"] == trust_policy()
    assert (role["Path"], role["Description"], role["MaxSessionDuration"]) == ("/team/a/", "A role", 7200)
    found = iam.get_role(RoleName="deep")["Role"]
    assert found == role | {"RoleLastUsed": {}}
    listed = iam.list_roles(PathPrefix="/team/")["Roles"]
    assert [entry["RoleName"] for entry in listed] == ["deep"]
    assert "Tags" not in listed[0]
    iam.delete_role(RoleName="deep")
    with refused("NoSuchEntity", "The role with name deep cannot be found.", 404):
        iam.get_role(RoleName="deep")


def test_names_differ_by_more_than_case(aws):
    with refused("EntityAlreadyExists", "Role with name S3-Reader already exists.", 409):
        aws.client("iam").create_role(RoleName="S3-Reader", AssumeRolePolicyDocument=TRUST)
    with refused("NoSuchEntity", "The role with name S3-Reader cannot be found.", 404):
        aws.client("iam").get_role(RoleName="S3-Reader")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"RoleName": "team/reader"},
            "The specified value for roleName is invalid. "
            "It must contain only alphanumeric characters and/or the following: +=,.@_-",
        ),
        (
            {"RoleName": "r" * 65},
            f"1 validation error detected: Value '{'r' * 65}' at 'roleName' failed to satisfy constraint: "
            "Member must have length less than or equal to 64",
        ),
        (
            {"Path": "team"},
            "1 validation error detected: Value 'team' at 'path' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: (\u002F)|(\u002F[\u0021-\u007E]+\u002F)",
        ),
        (
            {"MaxSessionDuration": 60},
            "1 validation error detected: Value '60' at 'maxSessionDuration' failed to satisfy constraint: "
            "Member must have value greater than or equal to 3600",
        ),
        (
            {"Description": "役割"},
            "1 validation error detected: Value '役割' at 'description' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*",
        ),
    ],
)
def test_parameters_out_of_bounds(aws, parameters, message):
    client = aws.client("iam", parameter_validation=False)
    with refused("ValidationError", message, 400):
        client.create_role(**({"RoleName": "role", "AssumeRolePolicyDocument": TRUST} | parameters))


def test_a_missing_parameter(aws):
    message = (
        "1 validation error detected: Value null at 'assumeRolePolicyDocument' failed to satisfy constraint: "
        "Member must not be null"
    )
    with refused("ValidationError", message, 400):
        aws.client("iam", parameter_validation=False).create_role(RoleName="role")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "This policy contains invalid Json"),
        ("[" * 100_000, "This policy contains invalid Json"),
        ('{"Version":"2012-10-17"}', "Missing required field Statement"),
        (
            TRUST.replace("sts:AssumeRoleWithWebIdentity", "s3:GetObject"),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (TRUST.replace('"Effect"', '"Resource": "*", "Effect"'), "Has prohibited field Resource"),
    ],
)
def test_trust_policies_that_iam_does_not_store(aws, document, message):
    iam = aws.client("iam")
    with refused("MalformedPolicyDocument", message, 400):
        iam.create_role(RoleName="role", AssumeRolePolicyDocument=document)
    with refused("MalformedPolicyDocument", message, 400):
        iam.update_assume_role_policy(RoleName="s3-reader", PolicyDocument=document)
    assert iam.get_role(RoleName="s3-reader")["Role"]["AssumeRolePolicyDocument"] == trust_policy()


def test_a_trust_policy_names_roles_and_users_that_exist(aws):
    iam, account = aws.client("iam"), f"arn:aws:iam::{ACCOUNT}"

    def trusting(principal):
        statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
        iam.update_assume_role_policy(
            RoleName="s3-reader", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        )

    for known in (f"{account}:root", f"{account}:user/learner", f"{account}:role/s3-reader", ACCOUNT, "*"):
        trusting(known)
    for missing in ("role/ghost", "user/ghost", "role/path/s3-reader"):
        message = f'Invalid principal in policy: "AWS":"{account}:{missing}"'
        with refused("MalformedPolicyDocument", message, 400):
            trusting([f"{account}:root", f"{account}:{missing}"])


def test_a_trust_policy_that_is_too_long(aws):
    """Four service accounts or so: the size that ends most trust policies."""
    many = trust_policy(sub=[f"system:serviceaccount:default:service-account-{n:04}" for n in range(60)])
    with refused("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048", 409):
        aws.client("iam").update_assume_role_policy(RoleName="s3-reader", PolicyDocument=json.dumps(many))


def test_a_changed_trust_policy_is_in_force_at_once(aws):
    iam = aws.client("iam")
    iam.update_assume_role_policy(RoleName="s3-reader", PolicyDocument=json.dumps(trust_policy(sub="someone")))
    with refused("AccessDenied"):
        aws.assume()
    iam.update_assume_role_policy(RoleName="s3-reader", PolicyDocument=TRUST)
    aws.assume()


def test_update_role(aws):
    iam = aws.client("iam")
    iam.update_role(RoleName="s3-reader", MaxSessionDuration=7200, Description="new")
    iam.update_role(RoleName="s3-reader")
    role = iam.update_role_description(RoleName="s3-reader", Description="newer")["Role"]
    assert (role["MaxSessionDuration"], role["Description"]) == (7200, "newer")


def test_inline_policies(aws):
    iam = aws.client("iam")
    iam.put_role_policy(RoleName="s3-reader", PolicyName="inline", PolicyDocument=LIST_BUCKETS)
    found = iam.get_role_policy(RoleName="s3-reader", PolicyName="inline")
    assert found["PolicyDocument"] == json.loads(LIST_BUCKETS)
    assert iam.list_role_policies(RoleName="s3-reader")["PolicyNames"] == ["inline"]
    iam.detach_role_policy(RoleName="s3-reader", PolicyArn=S3_READ_ONLY)
    with refused("DeleteConflict", "Cannot delete entity, must delete policies first.", 409):
        iam.delete_role(RoleName="s3-reader")
    iam.delete_role_policy(RoleName="s3-reader", PolicyName="inline")
    for call in (iam.get_role_policy, iam.delete_role_policy):
        with refused("NoSuchEntity", "The role policy with name inline cannot be found.", 404):
            call(RoleName="s3-reader", PolicyName="inline")
    iam.delete_role(RoleName="s3-reader")


def test_inline_policies_have_a_size_together(aws):
    iam = aws.client("iam")
    long = LIST_BUCKETS.replace("s3:ListAllMyBuckets", "s3:" + "x" * 5000)
    iam.put_role_policy(RoleName="s3-reader", PolicyName="one", PolicyDocument=long)
    iam.put_role_policy(RoleName="s3-reader", PolicyName="one", PolicyDocument=long)
    iam.put_role_policy(RoleName="s3-reader", PolicyName="two", PolicyDocument=long)
    with refused("LimitExceeded", "Maximum policy size of 10240 bytes exceeded for role s3-reader", 409):
        iam.put_role_policy(RoleName="s3-reader", PolicyName="three", PolicyDocument=LIST_BUCKETS)


def test_attached_policies(aws):
    iam = aws.client("iam")
    iam.attach_role_policy(RoleName="s3-reader", PolicyArn=S3_READ_ONLY)
    attached = iam.list_attached_role_policies(RoleName="s3-reader")["AttachedPolicies"]
    assert attached == [{"PolicyName": "AmazonS3ReadOnlyAccess", "PolicyArn": S3_READ_ONLY}]
    with refused("DeleteConflict", "Cannot delete entity, must detach all policies first.", 409):
        iam.delete_role(RoleName="s3-reader")
    missing = "arn:aws:iam::aws:policy/NoSuchPolicy"
    with refused("NoSuchEntity", f"Policy {missing} does not exist or is not attachable.", 404):
        iam.attach_role_policy(RoleName="s3-reader", PolicyArn=missing)
    iam.detach_role_policy(RoleName="s3-reader", PolicyArn=S3_READ_ONLY)
    with refused("NoSuchEntity", f"Policy {S3_READ_ONLY} was not found.", 404):
        iam.detach_role_policy(RoleName="s3-reader", PolicyArn=S3_READ_ONLY)


def test_permissions_are_read_at_each_request(aws):
    s3 = aws.client("s3", aws.assume()["Credentials"])
    s3.list_buckets()
    aws.call("DetachRolePolicy", RoleName="s3-reader", PolicyArn=S3_READ_ONLY)
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/session"
    denied = f"User: {arn} is not authorized to perform: s3:ListAllMyBuckets"
    with refused(
        "AccessDenied", f"{denied} because no identity-based policy allows the s3:ListAllMyBuckets action", 403
    ):
        s3.list_buckets()
    deny = LIST_BUCKETS.replace("Allow", "Deny", 1)
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="deny", PolicyDocument=deny)
    aws.call("AttachRolePolicy", RoleName="s3-reader", PolicyArn=S3_READ_ONLY)
    inline = f"{denied} with an explicit deny in an identity-based policy"
    with refused("AccessDenied", inline, 403):
        s3.list_buckets()
    aws.call("DeleteRolePolicy", RoleName="s3-reader", PolicyName="deny")
    aws.call("CreatePolicy", PolicyName="deny", PolicyDocument=deny)
    managed = f"arn:aws:iam::{ACCOUNT}:policy/deny"
    aws.call("AttachRolePolicy", RoleName="s3-reader", PolicyArn=managed)
    with refused("AccessDenied", f"{inline}: {managed}", 403):
        s3.list_buckets()


def test_pages(aws):
    for number in range(7):
        aws.role(f"role-{number}", trust_policy())
    iam = aws.client("iam")
    pages = list(iam.get_paginator("list_roles").paginate(PaginationConfig={"PageSize": 4}))
    assert [len(page["Roles"]) for page in pages] == [4, 4, 1]
    names = [role["RoleName"] for page in pages for role in page["Roles"]]
    assert names == sorted(aws.mine.roles)
    for marker in ("@@@", "////", "YQ"):
        with refused("ValidationError", status=400):
            iam.list_roles(Marker=marker)


def test_white_space_counts_in_the_account_as_a_whole(aws):
    document = aws.mine.roles["s3-reader"].trust_policy + " " * 120_000
    for number in range(limits.ACCOUNT_SIZE // 125_000):
        aws.call("CreateRole", RoleName=f"wide-{number}", AssumeRolePolicyDocument=document)
    message = f"Cannot exceed quota for BytesPerAccount: {limits.ACCOUNT_SIZE}"
    with pytest.raises(AwsError, match=message):
        aws.call("CreateRole", RoleName="more", AssumeRolePolicyDocument=document)
    with pytest.raises(AwsError, match=message):
        aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="p", PolicyDocument=LIST_BUCKETS + " " * 130_000)
    aws.call("DeleteRole", RoleName="wide-0")
    aws.call("CreateRole", RoleName="more", AssumeRolePolicyDocument=document)


def test_limits(aws):
    for number in range(198):
        aws.role(f"role-{number}", trust_policy())
    with refused("LimitExceeded", "Cannot exceed quota for RolesPerAccount: 200", 409):
        aws.client("iam").create_role(RoleName="one-more", AssumeRolePolicyDocument=TRUST)
    for number in range(10):
        aws.call("CreatePolicy", PolicyName=f"policy-{number}", PolicyDocument=LIST_BUCKETS)
    for number in range(9):
        aws.call("AttachRolePolicy", RoleName="s3-reader", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/policy-{number}")
    with refused("LimitExceeded", "Cannot exceed quota for PoliciesPerRole: 10", 409):
        aws.client("iam").attach_role_policy(RoleName="s3-reader", PolicyArn=f"arn:aws:iam::{ACCOUNT}:policy/policy-9")


def test_role_tags_become_condition_keys(aws):
    iam = aws.client("iam")
    iam.tag_role(RoleName="s3-reader", Tags=[{"Key": "team", "Value": "blue"}])
    assert iam.list_role_tags(RoleName="s3-reader")["Tags"] == [{"Key": "team", "Value": "blue"}]
    policy = json.loads(LIST_BUCKETS)
    policy["Statement"]["Condition"] = {"StringEquals": {"aws:PrincipalTag/team": "blue"}}
    iam.put_role_policy(RoleName="s3-reader", PolicyName="p", PolicyDocument=json.dumps(policy))
    iam.detach_role_policy(RoleName="s3-reader", PolicyArn=S3_READ_ONLY)
    s3 = aws.client("s3", aws.assume()["Credentials"])
    s3.list_buckets()
    iam.untag_role(RoleName="s3-reader", TagKeys=["team"])
    with refused("AccessDenied"):
        s3.list_buckets()


@pytest.mark.parametrize(
    ("operation", "parameters", "action", "resource"),
    [
        ("list_roles", {}, "iam:ListRoles", f"arn:aws:iam::{ACCOUNT}:role/"),
        ("get_role", {"RoleName": "s3-reader"}, "iam:GetRole", "role s3-reader"),
        ("get_role", {"RoleName": "missing"}, "iam:GetRole", "role missing"),
        ("list_policies", {}, "iam:ListPolicies", "policy path /"),
        ("get_policy", {"PolicyArn": S3_READ_ONLY}, "iam:GetPolicy", f"policy {S3_READ_ONLY}"),
        (
            "get_open_id_connect_provider",
            {"OpenIDConnectProviderArn": PROVIDER},
            "iam:GetOpenIDConnectProvider",
            PROVIDER,
        ),
        ("get_user", {}, "iam:GetUser", "user session"),
    ],
)
def test_how_iam_names_what_it_refuses(aws, operation, parameters, action, resource):
    message = (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/session is not authorized to perform: {action} "
        f"on resource: {resource} because no identity-based policy allows the {action} action"
    )
    with refused("AccessDenied", message, 403):
        getattr(aws.client("iam", aws.assume()["Credentials"]), operation)(**parameters)


def test_what_is_refused_before_its_parameters_are_read(aws):
    with refused("AccessDenied", status=403):
        aws.client("iam", aws.assume()["Credentials"], parameter_validation=False).get_role()


def test_a_policy_for_one_role_only(aws):
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:GetRole", "Resource": ROLE}}
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="self", PolicyDocument=json.dumps(policy))
    iam = aws.client("iam", aws.assume()["Credentials"])
    assert iam.get_role(RoleName="s3-reader")["Role"]["Arn"] == ROLE
    with refused("AccessDenied"):
        iam.get_role(RoleName="NodeInstanceRole")


def test_policies_are_compared_with_no_more_than_an_arn(aws):
    statement = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": f"{ROLE.partition('/')[0]}/*b"}
    policy = {"Version": "2012-10-17", "Statement": statement}
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="self", PolicyDocument=json.dumps(policy))
    iam = aws.client("iam", aws.assume()["Credentials"], parameter_validation=False)
    with refused("NoSuchEntity"):
        iam.get_role(RoleName="a" * 60 + "b")
    with refused("AccessDenied"):
        iam.get_role(RoleName="a" * LONGEST + "b")


def test_the_learner_is_a_user(aws):
    iam = aws.client("iam")
    user = iam.get_user()["User"]
    assert user["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/learner"
    assert iam.get_user(UserName="learner")["User"] == user
    with refused("NoSuchEntity", "The user with name other cannot be found.", 404):
        iam.get_user(UserName="other")
    aws.call("AttachRolePolicy", RoleName="s3-reader", PolicyArn="arn:aws:iam::aws:policy/IAMReadOnlyAccess")
    with refused("ValidationError", "Must specify userName when calling with non-User credentials", 400):
        aws.client("iam", aws.assume()["Credentials"]).get_user()


@pytest.mark.parametrize(
    ("condition", "right", "wrong"),
    [
        (
            {"StringEquals": {"iam:PermissionsBoundary": S3_READ_ONLY}},
            {"PermissionsBoundary": S3_READ_ONLY},
            {"PermissionsBoundary": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"},
        ),
        (
            {"StringEquals": {"aws:RequestTag/team": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
            {"Tags": [{"Key": "team", "Value": "a"}]},
            {"Tags": [{"Key": "team", "Value": "a"}, {"Key": "other", "Value": "b"}]},
        ),
    ],
)
def test_conditions_on_how_a_role_is_made(aws, condition, right, wrong):
    """Administrators let others make roles in this way: with a boundary, or with tags."""
    statement = {"Effect": "Allow", "Action": "iam:CreateRole", "Resource": "*", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="p", PolicyDocument=document)
    iam = aws.client("iam", aws.assume()["Credentials"])
    asked = {"RoleName": "made", "AssumeRolePolicyDocument": json.dumps(trust_policy())}
    for other in ({}, wrong):
        with refused("AccessDenied"):
            iam.create_role(**asked, **other)
    assert iam.create_role(**asked, **right)["Role"]["RoleName"] == "made"


def test_conditions_on_what_a_role_has(aws):
    statements = [
        {
            "Effect": "Allow",
            "Action": ["iam:PutRolePolicy", "iam:DeleteRole"],
            "Resource": "*",
            "Condition": {"StringEquals": {key: value}},
        }
        for key, value in (("iam:PermissionsBoundary", S3_READ_ONLY), ("aws:ResourceTag/team", "a"))
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="p", PolicyDocument=document)
    iam = aws.client("iam", aws.assume()["Credentials"])
    aws.role("bounded", trust_policy(), PermissionsBoundary=S3_READ_ONLY)
    for name in ("tagged", "bare"):
        aws.role(name, trust_policy())
    aws.client("iam").tag_role(RoleName="tagged", Tags=[{"Key": "team", "Value": "a"}])
    iam.put_role_policy(RoleName="bounded", PolicyName="p", PolicyDocument=document)
    iam.delete_role(RoleName="tagged")
    with refused("AccessDenied"):
        iam.delete_role(RoleName="bare")
