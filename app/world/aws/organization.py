"""What an organization denies in an account: its service control policies and its resource control policies.

Beside each the organization's FullAWSAccess (RCPFullAWSAccess) stays attached, so what a policy does not deny it leaves
to the account. Rule: AWS Organizations user guide, "SCP evaluation" and "RCP evaluation".
"""

from __future__ import annotations

from collections.abc import Mapping

from app.flow.permissions import evaluate_permissions
from app.flow.policy.policy import Request, decide, request_keys
from app.world.aws.account import Account

Keys = Mapping[str, str | list[str]]


def denies_principals(account: Account, action: str, resource: str, keys: Keys) -> bool:
    """Whether a service control policy denies this to the account's own users and roles."""
    policies = [("", document) for document in account.service_control_policies]
    if not policies:
        return False
    return evaluate_permissions(policies, action=action, resource=resource, keys=keys).reason == "explicit-deny"


def protects_resource(account: Account, action: str, resource: str, principal: str, keys: Keys) -> bool:
    """Whether a resource control policy denies this on a resource of the account, to any caller.

    `principal` is the caller's ARN; of a web identity its provider's.
    """
    policies = [("", document) for document in account.resource_control_policies]
    if not policies:
        return False
    asked = Request(action=action, keys=request_keys(keys), principal=principal, resource=resource)
    reason, _ = decide(policies, asked)
    return reason == "explicit-deny"
