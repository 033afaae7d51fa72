"""IAM users beside the learner: they have keys and no rights."""

import json

from tests.world.aws_world import ACCOUNT, aws_fixture, aws_server, refused  # noqa: F401


def credentials_of(aws, name):
    iam = aws.client("iam")
    user = iam.create_user(UserName=name)["User"]
    assert user["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/{name}"
    assert user["UserId"].startswith("AIDA")
    key = iam.create_access_key(UserName=name)["AccessKey"]
    assert (key["UserName"], key["Status"]) == (name, "Active")
    return {"AccessKeyId": key["AccessKeyId"], "SecretAccessKey": key["SecretAccessKey"], "SessionToken": None}


def test_a_users_key_says_who_it_is_and_may_do_nothing(aws):
    found = credentials_of(aws, "ci")
    assert aws.client("sts", found).get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ci"
    with refused(
        "AccessDenied",
        f"User: arn:aws:iam::{ACCOUNT}:user/ci is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action",
    ):
        aws.client("s3", found).list_buckets()
    with refused("AccessDenied"):
        aws.client("iam", found).get_role(RoleName="s3-reader")


def test_users_are_found_by_name_and_are_there_once(aws):
    iam = aws.client("iam")
    created = iam.create_user(UserName="ci")["User"]
    assert iam.get_user(UserName="ci")["User"] == created
    for name in ("ci", "CI", "learner"):
        with refused("EntityAlreadyExists", f"User with name {name} already exists.", 409):
            iam.create_user(UserName=name)
    with refused("NoSuchEntity", "The user with name nobody cannot be found.", 404):
        iam.create_access_key(UserName="nobody")


def test_a_user_has_two_keys_at_most(aws):
    iam = aws.client("iam")
    iam.create_user(UserName="ci")
    ids = {iam.create_access_key(UserName="ci")["AccessKey"]["AccessKeyId"] for _ in range(2)}
    assert len(ids) == 2
    with refused("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409):
        iam.create_access_key(UserName="ci")


def test_a_user_has_a_path_and_tags(aws):
    iam = aws.client("iam")
    team = [{"Key": "team", "Value": "a"}]
    made = iam.create_user(UserName="ci", Path="/robots/", Tags=team)["User"]
    assert (made["Arn"], made["Path"]) == (f"arn:aws:iam::{ACCOUNT}:user/robots/ci", "/robots/")
    assert made["Tags"] == iam.get_user(UserName="ci")["User"]["Tags"] == team
    assert [it["UserName"] for it in iam.list_users(PathPrefix="/robots/")["Users"]] == ["ci"]
    iam.tag_user(UserName="ci", Tags=[{"Key": "stage", "Value": "b"}])
    iam.untag_user(UserName="ci", TagKeys=["TEAM"])
    assert iam.list_user_tags(UserName="ci")["Tags"] == [{"Key": "stage", "Value": "b"}]
    assert iam.list_user_tags(UserName="learner")["Tags"] == []
    with refused("NotSimulated"):
        iam.tag_user(UserName="learner", Tags=team)
    with refused("NotSimulated"):
        iam.create_user(UserName="bounded", PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")


def test_a_trust_policy_sees_a_users_tags(aws):
    key = credentials_of(aws, "ci")
    sts = aws.client("sts", key)
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ci"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "a"}},
    }
    aws.role("tagged", {"Version": "2012-10-17", "Statement": statement})
    asked = {"RoleArn": aws.mine.roles["tagged"].arn, "RoleSessionName": "session"}
    with refused("AccessDenied"):
        sts.assume_role(**asked)
    aws.client("iam").tag_user(UserName="ci", Tags=[{"Key": "team", "Value": "a"}])
    assert sts.assume_role(**asked)["AssumedRoleUser"]["Arn"].endswith(":assumed-role/tagged/session")


def test_without_a_name_it_is_the_user_who_calls(aws):
    """A role has to give one: the learner's keys are not its own."""
    iam = aws.client("iam")
    assert iam.create_access_key()["AccessKey"]["UserName"] == "learner"
    policy = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}}
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="p", PolicyDocument=json.dumps(policy))
    role = aws.client("iam", aws.assume()["Credentials"])
    unknown = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE"}
    for call, asked in ((role.list_access_keys, {}), (role.create_access_key, {}), (role.delete_access_key, unknown)):
        with refused("ValidationError", "Must specify userName when calling with non-User credentials", 400):
            call(**asked)


def test_the_learners_policy_has_a_user(aws):
    iam = aws.client("iam")
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    (user,) = iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"]
    assert user["UserName"] == "learner"
    assert iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role")["PolicyUsers"] == []
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
