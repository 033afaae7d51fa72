"""IAM users beside the learner: they have keys and no rights."""

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
