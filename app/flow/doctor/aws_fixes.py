"""What fixes the links that lie in AWS: role, permissions; and the annotation that points to the role."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace

from app.flow.annotations import ROLE_ARN, is_role_arn
from app.flow.doctor import changes, pod_fixes
from app.flow.doctor.fix import Fix
from app.flow.doctor.names import PROFILE_HERE, REGION_HERE, RESOURCE_HERE, ROLE_HERE, Names, line
from app.flow.doctor.trust_fix import VERSION, admitting, is_refused, matches_nobody, narrowed
from app.flow.json_access import get, get_list, get_str
from app.flow.matching.nearest import statements
from app.flow.model import Status
from app.flow.names import account_of, boundary_of, role_of
from app.flow.permissions.asked import ANY, LIST_BUCKETS
from app.flow.steps.service_account import WEBHOOKS_OWN
from app.flow.steps.trust_policy import OF_CALLER, OF_REQUEST
from app.flow.steps.webhook import NEXT_POD
from app.flow.verdict.error_messages import control_policy, denied_action, denying_policy
from app.flow.verdict.refusals import CHANGED

_CHAINING = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
"""What both the first role's policies and the second role's trust policy have to allow."""
_DENY = "explicit-deny"
_QUOTES = "\"'`\u201c\u201d\u2018\u2019"
"""What a value is written between, which YAML or a shell took for a part of it."""
_NAMED_LAST = re.compile(r"(?:^|:)role/([^:]+)$")
"""The role, with its path, that a text ends with."""
_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")


def name_region(names: Names) -> Fix:
    """AWS was not asked: no region is set where the doctor runs."""
    return Fix(id="name_region", commands=(names.doctor(region=names.region or REGION_HERE),))


# --- 2 ServiceAccount and role ---------------------------------------------------------------------------------------


def create_service_account(names: Names) -> Fix:
    """Only where no name is near that may be meant. The Pod may still know the role."""
    if namespace := names.near("namespace"):
        return Fix(id="mean_namespace", commands=(names.doctor(namespace=namespace),))
    if account := names.near("service_account"):
        if names.runs_as_it():
            return Fix(id="mean_service_account_of_pod", commands=names.set_service_account(account))
        return Fix(id="mean_service_account", commands=(names.doctor(service_account=account),))
    arn = names.role_of_pod or names.likely_role
    missing = (line("kubectl", "create", "namespace", names.namespace),) if names.namespace_missing else ()
    make = (  # at once: a workload that waits for it makes its Pods as soon as it is there
        names.kubectl("create", "serviceaccount", names.service_account, "--dry-run=client", "-o", "yaml"),
        line("kubectl", "annotate", "--local", "-f", "-", f"{ROLE_ARN}={arn}", "-o", "yaml"),
        names.kubectl("create", "-f", "-"),
    )
    commands = (*missing, " | ".join(make))
    change = changes.new_account(names, arn)
    return _naming(names, arn, Fix(id="create_service_account", commands=commands, change=change))


def annotate(names: Names) -> Fix:
    """The role may stand under a key that nothing reads, or in a Pod from the time when it stood there."""
    on_workload = get_str(names.documents.get("annotated_workload"), "role_arn")
    on_pod = get_str(names.documents.get("pod"), "metadata", "annotations", ROLE_ARN) or on_workload
    known = (*map(str, names.annotations.values()), on_pod, names.role_of_pod)
    astray = next((value for value in known if is_role_arn(value)), names.likely_role)
    empty = ("--overwrite",) if ROLE_ARN in names.annotations else ()
    if names.check.reason == WEBHOOKS_OWN:
        own = ("--all-namespaces", "--field-selector", "metadata.name=pod-identity-webhook", "-o", "yaml")
        return Fix(id="webhooks_own", commands=(line("kubectl", "get", "configmaps", *own),))
    if names.check.reason == NEXT_POD:
        back = names.annotate(*empty, f"{ROLE_ARN}={names.role_arn}")
        return Fix(id="annotate_again", commands=(back,), change=changes.annotated(names, role_arn=names.role_arn))
    commands = (names.annotate(*empty, f"{ROLE_ARN}={astray}"), *names.recreate())
    change = changes.annotated(names, role_arn=astray)
    fix = Fix(id="annotate_account" if is_role_arn(on_pod) else "annotate", commands=commands, change=change)
    return _naming(names, astray, fix)


def correct_arn(names: Names) -> Fix:
    """A bare name lacks nothing but the account, nor does an ARN without one; an ARN may have blanks or quotes around
    it, or another ARN before it, such as its own once more. Else we ask for it."""
    if names.own_token:
        return pod_fixes.own_role(names, ROLE_HERE)
    written = names.role_arn.strip()
    if is_role_arn(found := written.strip(_QUOTES).strip()):
        commands, change = _write_arn(names, found), changes.annotated(names, role_arn=found)
        return Fix(id="without_quotes" if found != written else "without_blanks", commands=commands, change=change)
    named, accounts = _NAMED_LAST.search(written), set(_ACCOUNT.findall(written))
    account = accounts.pop() if len(accounts) == 1 else "" if accounts else names.account
    arn = f"arn:{names.partition}:iam::{account}:role/{named[1] if named else written}"
    return _name_role(names, arn if is_role_arn(arn) else names.likely_role)


def correct_account(names: Names) -> Fix | None:
    """A role of another account needs no fix, unless STS refuses it and this account has one of the same name."""
    return _name_role(names, names.check.expected) if names.check.status is Status.FAILED else None


def _name_role(names: Names, arn: str) -> Fix:
    if names.own_token:
        return pod_fixes.own_role(names, arn)
    fix = Fix(id="correct_arn", commands=_write_arn(names, arn), change=changes.annotated(names, role_arn=arn))
    return _naming(names, arn, fix)


def _write_arn(names: Names, arn: str) -> tuple[str, ...]:
    return (names.annotate("--overwrite", f"{ROLE_ARN}={arn}"), *names.recreate())


def _naming(names: Names, arn: str, fix: Fix) -> Fix:
    """The fix as it is, where the role is known; else with the roles that may be meant, or after a look for them."""
    if arn != ROLE_HERE:
        return replace(fix, id="found_role") if arn == names.likely_role and names.exists else fix
    if names.admitting is None:
        return replace(fix, id="find_role", commands=(names.find_role(), *fix.commands))
    return replace(fix, id="choose_role" if names.admitting else "no_role", choices=names.admitting)


def role(names: Names) -> Fix:
    """IAM knows a role of that name under another ARN (its path is missing), one with a near name, or none at all."""
    if is_role_arn(names.check.got):
        return _name_role(names, names.check.got)
    if (arn := names.near("role")) and not names.own_token:
        change = changes.annotated(names, role_arn=arn)
        return Fix(id="mean_role", commands=_write_arn(names, arn), change=change)
    if not names.issuer:
        return look_for_role(names)
    policy = admitting(None, names.bearer)
    path = ("--path", names.role_path) if names.role_path != "/" else ()
    wanted = ("--role-name", names.role_name, *path, "--assume-role-policy-document", json.dumps(policy))
    return Fix(
        id="create_role",
        commands=(names.iam("create-role", *wanted),),
        change=changes.trust(names, policy, new=True),
    )


def look_for_role(names: Names) -> Fix:
    return Fix(id="look_for_role", commands=(names.iam("get-role", "--role-name", names.role_name),))


def trust(names: Names) -> Fix:
    """One statement more lets the ServiceAccount in, unless it is its audience alone that is not known there."""
    if names.check.reason == CHANGED.id:
        return Fix(id="read_again")
    if names.check.id == "trust.audience" and names.asks_for_audience:
        return pod_fixes.default_audience(names)
    before = names.documents.get("trust_policy")
    if names.check.reason in (OF_REQUEST, OF_CALLER):
        return conditions(names)
    policy = admitting(before, names.bearer)
    if policy is None:
        return _show_trust(names)
    commands, change = (names.update_trust(policy),), changes.trust(names, policy)
    if any(map(is_refused, statements(before))):
        return Fix(id="trust_refused", commands=commands, change=change)
    if matches_nobody(before, names.bearer):
        return Fix(id="trust_instead", commands=commands, change=change)
    return Fix(id="trust", commands=commands, change=change)


def conditions(names: Names) -> Fix:
    """A condition on the request is there on purpose: nothing that goes around it is proposed."""
    decision = names.check_of("trust.decision")
    known = decision is not None and decision.reason in (OF_REQUEST, OF_CALLER)
    return Fix(id="conditions", commands=_show_trust(names).commands) if known else organization(names)


def _show_trust(names: Names) -> Fix:
    asked = ("--role-name", names.role_name, "--query", "Role.AssumeRolePolicyDocument")
    return Fix(id="remove_deny", commands=(names.iam("get-role", *asked),))


def narrow(names: Names) -> Fix | None:
    policy = narrowed(names.documents.get("trust_policy"), names.bearer)
    if policy is None:
        return None
    return Fix(id="narrow", commands=(names.update_trust(policy),), change=changes.trust(names, policy))


# --- 5 STS, 6 access -------------------------------------------------------------------------------------------------


def activate_region(names: Names) -> Fix:
    return Fix(id="activate_region")


def organization(names: Names) -> Fix:
    kinds = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
    asked = (line("aws", "organizations", "list-policies", "--filter", kind) for kind in kinds)
    return Fix(id="organization", commands=tuple(asked))


def read_answer(names: Names) -> Fix:
    return Fix(id="read_answer")


def boundary(names: Names) -> Fix:
    asked = ("--role-name", names.role_name, "--query", "Role.PermissionsBoundary")
    return Fix(id="boundary", commands=(names.iam("get-role", *asked),))


def permit(names: Names) -> Fix:
    """What the role's own policies lack, unless another kind of policy denies it: then one more Allow does not help."""
    decision = names.documents.get("permission_decision")
    said = names.check.error or names.error_of("access.list_buckets")
    denied = [(get_str(it, "action"), get_str(it, "resource")) for it in get_list(decision, "denied")]
    if not denied and get(decision, "allowed") is True:  # and S3 refused it
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
    """What the role was refused, in these words: exactly these actions, each on its resource."""
    permit = _permit_exactly(names, denied)
    return denied_by(names, said) or chained(names, denied, permit) or permit


