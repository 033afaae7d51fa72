"""The permissions of a role: inline policies and attached managed policies."""

from __future__ import annotations

from app.flow.model import JsonValue
from app.world.aws.account import Account
from app.world.aws.entities import Role
from app.world.aws.errors import AwsError
from app.world.aws.iam import limits, policies
from app.world.aws.iam.documents import on_the_wire, permission_policy
from app.world.aws.iam.pages import page
from app.world.aws.iam.roles import find
from app.world.aws.parameters import Parameters


def put(account: Account, parameters: Parameters) -> JsonValue:
    """PutRolePolicy: writes or replaces an inline policy."""
    role = find(account, parameters["RoleName"])
    document = permission_policy(parameters["PolicyDocument"])
    others = [kept for name, kept in role.inline_policies.items() if name != parameters["PolicyName"]]
    if sum(map(limits.size_of, [*others, document])) > limits.INLINE_POLICIES_SIZE:
        raise limits.limit_exceeded(
            f"Maximum policy size of {limits.INLINE_POLICIES_SIZE} bytes exceeded for role {role.name}"
        )
    role.inline_policies[parameters["PolicyName"]] = document


def get(account: Account, parameters: Parameters) -> JsonValue:
    """GetRolePolicy."""
    role = find(account, parameters["RoleName"])
    name = _inline(role, parameters["PolicyName"])
    return {
        "RoleName": role.name,
        "PolicyName": name,
        "PolicyDocument": on_the_wire(role.inline_policies[name]),
    }


def list_inline(account: Account, parameters: Parameters) -> JsonValue:
    """ListRolePolicies."""
    role = find(account, parameters["RoleName"])
    items, fields = page(parameters, [(name, name) for name in role.inline_policies])
    return {"PolicyNames": items, **fields}


def delete(account: Account, parameters: Parameters) -> JsonValue:
    """DeleteRolePolicy."""
    role = find(account, parameters["RoleName"])
    del role.inline_policies[_inline(role, parameters["PolicyName"])]


def attach(account: Account, parameters: Parameters) -> JsonValue:
    """AttachRolePolicy. Idempotent."""
    role = find(account, parameters["RoleName"])
    arn = parameters["PolicyArn"]
    if policies.lookup(account, arn) is None:
        raise AwsError(404, "NoSuchEntity", f"Policy {arn} does not exist or is not attachable.")
    if arn not in role.attached:
        limits.room_for_one(role.attached, "PoliciesPerRole", limits.ATTACHED_POLICIES)
        role.attached.append(arn)


def detach(account: Account, parameters: Parameters) -> JsonValue:
    """DetachRolePolicy."""
    role = find(account, parameters["RoleName"])
    if parameters["PolicyArn"] not in role.attached:
        raise AwsError(404, "NoSuchEntity", f"Policy {parameters['PolicyArn']} was not found.")
    role.attached.remove(parameters["PolicyArn"])


def list_attached(account: Account, parameters: Parameters) -> JsonValue:
    """ListAttachedRolePolicies, below `PathPrefix` and in pages."""
    role = find(account, parameters["RoleName"])
    prefix = parameters.get("PathPrefix", "/")
    attached = [policies.find(account, arn) for arn in role.attached]
    items, fields = page(
        parameters,
        [
            (policy.arn, {"PolicyName": policy.name, "PolicyArn": policy.arn})
            for policy in attached
            if policy.path.startswith(prefix)
        ],
    )
    return {"AttachedPolicies": items, **fields}


def documents(account: Account, role: Role) -> list[tuple[str, str]]:
    """Every permission policy of the role, managed first: (name, document)."""
    managed = [policies.find(account, arn) for arn in role.attached]
    return [
        *((policy.arn, policy.document) for policy in managed),
        *role.inline_policies.items(),
    ]


def boundary(account: Account, role: Role) -> list[tuple[str, str]]:
    """The role's permissions boundary: (ARN, document); none where it has none."""
    return [(policy.arn, policy.document) for policy in [policies.lookup(account, role.permissions_boundary)] if policy]


def _inline(role: Role, name: str) -> str:
    if name not in role.inline_policies:
        raise AwsError(404, "NoSuchEntity", f"The role policy with name {name} cannot be found.")
    return name
