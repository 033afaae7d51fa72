"""What gives a role the permission that it lacks, or shows what denies it: its policies, and those above it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from app.flow.doctor import changes
from app.flow.doctor.fix import Fix, line
from app.flow.doctor.log.role_chaining import chained
from app.flow.doctor.names import RESOURCE_HERE, Names
from app.flow.doctor.trust_fix import VERSION
from app.flow.json_access import get, get_list, get_str
from app.flow.names import boundary_of
from app.flow.permissions.asked import ANY, LIST_BUCKETS
from app.flow.verdict.error_messages import control_policy, denied_action, denying_policy

_PASSING = "iam:PassRole"
_DENY = "explicit-deny"


def organization(names: Names) -> Fix:
    kinds = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
    asked = (line("aws", "organizations", "list-policies", "--filter", kind) for kind in kinds)
    return Fix(id="organization", commands=tuple(asked))


def boundary(names: Names) -> Fix:
    asked = ("--role-name", names.role_name, "--query", "Role.PermissionsBoundary")
    return Fix(id="boundary", commands=(names.iam("get-role", *asked),))


def permit(names: Names) -> Fix:
    """Allows what the role's own policies lack, unless another kind of policy denies it: no Allow helps then."""
    decision = names.documents.get("permission_decision")
    said = names.check.error or names.error_of("access.list_buckets")
    denied = [(get_str(it, "action"), get_str(it, "resource")) for it in get_list(decision, "denied")]
    if not denied and get(decision, "allowed") is True:  # S3 refused it although they allow it
        return denied_by(names, said) or organization(names)
    if get(decision, "organization_allows") is False:
        return _control_policy(names, said)
    if get(decision, "boundary_allows") is False:
        return _boundary(names)
    if get_str(decision, "reason") == _DENY:
        return _remove_deny(names)
    by_words = denied_action(said)
    return permit_denied(names, said, denied or [by_words if by_words[0] else (LIST_BUCKETS, ANY)])


def permit_denied(names: Names, said: str, denied: Sequence[tuple[str, str]]) -> Fix:
    """Allows exactly the actions that the role was refused by these messages, each on its resource."""
    permit = _permit_exactly(names, denied)
    return denied_by(names, said) or chained(names, said, denied, permit, may=False) or permit


def denied_by(names: Names, said: str) -> Fix | None:
    """The fix where the error message names a policy that no policy of the role can override; None where it names
    none."""
    kind = denying_policy(said)
    if "control policy" in kind:
        return _control_policy(names, said)
    if kind == "permissions boundary":
        return _boundary(names)
    if kind not in ("", "identity-based policy"):
        return Fix(id="other_policy")
    return _remove_deny(names) if "explicit deny" in said else None


def _permit_exactly(names: Names, denied: Sequence[tuple[str, str]]) -> Fix:
    """Adds an inline policy with a name of its own, because a policy of the same name would be replaced."""
    by_resource: dict[str, list[str]] = {}
    for action, resource in denied:
        exact = resource if resource == ANY or resource.startswith("arn:") else RESOURCE_HERE
        by_resource.setdefault(exact, []).append(action)
    statements = [
        {"Effect": "Allow", "Action": actions[0] if len(actions) == 1 else actions, "Resource": resource}
        for resource, actions in by_resource.items()
    ]
    policy = {"Version": VERSION, "Statement": statements}
    digest = hashlib.sha256(json.dumps(statements).encode("utf-8", "replace")).hexdigest()[:8]
    name = f"allow-{statements[0]['Action'][:90]}-{digest}".replace(":", "-") if len(denied) == 1 else f"allow-{digest}"
    wanted = ("--role-name", names.role_name, "--policy-name", name, "--policy-document", json.dumps(policy))
    change = changes.permissions(names, name, policy)
    passes = any(action == _PASSING for action, _ in denied)
    put = (names.iam("put-role-policy", *wanted),)
    return Fix(id="permit_to_pass" if passes else "permit", commands=put, change=change)


def _remove_deny(names: Names) -> Fix:
    return Fix(
        id="remove_deny_from_role",
        commands=(
            names.iam("list-attached-role-policies", "--role-name", names.role_name),
            names.iam("list-role-policies", "--role-name", names.role_name),
        ),
    )


def _control_policy(names: Names, said: str) -> Fix:
    """Shows the policy that the error message names, or all policies that it may be."""
    named = control_policy(said)
    shown = (line("aws", "organizations", "describe-policy", "--policy-id", named),)
    return Fix(id="control_policy", commands=shown if named else organization(names).commands)


def _boundary(names: Names) -> Fix:
    """The owner of the permissions boundary has to widen it: no policy of the role can allow more than the boundary."""
    arn = boundary_of(names.documents.get("role"))
    if not arn:
        return boundary(names)
    version = names.iam("get-policy", "--policy-arn", arn, "--query", "Policy.DefaultVersionId", "--output", "text")
    show = names.iam("get-policy-version", "--policy-arn", arn, "--version-id")
    return Fix(id="boundary", commands=(f'{show} "$({version})"',))