def chained(names: Names, denied: Sequence[tuple[str, str]], fix: Fix) -> Fix | None:
    """Where what was denied is to assume a second role (role chaining), after `fix`; None for anything else.

    The second role's trust policy has to name the first, also where a role assumes itself (AWS Security Blog,
    "Announcing an update to IAM role trust policy behavior").
    """
    if len(denied) != 1 or denied[0][0] not in _CHAINING or (parts := role_of(denied[0][1])) is None:
        return None
    if denied[0] == ("sts:AssumeRole", names.role_arn):
        return Fix(id="assumes_itself", commands=names.show_workload())
    wanted = ("--role-name", parts[2], "--query", "Role.AssumeRolePolicyDocument")
    there = () if parts[1] == account_of(names.role_arn) else ("--profile", PROFILE_HERE)
    return replace(fix, id="assumes_another", commands=(*fix.commands, names.iam("get-role", *wanted, *there)))


def denied_by(names: Names, said: str) -> Fix | None:
    """Where the error message names a policy that no policy of the role outweighs; None where it names none."""
    kind = denying_policy(said)
    if "control policy" in kind:
        return _control_policy(names, said)
    if kind == "permissions boundary":
        return _boundary(names)
    if kind not in ("", "identity-based policy"):
        return Fix(id="other_policy")
    return _remove_deny(names) if "explicit deny" in said else None


