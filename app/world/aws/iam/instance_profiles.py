"""Instance profiles: what EC2 gives an instance its role by. Tools ask for those of a role before they delete it."""

from __future__ import annotations

from app.flow.model import JsonValue
from app.world.aws.access_keys import new_unique_id
from app.world.aws.account import Account
from app.world.aws.entities import InstanceProfile
from app.world.aws.errors import AwsError
from app.world.aws.iam import limits, roles, tags
from app.world.aws.iam.pages import page
from app.world.aws.parameters import Parameters, number
from app.world.aws.times import iso

_TRUST_POLICIES_SIZE = 256 * 1024
"""Characters of all trust policies of one answer, twice as many as one may have."""


def create(account: Account, parameters: Parameters) -> JsonValue:
    """CreateInstanceProfile: without a role as yet."""
    name, path = parameters["InstanceProfileName"], parameters.get("Path", "/")
    labels = tags.read_tags(parameters)
    if any(name.lower() == taken.lower() for taken in account.instance_profiles):
        raise AwsError(409, "EntityAlreadyExists", f"Instance Profile {name} already exists.")
    limits.room_for_one(account.instance_profiles, "InstanceProfilesPerAccount", limits.INSTANCE_PROFILES)
    profile = account.instance_profiles[name] = InstanceProfile(
        name=name,
        path=path,
        arn=f"arn:aws:iam::{account.account_id}:instance-profile{path}{name}",
        profile_id=new_unique_id("AIPA"),
        created=account.clock.now(),
        tags=labels,
    )
    return {"InstanceProfile": _describe(account, profile)}


def get(account: Account, parameters: Parameters) -> JsonValue:
    """GetInstanceProfile."""
    return {"InstanceProfile": _describe(account, _find(account, parameters))}


def list_all(account: Account, parameters: Parameters) -> JsonValue:
    """ListInstanceProfiles, below `PathPrefix` and in pages."""
    prefix = parameters.get("PathPrefix", "/")
    return _page(account, parameters, [it for it in account.instance_profiles.values() if it.path.startswith(prefix)])


def list_for_role(account: Account, parameters: Parameters) -> JsonValue:
    """ListInstanceProfilesForRole."""
    name = roles.find(account, parameters["RoleName"]).name
    return _page(account, parameters, [it for it in account.instance_profiles.values() if it.role_name == name])


def add_role(account: Account, parameters: Parameters) -> JsonValue:
    """AddRoleToInstanceProfile: a profile has one role at most."""
    profile, role = _find(account, parameters), roles.find(account, parameters["RoleName"])
    if profile.role_name:
        raise limits.limit_exceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    profile.role_name = role.name


def remove_role(account: Account, parameters: Parameters) -> JsonValue:
    """RemoveRoleFromInstanceProfile."""
    profile, name = _find(account, parameters), parameters["RoleName"]
    if profile.role_name != name:
        raise AwsError(404, "NoSuchEntity", f"The role with name {name} cannot be found.")
    profile.role_name = ""


def delete(account: Account, parameters: Parameters) -> JsonValue:
    """DeleteInstanceProfile: only once it has no role."""
    profile = _find(account, parameters)
    if profile.role_name:
        raise AwsError(409, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.")
    del account.instance_profiles[profile.name]


def _find(account: Account, parameters: Parameters) -> InstanceProfile:
    name = parameters["InstanceProfileName"]
    try:
        return account.instance_profiles[name]
    except KeyError:
        raise AwsError(404, "NoSuchEntity", f"Instance Profile {name} cannot be found.") from None


def _page(account: Account, parameters: Parameters, profiles: list[InstanceProfile]) -> JsonValue:
    """Fewer than were asked for where their roles' trust policies are long: each profile repeats the whole of it, white
    space too. IAM as well may return fewer (IAM API reference, ListInstanceProfiles, `MaxItems`)."""
    roles_shown = [account.roles[it.role_name] for it in profiles if it.role_name in account.roles]
    longest = max((len(role.trust_policy) for role in roles_shown), default=0)
    most = min(number(parameters, "MaxItems", 100), max(_TRUST_POLICIES_SIZE // max(longest, 1), 1))
    items, fields = page({**parameters, "MaxItems": str(most)}, [(it.name, it) for it in profiles])
    return {"InstanceProfiles": [_describe(account, it) for it in items], **fields}


def _describe(account: Account, profile: InstanceProfile) -> JsonValue:
    role = account.roles.get(profile.role_name)
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.profile_id,
        "Arn": profile.arn,
        "CreateDate": iso(profile.created),
        "Roles": [roles.describe(role)] if role else [],
        "Tags": tags.tag_list(profile.tags),
    }
