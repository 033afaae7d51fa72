"""What an organization denies in an account: its service control policies and its resource control policies.

Beside each the organization's FullAWSAccess (RCPFullAWSAccess) stays attached, so what a policy does not deny it leaves
to the account. Rule: AWS Organizations user guide, "SCP evaluation" and "RCP evaluation".
"""

from __future__ import annotations

import hashlib
from typing import Literal

from app.flow.model import ConditionKeys
from app.flow.permissions import evaluate_permissions
from app.flow.policy.policy import Request, decide, request_keys
from app.world.aws.account import Account

_WITH_RESOURCE_CONTROL = ("s3", "sts")
"""The services here to which resource control policies apply; IAM, EKS and CloudTrail are none of them. Rule: AWS
Organizations user guide, "List of AWS services that support RCPs"."""


def principals_denied_by(account: Account, action: str, resource: str, keys: ConditionKeys) -> str:
    """The ARN of a service control policy that denies this to the account's own users and roles; empty for none."""
    for document in account.service_control_policies:
        decision = evaluate_permissions([("", document)], action=action, resource=resource, keys=keys)
        if decision.reason == "explicit-deny":
            return policy_arn(account, "service", document)
    return ""


def resource_denied_by(account: Account, action: str, resource: str, principal: str, keys: ConditionKeys) -> str:
    """The ARN of a resource control policy that denies this on a resource of the account, to any caller; or empty.

    Empty for a service to which none applies. `principal` is the caller's ARN; of a web identity its provider's.
    """
    if action.partition(":")[0] not in _WITH_RESOURCE_CONTROL:
        return ""
    asked = Request(action=action, keys=request_keys(keys), principal=principal, resource=resource)
    for document in account.resource_control_policies:
        if decide([("", document)], asked)[0] == "explicit-deny":
            return policy_arn(account, "resource", document)
    return ""


def policy_arn(account: Account, kind: Literal["service", "resource"], document: str) -> str:
    """The ARN of a policy of the organization. Its ids follow from the account's and from the document."""
    management, policy = _digest(account.account_id), _digest(document)
    owner = f"{int(management, 16) % 10**12:012}"
    return f"arn:aws:organizations::{owner}:policy/o-{management[:10]}/{kind}_control_policy/p-{policy[:8]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
