"""What lets the Pod's role assume a second one (role chaining): the permission of the first, the trust of the second.

A role that the trust policy of a role in its own account names needs no permission. Where the account is named, or the
roles are in two accounts, the first role needs it as well. Source: IAM user guide, "AWS JSON policy elements:
Principal" and "Cross-account policy evaluation logic".
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from app.flow.doctor import changes
from app.flow.doctor.fix import Change, Fix, line
from app.flow.doctor.names import PROFILE_HERE, Names
from app.flow.doctor.reading.next_role import CHAINING, EVIDENCE
from app.flow.doctor.trust_fix import VERSION
from app.flow.json_access import get, get_object, get_str
from app.flow.matching.nearest import statements
from app.flow.model import JsonValue
from app.flow.names import account_of, role_of
from app.flow.policy.policy import Match
from app.flow.trust import ASSUME_ROLE, AwsPrincipal, TrustContext, evaluate
from app.flow.verdict.error_messages import principal_of


def chained(names: Names, said: str, denied: Sequence[tuple[str, str]], fix: Fix, *, may: bool) -> Fix | None:
    """Where what was denied is to assume a second role, after `fix` of the first role's permission; None for anything
    else. `may` is whether the first role has that permission, so that `fix` only runs the program again.

    A role that assumes itself is named, too (AWS Security Blog, "Announcing an update to IAM role trust policy
    behavior").
    """
    if len(denied) != 1 or denied[0][0] not in CHAINING or (parts := role_of(denied[0][1])) is None:
        return None
    (action, arn) = denied[0]
    if (action, arn) == (ASSUME_ROLE, names.role_arn):
        return Fix(id="assumes_itself", commands=names.show_workload())
    second = get_object(names.documents.get(EVIDENCE))
    if get_str(second, "Arn") == arn and not second.get("exists"):
        return Fix(id="no_second_role", commands=names.show_workload())
    policy = get(second, "AssumeRolePolicyDocument") if get_str(second, "Arn") == arn else None

    # (1) The trust policy could not be read, or depends on more than on who asks.
    principal = AwsPrincipal(arn=principal_of(said) or names.role_arn, role_arn=names.role_arn)
    trusts = None if policy is None else _trusts(policy, action, principal.names)
    if trusts is None:
        wanted = ("--role-name", parts[2], "--query", "Role.AssumeRolePolicyDocument")
        looked_in = account_of(names.provider_arn) if names.there else principal.account
        there = {principal.account: names.there, looked_in: ()}.get(parts[1], ("--profile", PROFILE_HERE))
        commands = (*fix.commands, line("aws", "iam", "get-role", *wanted, *there))
        return replace(fix, id="assumes_another", commands=commands)

    # (2) It trusts the first role already.
    ours = parts[1] == principal.account
    if trusts and (may or (ours and _trusts(policy, action, principal.own_names))):
        return Fix(id="read_log", commands=names.recreate())
    if trusts:
        return replace(fix, id="second_role_trusts")

    # (3) It has to.
    trust = {"Effect": "Allow", "Principal": {"AWS": names.role_arn}, "Action": action}
    after = {"Version": VERSION, **get_object(policy), "Statement": [*statements(policy), trust]}
    update = ("--role-name", parts[2], "--policy-document", json.dumps(after, ensure_ascii=False))
    return Fix(
        id="trust_first_role",
        commands=(
            line("aws", "iam", "update-assume-role-policy", *update),
            *(fix.commands if may or not ours else ()),
        ),
        change=Change(kind="Role", name=arn, part=changes.TRUST_POLICY, before=policy, after=after),
    )


def _trusts(policy: JsonValue, action: str, names: frozenset[str]) -> bool | None:
    """Whether the trust policy lets these names do it; None where a condition decides, whose keys are not known, or a
    Deny, whose owner meant it."""
    context = TrustContext(principal="", action=action, names=names)
    by_statement: dict[str | int, list[Match]] = {}
    for entry in evaluate(policy, context).trace:
        by_statement.setdefault(entry.statement, []).append(entry)
    meant = [it for it in by_statement.values() if all(m.matched for m in it if m.element != "Condition")]
    if any(it[0].effect == "Deny" for it in meant):
        return None
    unconditional = any(all(m.element != "Condition" for m in it) for it in meant)
    return unconditional or (None if meant else False)
