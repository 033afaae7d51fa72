"""Managed policies: AWS's own, which only AWS changes, and the account's."""

from __future__ import annotations

from app.flow.model import JsonValue
from app.world.aws.access_keys import new_unique_id
from app.world.aws.account import Account
from app.world.aws.entities import Policy, PolicyVersion
from app.world.aws.errors import AwsError, access_denied
from app.world.aws.iam import limits, tags
from app.world.aws.iam.documents import permission_policy
from app.world.aws.iam.managed import ADMINISTRATOR_ACCESS, MANAGED_POLICIES
from app.world.aws.iam.pages import page
from app.world.aws.parameters import Parameters, boolean
from app.world.aws.times import iso


def create(account: Account, parameters: Parameters) -> JsonValue:
    """CreatePolicy, with its first version as the default."""
    name = parameters["PolicyName"]
    document = managed_document(parameters["PolicyDocument"])
    labels = tags.read_tags(parameters)
    if any(name.lower() == taken.name.lower() for taken in account.policies.values()):
        message = f"A policy called {name} already exists. Duplicate names are not allowed."
        raise AwsError(409, "EntityAlreadyExists", message)
    limits.room_for_one(account.policies, "PoliciesPerAccount", limits.POLICIES)
    path, now = parameters.get("Path", "/"), account.clock.now()
    policy = Policy(
        name=name,
        path=path,
        arn=f"arn:aws:iam::{account.account_id}:policy{path}{name}",
        policy_id=new_unique_id("ANPA"),
        created=now,
        updated=now,
        versions={"v1": PolicyVersion(version_id="v1", document=document, created=now)},
        description=parameters.get("Description"),
        tags=labels,
    )
    account.policies[policy.arn] = policy
    shown = _describe(account, policy)
    return {"Policy": shown | {"Tags": tags.tag_list(labels)}}


def get(account: Account, parameters: Parameters) -> JsonValue:
    """GetPolicy."""
    policy = find(account, parameters["PolicyArn"])
    extra = {"Description": policy.description, "Tags": tags.tag_list(policy.tags)}
    return {"Policy": _describe(account, policy) | extra}


def list_all(account: Account, parameters: Parameters) -> JsonValue:
    """ListPolicies, by scope and path, in pages."""
    scope = parameters.get("Scope", "All")
    prefix = parameters.get("PathPrefix", "/")
    shown = [
        *(MANAGED_POLICIES.values() if scope in ("All", "AWS") else ()),
        *(account.policies.values() if scope in ("All", "Local") else ()),
    ]
    if boolean(parameters, "OnlyAttached"):
        shown = [policy for policy in shown if _attachments(account, policy)]
    if parameters.get("PolicyUsageFilter") == "PermissionsBoundary":
        shown = [policy for policy in shown if _bounded(account, policy)]
    items, fields = page(
        parameters, [(policy.arn, _describe(account, policy)) for policy in shown if policy.path.startswith(prefix)]
    )
    return {"Policies": items, **fields}


def delete(account: Account, parameters: Parameters) -> JsonValue:
    """DeletePolicy: only once it is attached to nothing and has one version."""
    policy = own(account, parameters["PolicyArn"])
    if _attachments(account, policy) or _bounded(account, policy):
        raise AwsError(409, "DeleteConflict", "Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise AwsError(
            409,
            "DeleteConflict",
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
            "The default version is deleted with the policy.",
        )
    del account.policies[policy.arn]


def list_entities(account: Account, parameters: Parameters) -> JsonValue:
    """ListEntitiesForPolicy: roles, and the learner, the one user who has a policy."""
    policy = find(account, parameters["PolicyArn"])
    prefix = parameters.get("PathPrefix", "/")
    usage = parameters.get("PolicyUsageFilter", "")
    roles = [
        (role.name, {"RoleName": role.name, "RoleId": role.role_id})
        for role in account.roles.values()
        if (policy.arn in role.attached and usage != "PermissionsBoundary")
        or (policy.arn == role.permissions_boundary and usage != "PermissionsPolicy")
        if role.path.startswith(prefix)
    ]
    kind = parameters.get("EntityFilter", "")
    items, fields = page(parameters, roles if kind in ("", "Role") else [])
    of_learner = _is_learners(policy) and kind in ("", "User") and usage != "PermissionsBoundary" and prefix == "/"
    learner = {"UserName": account.admin.arn.rpartition("/")[2], "UserId": account.admin.user_id}
    users = [learner] if of_learner and "Marker" not in parameters else []
    return {"PolicyGroups": [], "PolicyUsers": users, "PolicyRoles": items, **fields}


def lookup(account: Account, arn: str) -> Policy | None:
    """The policy of that ARN, AWS's or the account's own."""
    return MANAGED_POLICIES.get(arn) or account.policies.get(arn)


def find(account: Account, arn: str) -> Policy:
    """The policy of that ARN. Raises `NoSuchEntity`."""
    policy = lookup(account, arn)
    if policy is None:
        raise AwsError(404, "NoSuchEntity", f"Policy {arn} was not found.")
    return policy


def own(account: Account, arn: str) -> Policy:
    """A policy that the account may change. Raises `NoSuchEntity`, or `AccessDenied` for AWS's own."""
    policy = find(account, arn)
    if arn in MANAGED_POLICIES:
        raise access_denied("Policy is outside your own account.")
    return policy


def managed_document(text: str) -> str:
    """A managed policy's document. Raises `MalformedPolicyDocument` or `LimitExceeded`."""
    document = permission_policy(text)
    limits.within(limits.size_of(text), "PolicySize", limits.MANAGED_POLICY_SIZE)
    return document


def _attachments(account: Account, policy: Policy) -> int:
    return sum(policy.arn in role.attached for role in account.roles.values()) + _is_learners(policy)


def _is_learners(policy: Policy) -> bool:
    return policy.arn == ADMINISTRATOR_ACCESS


def _bounded(account: Account, policy: Policy) -> int:
    """How many roles have it as their permissions boundary."""
    return sum(policy.arn == role.permissions_boundary for role in account.roles.values())


def _describe(account: Account, policy: Policy) -> dict[str, JsonValue]:
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.policy_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": _attachments(account, policy),
        "PermissionsBoundaryUsageCount": _bounded(account, policy),
        "IsAttachable": True,
        "CreateDate": iso(policy.created),
        "UpdateDate": iso(policy.updated),
    }
