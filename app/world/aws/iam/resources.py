"""Which resource an IAM action touches, how an error names it, and what a policy may ask about the request.

Source of the condition keys: service authorization reference, "Actions, resources, and condition keys for AWS Identity
and Access Management (IAM)".
"""

from __future__ import annotations

from collections.abc import Mapping

from app.flow.model import ConditionKeys
from app.world.aws.account import Account
from app.world.aws.authentication import Caller
from app.world.aws.entities import InstanceProfile, OidcProvider, Policy, Role, User
from app.world.aws.parameters import Parameters, members, structures

_OF_THE_CALLER = ("GetUser", "CreateAccessKey", "ListAccessKeys", "DeleteAccessKey")
"""Actions that without a `UserName` are about the user who calls."""
_TAGS, _TAG_KEY = 51, 129
"""How many tags, and characters of a key, are compared with policies: one more than IAM takes afterwards."""


def resource_of(caller: Caller, action: str, parameters: Parameters) -> tuple[str, str]:
    """The resource's ARN, and its name in `AccessDenied`: IAM writes `role NAME` and `policy ARN`, else the ARN."""
    account = caller.account
    mine = f"arn:aws:iam::{account.account_id}"
    match parameters:
        case {"OpenIDConnectProviderArn": arn}:
            return arn, arn
        case {"PolicySourceArn": arn}:
            return arn, arn
        case {"InstanceProfileName": name}:
            profile = account.instance_profiles.get(name)
            arn = profile.arn if profile else f"{mine}:instance-profile{parameters.get('Path', '/')}{name}"
            return arn, f"instance profile {name}"
        case {"RoleName": name}:
            role = account.roles.get(name)
            return role.arn if role else f"{mine}:role{parameters.get('Path', '/')}{name}", f"role {name}"
        case {"PolicyArn": arn}:
            return arn, f"policy {arn}"
        case {"PolicyName": name}:
            return f"{mine}:policy{parameters.get('Path', '/')}{name}", f"policy {name}"
        case {"UserName": name}:
            user = account.users.get(name)
            return user.arn if user else f"{mine}:user{parameters.get('Path', '/')}{name}", f"user {name}"
        case {"Url": url}:
            arn = f"{mine}:oidc-provider/{url.removeprefix('https://')}"
            return arn, arn
    prefix = parameters.get("PathPrefix", "/")
    match action:
        case "ListRoles":
            return f"{mine}:role{prefix}", f"{mine}:role{prefix}"
        case "ListPolicies":
            return f"{mine}:policy{prefix}", f"policy path {prefix}"
        case "ListOpenIDConnectProviders":
            return f"{mine}:oidc-provider/*", f"{mine}:oidc-provider/*"
        case "ListInstanceProfiles":
            return f"{mine}:instance-profile{prefix}", f"{mine}:instance-profile{prefix}"
        case "ListUsers":
            return f"{mine}:user{prefix}", f"{mine}:user{prefix}"
        case "ListAccountAliases":
            return "*", "*"
        case _ if action in _OF_THE_CALLER:
            return caller.key.arn, f"user {caller.key.arn.rpartition('/')[2]}"
    return f"{mine}:*", f"{mine}:*"


def lacks_user(caller: Caller, action: str, parameters: Parameters) -> bool:
    """Whether the action is about the user who calls, and no user does."""
    return action in _OF_THE_CALLER and "UserName" not in parameters and bool(caller.key.role_name)


def condition_keys(account: Account, parameters: Parameters) -> ConditionKeys:
    """IAM's own keys, and those of the tags of the request and of the resource."""
    entity = _entity(account, parameters)
    held = entity.permissions_boundary if isinstance(entity, Role) else ""
    tags = structures(parameters, "Tags", ("Key", "Value"))[:_TAGS]
    asked = {tag.get("Key", ""): tag.get("Value", "") for tag in tags}
    keys: dict[str, str | list[str]] = {f"aws:RequestTag/{name}": value for name, value in asked.items()}
    if names := [*asked, *members(parameters, "TagKeys")[:_TAGS]]:
        keys["aws:TagKeys"] = [name[:_TAG_KEY] for name in names]
    keys |= keys_of_tags(entity.tags if entity else {})
    if boundary := parameters.get("PermissionsBoundary", held):
        keys["iam:PermissionsBoundary"] = boundary
    if "PolicyArn" in parameters:
        keys["iam:PolicyARN"] = parameters["PolicyArn"]
    return keys


def keys_of_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """The condition keys of the tags that the resource of a request has, where it is one of IAM."""
    return {f"{prefix}:ResourceTag/{name}": value for name, value in tags.items() for prefix in ("aws", "iam")}


def _entity(account: Account, parameters: Parameters) -> OidcProvider | InstanceProfile | Role | Policy | User | None:
    match parameters:
        case {"OpenIDConnectProviderArn": arn}:
            return next((it for it in account.oidc_providers.values() if it.arn == arn), None)
        case {"InstanceProfileName": name}:
            return account.instance_profiles.get(name)
        case {"RoleName": name}:
            return account.roles.get(name)
        case {"PolicyArn": arn}:
            return account.policies.get(arn)
        case {"UserName": name}:
            return account.users.get(name)
    return None
