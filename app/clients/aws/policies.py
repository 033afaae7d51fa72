"""The permission policies of a role, each as IAM holds it, what IAM makes of them, and the roles of an account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from app.clients.aws.calls import AwsCalls, document
from app.flow.model import ConditionKeys, JsonValue

PAGE_LIMIT = 20
"""Pages of a list that are read: a role has far fewer policies than they hold, an account not many more roles."""
ROLES_A_PAGE = 1000
"""The most that ListRoles takes as `MaxItems`."""


def role_policies(calls: AwsCalls, name: str) -> Sequence[tuple[str, JsonValue]]:
    """Managed policies by their default version; both lists are read to their end."""
    attached = _all_pages(
        calls,
        "ListAttachedRolePolicies",
        "AttachedPolicies",
        lambda iam, **more: iam.list_attached_role_policies(RoleName=name, **more),
    )
    inline = _all_pages(
        calls, "ListRolePolicies", "PolicyNames", lambda iam, **more: iam.list_role_policies(RoleName=name, **more)
    )
    return [
        *((arn, managed_policy(calls, arn)) for arn in (policy.get("PolicyArn", "") for policy in attached)),
        *((policy, _inline_policy(calls, name, policy)) for policy in inline),
    ]


def roles(calls: AwsCalls) -> Sequence[JsonValue]:
    """Every role, by pages as long as IAM makes them."""
    found = _all_pages(calls, "ListRoles", "Roles", lambda iam, **more: iam.list_roles(MaxItems=ROLES_A_PAGE, **more))
    return [{**role, "AssumeRolePolicyDocument": document(role.get("AssumeRolePolicyDocument"))} for role in found]


def _all_pages(calls: AwsCalls, operation: str, field: str, call: Callable[..., Any]) -> list[Any]:
    """All pages of a list. (boto3's own paginators build a class with its documentation at every use.)"""
    found: list[Any] = []
    more: dict[str, str] = {}
    for _ in range(PAGE_LIMIT):
        page = calls.ask("iam", operation, partial(call, **more))
        found += page.get(field, [])
        if not page.get("IsTruncated"):
            break
        more = {"Marker": str(page.get("Marker", ""))}
    return found


def managed_policy(calls: AwsCalls, arn: str) -> JsonValue:
    """The document of its default version."""
    version = calls.ask("iam", "GetPolicy", lambda iam: iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"])
    return calls.ask(
        "iam",
        "GetPolicyVersion",
        lambda iam: document(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]),
    )


def _inline_policy(calls: AwsCalls, role: str, policy: str) -> JsonValue:
    return calls.ask(
        "iam",
        "GetRolePolicy",
        lambda iam: document(iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]),
    )


def simulate(
    calls: AwsCalls, role_arn: str, actions: Sequence[str], resource: str, keys: ConditionKeys
) -> Sequence[JsonValue]:
    """SimulatePrincipalPolicy: one result for each action. It tries nothing; IAM only evaluates."""
    entries = [
        {
            "ContextKeyName": name,
            "ContextKeyValues": [value] if isinstance(value, str) else list(value),
            "ContextKeyType": "string" if isinstance(value, str) else "stringList",
        }
        for name, value in keys.items()
    ]
    results: Sequence[JsonValue] = calls.ask(
        "iam",
        "SimulatePrincipalPolicy",
        lambda iam: iam.simulate_principal_policy(
            PolicySourceArn=role_arn, ActionNames=list(actions), ResourceArns=[resource], ContextEntries=entries
        )["EvaluationResults"],
    )
    return results
