"""IAM roles: who may assume them, and for how long."""

from __future__ import annotations

from app.flow.model import JsonValue
from app.flow.names import role_in
from app.world.aws.access_keys import new_unique_id
from app.world.aws.account import Account
from app.world.aws.entities import Role
from app.world.aws.errors import AwsError
from app.world.aws.iam import limits, policies, tags
from app.world.aws.iam.documents import on_the_wire, trust_policy
from app.world.aws.iam.pages import page
from app.world.aws.parameters import Parameters, number
from app.world.aws.times import iso


def create(account: Account, parameters: Parameters) -> JsonValue:
    """CreateRole. Names are unique without regard to case, though every later call must write them exactly."""
    name = parameters["RoleName"]
    document = _trust_policy(account, parameters["AssumeRolePolicyDocument"])
    labels = tags.read_tags(parameters)
    if any(name.lower() == taken.lower() for taken in account.roles):
        raise AwsError(409, "EntityAlreadyExists", f"Role with name {name} already exists.")
    limits.room_for_one(account.roles, "RolesPerAccount", limits.ROLES)
    path = parameters.get("Path", "/")
    role = Role(
        name=name,
        path=path,
        arn=role_in(account.account_id, name, path=path),
        role_id=new_unique_id("AROA"),
        created=account.clock.now(),
        trust_policy=document,
        description=parameters.get("Description"),
        max_session_duration=number(parameters, "MaxSessionDuration", 3600),
        permissions_boundary=_boundary(account, parameters) if "PermissionsBoundary" in parameters else "",
        tags=labels,
    )
    account.roles[name] = role
    return {"Role": describe(role) | {"Tags": tags.tag_list(labels)}}


def get(account: Account, parameters: Parameters) -> JsonValue:
    """GetRole, the only answer that says when the role was last used. AWS does so some hours late."""
    role = find(account, parameters["RoleName"])
    return {"Role": describe(role) | {"Tags": tags.tag_list(role.tags), "RoleLastUsed": _last_used(role)}}


def list_all(account: Account, parameters: Parameters) -> JsonValue:
    """ListRoles, below `PathPrefix` and in pages."""
    prefix = parameters.get("PathPrefix", "/")
    matching = [(role.name, describe(role)) for role in account.roles.values() if role.path.startswith(prefix)]
    items, fields = page(parameters, matching)
    return {"Roles": items, **fields}


def update(account: Account, parameters: Parameters) -> JsonValue:
    """UpdateRole: the description and the longest session."""
    role = find(account, parameters["RoleName"])
    role.description = parameters.get("Description", role.description)
    role.max_session_duration = number(parameters, "MaxSessionDuration", role.max_session_duration)
    return {}


def update_description(account: Account, parameters: Parameters) -> JsonValue:
    """UpdateRoleDescription."""
    role = find(account, parameters["RoleName"])
    role.description = parameters["Description"]
    return {"Role": describe(role)}


def update_trust_policy(account: Account, parameters: Parameters) -> JsonValue:
    """UpdateAssumeRolePolicy. In force at once; sessions that are open stay open."""
    role = find(account, parameters["RoleName"])
    role.trust_policy = _trust_policy(account, parameters["PolicyDocument"])


def put_boundary(account: Account, parameters: Parameters) -> JsonValue:
    """PutRolePermissionsBoundary: sets or replaces it."""
    role = find(account, parameters["RoleName"])
    role.permissions_boundary = _boundary(account, parameters)


def delete_boundary(account: Account, parameters: Parameters) -> JsonValue:
    """DeleteRolePermissionsBoundary. How it answers for a role that has none is an assumption."""
    role = find(account, parameters["RoleName"])
    if not role.permissions_boundary:
        raise AwsError(404, "NoSuchEntity", f"The role with name {role.name} has no permissions boundary.")
    role.permissions_boundary = ""


def _boundary(account: Account, parameters: Parameters) -> str:
    arn = parameters["PermissionsBoundary"]
    if policies.lookup(account, arn) is None:
        raise AwsError(404, "NoSuchEntity", f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def delete(account: Account, parameters: Parameters) -> JsonValue:
    """DeleteRole: only once it has no policies and is in no instance profile."""
    role = find(account, parameters["RoleName"])
    if role.attached:
        raise AwsError(409, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
    if role.inline_policies:
        raise AwsError(409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
    if any(profile.role_name == role.name for profile in account.instance_profiles.values()):
        raise AwsError(409, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
    del account.roles[role.name]


def find(account: Account, name: str) -> Role:
    """The role of that name. Raises `NoSuchEntity`."""
    try:
        return account.roles[name]
    except KeyError:
        raise AwsError(404, "NoSuchEntity", f"The role with name {name} cannot be found.") from None


def describe(role: Role) -> dict[str, JsonValue]:
    """A role as the API shows it, without its tags."""
    boundary = {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": role.permissions_boundary,
    }
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": role.arn,
        "CreateDate": iso(role.created),
        "AssumeRolePolicyDocument": on_the_wire(role.trust_policy),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_duration,
        "PermissionsBoundary": boundary if role.permissions_boundary else None,
    }


def _last_used(role: Role) -> dict[str, JsonValue]:
    return {} if role.last_used is None else {"LastUsedDate": iso(role.last_used), "Region": role.last_region}


def _trust_policy(account: Account, text: str) -> str:
    document = trust_policy(account, text)
    limits.within(limits.size_of(text), "ACLSizePerRole", limits.TRUST_POLICY_SIZE)
    return document
