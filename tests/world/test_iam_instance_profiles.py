"""Instance profiles and users through boto3, as Terraform, Ansible and the AWS CLI ask for them."""

import json

import pytest

from app.world.aws.iam.actions import ACTIONS
from tests.world.aws_world import ACCOUNT, SESSION, AwsWorld, aws_fixture, aws_server, refused, trust_policy

__all__ = ["aws_fixture", "aws_server"]


def test_a_role_leaves_its_instance_profile_before_it_goes(aws: AwsWorld) -> None:
    """The order in which Terraform deletes a role, and in which Ansible makes one."""
    iam = aws.client("iam")
    aws.role("app", trust_policy())
    assert iam.list_instance_profiles_for_role(RoleName="app")["InstanceProfiles"] == []
    made = iam.create_instance_profile(InstanceProfileName="app", Tags=[{"Key": "team", "Value": "a"}])
    assert made["InstanceProfile"]["Arn"] == f"arn:aws:iam::{ACCOUNT}:instance-profile/app"
    assert made["InstanceProfile"]["Roles"] == []
    iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
    with refused("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", 409):
        iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="s3-reader")
    (found,) = iam.list_instance_profiles_for_role(RoleName="app")["InstanceProfiles"]
    assert [role["RoleName"] for role in found["Roles"]] == ["app"]
    assert iam.get_instance_profile(InstanceProfileName="app")["InstanceProfile"] == found
    with refused("DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.", 409):
        iam.delete_role(RoleName="app")
    with refused("DeleteConflict", status=409):
        iam.delete_instance_profile(InstanceProfileName="app")
    iam.remove_role_from_instance_profile(InstanceProfileName="app", RoleName="app")
    iam.delete_role(RoleName="app")
    iam.delete_instance_profile(InstanceProfileName="app")
    names = [it["InstanceProfileName"] for it in iam.list_instance_profiles()["InstanceProfiles"]]
    assert names == ["NodeInstanceRole"]


@pytest.mark.parametrize(
    ("operation", "asked", "code"),
    [
        ("get_instance_profile", {"InstanceProfileName": "nope"}, "NoSuchEntity"),
        ("create_instance_profile", {"InstanceProfileName": "nodeinstancerole"}, "EntityAlreadyExists"),
        ("create_instance_profile", {"InstanceProfileName": "a b"}, "ValidationError"),
        (
            "remove_role_from_instance_profile",
            {"InstanceProfileName": "NodeInstanceRole", "RoleName": "s3-reader"},
            "NoSuchEntity",
        ),
        ("list_instance_profiles_for_role", {"RoleName": "nope"}, "NoSuchEntity"),
    ],
)
def test_what_iam_refuses(aws: AwsWorld, operation: str, asked: dict, code: str) -> None:
    with refused(code):
        getattr(aws.client("iam"), operation)(**asked)


def test_profiles_of_a_role_with_a_long_trust_policy_come_in_small_pages(aws: AwsWorld) -> None:
    """White space is free in the policy's quota, and each profile repeats it."""
    iam = aws.client("iam")
    aws.role("app", trust_policy())
    policy = json.dumps(trust_policy())
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=policy + " " * (131_072 - len(policy)))
    for number in range(5):
        iam.create_instance_profile(InstanceProfileName=f"app{number}")
        iam.add_role_to_instance_profile(InstanceProfileName=f"app{number}", RoleName="app")
    pages = iam.get_paginator("list_instance_profiles_for_role").paginate(RoleName="app")
    assert [len(page["InstanceProfiles"]) for page in pages] == [2, 2, 1]


def test_the_path_of_a_profile_is_in_its_arn(aws: AwsWorld) -> None:
    made = aws.client("iam").create_instance_profile(InstanceProfileName="app", Path="/team/")["InstanceProfile"]
    document = {"Effect": "Allow", "Action": "iam:GetInstanceProfile", "Resource": made["Arn"]}
    policy = json.dumps({"Version": "2012-10-17", "Statement": document})
    aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="look", PolicyDocument=policy)
    reader = aws.client("iam", aws.assume()["Credentials"])
    assert reader.get_instance_profile(InstanceProfileName="app")["InstanceProfile"]["Arn"] == made["Arn"]


def test_to_give_a_role_to_instances_takes_the_right_to_pass_it(aws: AwsWorld) -> None:
    iam = aws.client("iam")
    iam.create_instance_profile(InstanceProfileName="app")
    reader = aws.client("iam", aws.assume()["Credentials"])
    role = f"arn:aws:iam::{ACCOUNT}:role/s3-reader"

    def allow(*services: str) -> None:
        statements: list[dict] = [{"Effect": "Allow", "Action": "iam:AddRoleToInstanceProfile", "Resource": "*"}]
        for service in services:
            condition = {"StringEquals": {"iam:PassedToService": service}}
            statements.append({"Effect": "Allow", "Action": "iam:PassRole", "Resource": role, "Condition": condition})
        policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
        aws.call("PutRolePolicy", RoleName="s3-reader", PolicyName="p", PolicyDocument=policy)

    for services in ((), ("pods.eks.amazonaws.com",)):
        allow(*services)
        message = (
            f"User: arn:aws:sts::{ACCOUNT}:assumed-role/s3-reader/session is not authorized to perform: iam:PassRole "
            f"on resource: {role} because no identity-based policy allows the iam:PassRole action"
        )
        with refused("AccessDenied", message, 403):
            reader.add_role_to_instance_profile(InstanceProfileName="app", RoleName="s3-reader")
    allow("ec2.amazonaws.com")
    reader.add_role_to_instance_profile(InstanceProfileName="app", RoleName="s3-reader")


