"""What a caller may do: identity policies, narrowed by a permissions boundary, session policies and the organization.

What the organization denies comes before all of them. Resource policies are not modelled.
"""

from __future__ import annotations

from app.flow.model import ConditionKeys
from app.flow.permissions import PermissionDecision, Policies, evaluate_permissions
from app.world.aws.access_keys import AccessKey
from app.world.aws.account import Account
from app.world.aws.authentication import Caller
from app.world.aws.errors import AwsError, access_denied
from app.world.aws.iam import role_policies
from app.world.aws.iam.managed import ADMINISTRATOR_ACCESS, MANAGED_POLICIES
from app.world.aws.organization import principals_denied_by, resource_denied_by
from app.world.aws.times import iso

LONGEST = 2048
"""Characters of a resource, and of a value that the request brings, with which policies are compared. No ARN is longer;
a request with a longer name is refused after its authorization."""
_IDENTITY = "identity-based policy"
_ADMINISTRATOR = ((ADMINISTRATOR_ACCESS, MANAGED_POLICIES[ADMINISTRATOR_ACCESS].document),)


def authorize(
    caller: Caller, action: str, resource: str = "*", *, named: str = "", keys: ConditionKeys | None = None
) -> None:
    """Raises `AccessDenied` in AWS's words where the caller's policies do not allow the action.

    `named` is how the error names the resource; empty where it names none. The error also contains the ARN of the
    policy that denies, unless that is an inline policy, which has no ARN. Rule: AWS Security Blog, "Enhanced access
    denied error messages with policy ARNs", January 2026.
    """
    brought = {name: value[:LONGEST] if isinstance(value, str) else value for name, value in (keys or {}).items()}
    context, resource = request_keys(caller) | brought, resource[:LONGEST]

    def decide(documents: Policies) -> PermissionDecision:
        return evaluate_permissions(documents, action=action, resource=resource, keys=context)

    decisions = [(kind, documents, decide(documents)) for kind, documents in _layers(caller)]
    where = f" on resource: {named}" if named else ""
    refusal = f"User: {caller.key.arn} is not authorized to perform: {action}{where}"
    if policy := principals_denied_by(caller.account, action, resource, context):
        raise access_denied(f"{refusal} with an explicit deny in a service control policy: {policy}")
    if policy := resource_denied_by(caller.account, action, resource, caller.key.arn, context):
        raise access_denied(f"{refusal} with an explicit deny in a resource control policy: {policy}")
    for kind, documents, decision in decisions:
        if decision.reason == "explicit-deny":
            article = "an" if kind == _IDENTITY else "a"
            denying = next((name for name, text in documents if decide([(name, text)]).reason == decision.reason), "")
            which = f": {denying}" if denying.startswith("arn:") else ""
            raise access_denied(f"{refusal} with an explicit deny in {article} {kind}{which}")
    for kind, _, decision in decisions:
        if not decision.allowed:
            raise access_denied(f"{refusal} because no {kind} allows the {action} action")


def authorize_to_pass(caller: Caller, role_arn: str, service: str) -> None:
    """Raises `AccessDenied` where the caller may not give a role to a service.

    Rule: IAM user guide, "Grant a user permissions to pass a role to an AWS service".
    """
    authorize(caller, "iam:PassRole", role_arn, named=role_arn, keys={"iam:PassedToService": service})


def is_allowed(caller: Caller, action: str, resource: str, keys: ConditionKeys | None = None) -> bool:
    """Whether the caller's policies allow the action."""
    try:
        authorize(caller, action, resource, keys=keys)
    except AwsError:
        return False
    return True


def leaves(caller: Caller, action: str, resource: str, keys: ConditionKeys, *, to_role: bool) -> bool:
    """Whether the caller's policies leave what a resource's own policy grants to the caller by name.

    None of them may deny it. What is granted to the caller's role, and not to this session of it, the permissions
    boundary and the session policies have to allow as well. Rule: IAM user guide, "Permissions boundaries for IAM
    entities".
    """
    for kind, documents in _layers(caller):
        decision = evaluate_permissions(documents, action=action, resource=resource, keys=keys)
        if decision.reason == "explicit-deny" or (to_role and kind != _IDENTITY and not decision.allowed):
            return False
    return True


def _layers(caller: Caller) -> list[tuple[str, Policies]]:
    """The policies of each kind that the caller has, by which each request is judged."""
    layers: list[tuple[str, Policies]] = [(_IDENTITY, identity_policies(caller.account, caller.key))]
    if boundary := permissions_boundary(caller.account, caller.key):
        layers.append(("permissions boundary", boundary))
    if caller.key.session_policies is not None:
        layers.append(("session policy", caller.key.session_policies))
    return layers


def identity_policies(account: Account, key: AccessKey) -> tuple[tuple[str, str], ...]:
    """The policies attached to the principal: (name, document)."""
    if not key.role_name:
        return _ADMINISTRATOR if key.user_id == account.admin.user_id else ()
    role = account.roles.get(key.role_name)
    return tuple(role_policies.documents(account, role)) if role else ()


def permissions_boundary(account: Account, key: AccessKey) -> tuple[tuple[str, str], ...]:
    """The permissions boundary of the principal: (ARN, document); none where it has none."""
    role = account.roles.get(key.role_name)
    return tuple(role_policies.boundary(account, role)) if role else ()


def request_keys(caller: Caller) -> dict[str, str | list[str]]:
    """The global condition keys of a request.

    `aws:SecureTransport` is true: the loopback http of this world stands for AWS's https. No service of AWS sends a
    request here, for itself or for another principal.
    """
    account, key = caller.account, caller.key
    now = account.clock.now()
    keys: dict[str, str | list[str]] = {
        "aws:CurrentTime": iso(now),
        "aws:EpochTime": str(int(now)),
        "aws:PrincipalAccount": account.account_id,
        "aws:PrincipalIsAWSService": "false",
        "aws:RequestedRegion": caller.region,
        "aws:SecureTransport": "true",
        "aws:ViaAWSService": "false",
        "aws:userid": key.user_id,
        **key.context_keys,
    }
    role = account.roles.get(key.role_name)
    principal = role or next((user for user in account.users.values() if user.user_id == key.user_id), None)
    keys |= {f"aws:PrincipalTag/{name}": value for name, value in (principal.tags if principal else {}).items()}
    if role is None:
        return keys | {
            "aws:PrincipalArn": key.arn,
            "aws:PrincipalType": "User",
            "aws:username": key.arn.rpartition("/")[2],
        }
    return keys | {"aws:PrincipalArn": role.arn, "aws:PrincipalType": "AssumedRole"}
