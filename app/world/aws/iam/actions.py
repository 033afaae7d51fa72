"""IAM's actions by name, with the parameters each takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.flow.model import JsonValue
from app.world.aws.account import Account
from app.world.aws.errors import not_simulated
from app.world.aws.iam import (
    instance_profiles,
    limits,
    policies,
    policy_versions,
    providers,
    role_policies,
    roles,
    simulation,
    tags,
    users,
)
from app.world.aws.iam.constraints import CONSTRAINTS, POLICY_CONSTRAINTS, check_names
from app.world.aws.parameters import Constraint, Parameters, check

_ADD = ("Add", "Attach", "Create", "Put", "Tag", "Update")
"""The beginnings of the names of actions that add to what an account has."""
_PAGES = ("Marker", "MaxItems")


@dataclass(frozen=True)
class Action:
    """What an action does, and the plain parameters it takes (lists are read by the action itself)."""

    run: Callable[[Account, Parameters], JsonValue]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    constraints: Mapping[str, Constraint] = field(default_factory=lambda: CONSTRAINTS)
    lacks: tuple[str, ...] = ()
    """What AWS's action takes besides, and this one refuses."""


ACTIONS: Mapping[str, Action] = {
    "CreateOpenIDConnectProvider": Action(
        providers.create, ("Url",), lacks=("ContextProvider", "IdentityCenterInstanceArn")
    ),
    "GetOpenIDConnectProvider": Action(providers.get, ("OpenIDConnectProviderArn",)),
    "ListOpenIDConnectProviders": Action(providers.list_all),
    "DeleteOpenIDConnectProvider": Action(providers.delete, ("OpenIDConnectProviderArn",)),
    "AddClientIDToOpenIDConnectProvider": Action(providers.add_client_id, ("OpenIDConnectProviderArn", "ClientID")),
    "RemoveClientIDFromOpenIDConnectProvider": Action(
        providers.remove_client_id, ("OpenIDConnectProviderArn", "ClientID")
    ),
    "UpdateOpenIDConnectProviderThumbprint": Action(providers.update_thumbprints, ("OpenIDConnectProviderArn",)),
    "TagOpenIDConnectProvider": Action(
        lambda account, given: tags.tag(providers.find(account, given).tags, given), ("OpenIDConnectProviderArn",)
    ),
    "UntagOpenIDConnectProvider": Action(
        lambda account, given: tags.untag(providers.find(account, given).tags, given), ("OpenIDConnectProviderArn",)
    ),
    "ListOpenIDConnectProviderTags": Action(
        lambda account, given: tags.list_tags(providers.find(account, given).tags, given),
        ("OpenIDConnectProviderArn",),
        _PAGES,
    ),
    "CreateRole": Action(
        roles.create,
        ("RoleName", "AssumeRolePolicyDocument"),
        ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary"),
        lacks=("MaxSigninSessionDuration",),
    ),
    "GetRole": Action(roles.get, ("RoleName",)),
    "ListRoles": Action(roles.list_all, (), ("PathPrefix", *_PAGES)),
    "UpdateRole": Action(
        roles.update,
        ("RoleName",),
        ("Description", "MaxSessionDuration"),
        lacks=("MaxSigninSessionDuration", "ResetMaxSigninSessionDuration"),
    ),
    "UpdateRoleDescription": Action(roles.update_description, ("RoleName", "Description")),
    "UpdateAssumeRolePolicy": Action(roles.update_trust_policy, ("RoleName", "PolicyDocument")),
    "DeleteRole": Action(roles.delete, ("RoleName",)),
    "PutRolePermissionsBoundary": Action(roles.put_boundary, ("RoleName", "PermissionsBoundary")),
    "DeleteRolePermissionsBoundary": Action(roles.delete_boundary, ("RoleName",)),
    "SimulatePrincipalPolicy": Action(simulation.simulate, ("PolicySourceArn",), lacks=simulation.LACKS),
    "TagRole": Action(
        lambda account, given: tags.tag(roles.find(account, given["RoleName"]).tags, given), ("RoleName",)
    ),
    "UntagRole": Action(
        lambda account, given: tags.untag(roles.find(account, given["RoleName"]).tags, given), ("RoleName",)
    ),
    "ListRoleTags": Action(
        lambda account, given: tags.list_tags(roles.find(account, given["RoleName"]).tags, given),
        ("RoleName",),
        _PAGES,
    ),
    "PutRolePolicy": Action(role_policies.put, ("RoleName", "PolicyName", "PolicyDocument")),
    "GetRolePolicy": Action(role_policies.get, ("RoleName", "PolicyName")),
    "ListRolePolicies": Action(role_policies.list_inline, ("RoleName",), _PAGES),
    "DeleteRolePolicy": Action(role_policies.delete, ("RoleName", "PolicyName")),
    "AttachRolePolicy": Action(role_policies.attach, ("RoleName", "PolicyArn")),
    "DetachRolePolicy": Action(role_policies.detach, ("RoleName", "PolicyArn")),
    "ListAttachedRolePolicies": Action(
        role_policies.list_attached, ("RoleName",), ("PathPrefix", *_PAGES), POLICY_CONSTRAINTS
    ),
    "CreatePolicy": Action(
        policies.create, ("PolicyName", "PolicyDocument"), ("Path", "Description"), POLICY_CONSTRAINTS
    ),
    "GetPolicy": Action(policies.get, ("PolicyArn",)),
    "ListPolicies": Action(
        policies.list_all, (), ("Scope", "PathPrefix", "PolicyUsageFilter", *_PAGES), POLICY_CONSTRAINTS
    ),
    "DeletePolicy": Action(policies.delete, ("PolicyArn",)),
    "ListEntitiesForPolicy": Action(
        policies.list_entities, ("PolicyArn",), ("EntityFilter", "PathPrefix", "PolicyUsageFilter", *_PAGES)
    ),
    "CreatePolicyVersion": Action(policy_versions.create, ("PolicyArn", "PolicyDocument")),
    "GetPolicyVersion": Action(policy_versions.get, ("PolicyArn", "VersionId")),
    "ListPolicyVersions": Action(policy_versions.list_all, ("PolicyArn",), _PAGES),
    "DeletePolicyVersion": Action(policy_versions.delete, ("PolicyArn", "VersionId")),
    "SetDefaultPolicyVersion": Action(policy_versions.set_default, ("PolicyArn", "VersionId")),
    "TagPolicy": Action(
        lambda account, given: tags.tag(policies.own(account, given["PolicyArn"]).tags, given), ("PolicyArn",)
    ),
    "UntagPolicy": Action(
        lambda account, given: tags.untag(policies.own(account, given["PolicyArn"]).tags, given), ("PolicyArn",)
    ),
    "ListPolicyTags": Action(
        lambda account, given: tags.list_tags(policies.find(account, given["PolicyArn"]).tags, given),
        ("PolicyArn",),
        _PAGES,
    ),
    "CreateInstanceProfile": Action(instance_profiles.create, ("InstanceProfileName",), ("Path",)),
    "GetInstanceProfile": Action(instance_profiles.get, ("InstanceProfileName",)),
    "ListInstanceProfiles": Action(instance_profiles.list_all, (), ("PathPrefix", *_PAGES)),
    "ListInstanceProfilesForRole": Action(instance_profiles.list_for_role, ("RoleName",), _PAGES),
    "AddRoleToInstanceProfile": Action(instance_profiles.add_role, ("InstanceProfileName", "RoleName")),
    "RemoveRoleFromInstanceProfile": Action(instance_profiles.remove_role, ("InstanceProfileName", "RoleName")),
    "DeleteInstanceProfile": Action(instance_profiles.delete, ("InstanceProfileName",)),
    "CreateUser": Action(users.create, ("UserName",), ("Path",), lacks=("PermissionsBoundary",)),
    "GetUser": Action(users.get, (), ("UserName",)),
    "ListUsers": Action(users.list_all, (), ("PathPrefix", *_PAGES)),
    "TagUser": Action(lambda account, given: tags.tag(users.own(account, given).tags, given), ("UserName",)),
    "UntagUser": Action(lambda account, given: tags.untag(users.own(account, given).tags, given), ("UserName",)),
    "ListUserTags": Action(
        lambda account, given: tags.list_tags(users.find(account, given["UserName"]).tags, given),
        ("UserName",),
        _PAGES,
    ),
    "DeleteUser": Action(users.delete, ("UserName",)),
    "CreateAccessKey": Action(users.create_access_key, (), ("UserName",)),
    "ListAccessKeys": Action(users.list_access_keys, (), ("UserName", *_PAGES)),
    "DeleteAccessKey": Action(users.delete_access_key, ("AccessKeyId",), ("UserName",)),
    "ListAttachedUserPolicies": Action(users.list_attached, ("UserName",), ("PathPrefix", *_PAGES)),
    "ListUserPolicies": Action(users.list_inline, ("UserName",), _PAGES),
    "ListGroupsForUser": Action(users.list_groups, ("UserName",), _PAGES),
    "ListAccountAliases": Action(users.list_aliases, (), _PAGES),
}


def call(account: Account, action: str, parameters: Parameters) -> JsonValue:
    """Runs one IAM action: the one way in, for HTTP and for the scenario alike.

    `parameters` have the query protocol's flat names (`ClientIDList.member.1`). The answer has the API's members;
    None where the API answers nothing. Policy documents in it are percent-encoded, as on the wire.
    Authorization is the caller's matter. Raises `AwsError`.
    """
    known = find_action(action)
    if lacking := {name.partition(".")[0] for name in parameters} & set(known.lacks):
        raise not_simulated("iam", f"{action} with {', '.join(sorted(lacking))}")
    check(parameters, known.constraints, required=known.required, optional=known.optional)
    check_names(parameters)
    if action.startswith(_ADD):
        limits.room_for(account, sum(len(value.encode("utf-8", "replace")) for value in parameters.values()))
    return known.run(account, parameters)


def find_action(action: str) -> Action:
    """The action of that name. Raises `NotSimulated`."""
    try:
        return ACTIONS[action]
    except KeyError:
        raise not_simulated("iam", action) from None