def test_users_with_what_they_have(aws: AwsWorld) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="dev")
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["dev", "learner"]
    attached = {name: iam.list_attached_user_policies(UserName=name)["AttachedPolicies"] for name in ("dev", "learner")}
    assert [it["PolicyName"] for it in attached["learner"]] == ["AdministratorAccess"]
    assert attached["dev"] == iam.list_user_policies(UserName="dev")["PolicyNames"] == []
    assert iam.list_groups_for_user(UserName="dev")["Groups"] == iam.list_account_aliases()["AccountAliases"] == []


def test_a_key_that_is_deleted_opens_nothing(aws: AwsWorld) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="dev")
    key = iam.create_access_key(UserName="dev")["AccessKey"]
    own = aws.client("sts", {**key, "SessionToken": None})
    assert own.get_caller_identity()["Arn"].endswith(":user/dev")
    assert [it["AccessKeyId"] for it in iam.list_access_keys(UserName="dev")["AccessKeyMetadata"]] == [
        key["AccessKeyId"]
    ]
    with refused("DeleteConflict", "Cannot delete entity, must delete access keys first.", 409):
        iam.delete_user(UserName="dev")
    iam.delete_access_key(UserName="dev", AccessKeyId=key["AccessKeyId"])
    with refused("InvalidClientTokenId"):
        own.get_caller_identity()
    iam.delete_user(UserName="dev")


def test_the_learner_keeps_the_key_by_which_the_world_is_used(aws: AwsWorld) -> None:
    iam = aws.client("iam")
    (key,) = iam.list_access_keys()["AccessKeyMetadata"]
    assert key["AccessKeyId"] == aws.mine.admin.access_key_id
    with refused("NotSimulated"):
        iam.delete_access_key(AccessKeyId=key["AccessKeyId"])
    with refused("NoSuchEntity"):
        iam.delete_access_key(AccessKeyId=aws.mine.explorer.access_key_id)
    with refused("DeleteConflict"):
        iam.delete_user(UserName="learner")


def test_iam_has_every_action_that_eksctl_terraform_and_ansible_call_for_irsa() -> None:
    """Sources: eksctl, the resources of terraform-provider-aws, crossplane-contrib/provider-aws, `amazon.aws`."""
    verbs = {
        "OpenIDConnectProvider": "Create Get Delete Tag Untag",
        "Role": "Create Get Update Delete Tag Untag",
        "RolePolicy": "Attach Detach Put Get Delete",
        "RolePermissionsBoundary": "Put Delete",
        "Policy": "Create Get Delete Tag Untag",
        "PolicyVersion": "Create Get Delete",
        "InstanceProfile": "Create Get Delete",
    }
    others = (
        "ListOpenIDConnectProviders ListOpenIDConnectProviderTags UpdateOpenIDConnectProviderThumbprint "
        "AddClientIDToOpenIDConnectProvider RemoveClientIDFromOpenIDConnectProvider ListRoles ListRoleTags "
        "UpdateRoleDescription UpdateAssumeRolePolicy ListAttachedRolePolicies ListRolePolicies ListPolicies "
        "ListPolicyVersions ListPolicyTags ListEntitiesForPolicy SetDefaultPolicyVersion SimulatePrincipalPolicy "
        "ListInstanceProfilesForRole AddRoleToInstanceProfile RemoveRoleFromInstanceProfile GetUser ListUsers"
    )
    asked = {f"{verb}{noun}" for noun, verbs_of in verbs.items() for verb in verbs_of.split()} | set(others.split())
    assert asked - ACTIONS.keys() == set()


def test_no_parameter_of_iam_is_ignored() -> None:
    lists = "Tags TagKeys ClientIDList ThumbprintList ActionNames ResourceArns ContextEntries PolicyInputList"
    read = {*lists.split(), "PermissionsBoundaryPolicyInputList", "OnlyAttached", "SetAsDefault"}
    model = SESSION._session.get_service_model("iam")
    for name, action in ACTIONS.items():
        shape = model.operation_model(name).input_shape
        known = {*action.required, *action.optional, *action.lacks} | read
        assert set(shape.members if shape else ()) - known == set(), name


def test_what_an_action_of_iam_lacks_is_refused(aws: AwsWorld) -> None:
    source = aws.mine.roles["s3-reader"].arn
    with refused("NotSimulated", status=400):
        aws.client("iam").simulate_principal_policy(
            PolicySourceArn=source, ActionNames=["s3:GetObject"], CallerArn=aws.mine.admin.arn, ResourcePolicy="{}"
        )
