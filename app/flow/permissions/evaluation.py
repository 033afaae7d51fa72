"""Whether a role's permission policies allow an action, with every comparison that led there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.flow.model import ConditionKeys, JsonValue
from app.flow.policy.policy import Match, Reason, Request, decide, request_keys

Policies = Sequence[tuple[str, JsonValue]]
"""Policies, each with its ARN or its name."""


@dataclass(frozen=True, slots=True)
class PermissionDecision:
    """What IAM decides, and why."""

    allowed: bool
    reason: Reason
    trace: tuple[Match, ...]
    """Every element of every statement of every policy, in order."""


def evaluate_permissions(policies: Policies, *, action: str, resource: str, keys: ConditionKeys) -> PermissionDecision:
    """Evaluate a role's identity policies as one. Never raises.

    `resource` is an ARN. For an action without resources, such as `s3:ListAllMyBuckets`, it is the service's widest
    one (`arn:aws:s3:::*`), which both `"*"` and `"arn:aws:s3:::*"` in a policy match, as at AWS.
    """
    reason, trace = decide(policies, Request(action=action, keys=request_keys(keys), resource=resource))
    return PermissionDecision(reason == "allow", reason, trace)