def _permit_exactly(names: Names, denied: Sequence[tuple[str, str]]) -> Fix:
    """An inline policy under a name of its own, since a policy of the same name would be replaced."""
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
    return Fix(id="permit", commands=(names.iam("put-role-policy", *wanted),), change=change)


def _remove_deny(names: Names) -> Fix:
    return Fix(
        id="remove_deny_from_role",
        commands=(
            names.iam("list-attached-role-policies", "--role-name", names.role_name),
            names.iam("list-role-policies", "--role-name", names.role_name),
        ),
    )


def _control_policy(names: Names, said: str) -> Fix:
    """The policy that the error message names, or all that it can be."""
    named = control_policy(said)
    shown = (line("aws", "organizations", "describe-policy", "--policy-id", named),)
    return Fix(id="control_policy", commands=shown if named else organization(names).commands)


def _boundary(names: Names) -> Fix:
    """The owner of the permissions boundary has to widen it: no policy of the role reaches beyond it."""
    arn = boundary_of(names.documents.get("role"))
    if not arn:
        return boundary(names)
    version = names.iam("get-policy", "--policy-arn", arn, "--query", "Policy.DefaultVersionId", "--output", "text")
    show = names.iam("get-policy-version", "--policy-arn", arn, "--version-id")
    return Fix(id="boundary", commands=(f'{show} "$({version})"',))
