"""Our own evaluation of the trust policy beside the answer of STS: where they disagree, neither is hidden.

We see the policy as IAM shows it, and the keys that a token gives; STS sees what is in force where it stands, and more
of the request. A policy or role that was changed between our two questions shows when it is read once more.
"""

from __future__ import annotations

from collections.abc import Sequence

from app.flow.errors import FlowError, NotFound
from app.flow.json_access import get, get_str, shown
from app.flow.matching import request_conditions
from app.flow.matching.nearest import nearest
from app.flow.model import JsonValue, Status
from app.flow.policy.policy import Match
from app.flow.ports import Ports
from app.flow.steps.findings import Findings
from app.flow.steps.step_context import StepContext
from app.flow.steps.trust_policy import decision_document, reason_of
from app.flow.trust import TrustContext, TrustDecision, evaluate

CHECK = "sts.trust"
REFUSED, GRANTED, CHANGED = "sts_refused", "sts_granted", "changed_meanwhile"
"""Reasons: STS refused, or granted, against our evaluation; or the policy had changed when it was read once more."""


def judge_policy(
    findings: Findings, step_context: StepContext, policy: JsonValue, context: TrustContext
) -> TrustDecision:
    """Decides `sts.trust`, and names the element that fails. What only STS can know of the request decides nothing."""
    decision = evaluate(policy, context)
    where = f"Role {step_context.role_name} AssumeRolePolicyDocument"
    if open_ := request_conditions.deciding(decision):
        findings.unknown(CHECK, reason_of(open_), where=where, expected=", ".join(request_conditions.shown(open_)))
        return decision
    got, expected = _failing(policy, context, decision)
    findings.judge(CHECK, decision.allowed, got=got, expected=expected, where=where)
    return decision


def compare(
    findings: Findings,
    ports: Ports,
    step_context: StepContext,
    ours: tuple[TrustDecision, TrustContext] | None,
    refusal: str | None,
) -> None:
    """Compares our decision with that of STS: `refusal` is STS's message for AccessDenied, None where STS accepted."""
    if ours is None or findings.is_unknown(CHECK) or ours[0].allowed is (refusal is None):
        return
    before, context = ours
    findings.show("trust_before", decision_document(before))
    theirs = GRANTED if refusal is None else REFUSED

    # (1) The policy once more.
    try:
        role = ports.aws.role(step_context.role_name)
    except FlowError as error:
        if isinstance(error, NotFound) and refusal is not None:
            where = f"Role {step_context.role_name}"
            findings.judge(
                CHECK, False, got=error.code, expected=step_context.role_arn, where=where, error=error.server_message
            )
            findings.explain(CHECK, Status.FAILED, CHANGED)
            findings.show("trust_now", decision_document(evaluate(None, context)))
        else:
            findings.explain(CHECK, Status.WARNING, theirs, error=refusal or "")
        return
    now = get(role, "AssumeRolePolicyDocument") if get_str(role, "Arn") == step_context.role_arn else None

    # (2) The policy was changed meanwhile and now agrees with STS; or it is the same, and STS disagrees with it.
    after = evaluate(now, context)
    findings.show("trust_now", decision_document(after))
    if after.allowed is before.allowed:
        findings.explain(CHECK, Status.WARNING, theirs, error=refusal or "")
        return
    findings.show("trust_policy_now", now)
    judge_policy(findings, step_context, now, context)
    findings.explain(CHECK, Status.WARNING if refusal is None else Status.FAILED, CHANGED, error=refusal or "")


def _failing(policy: JsonValue, context: TrustContext, decision: TrustDecision) -> tuple[str, str]:
    """What the policy says where it fails, and what would have passed: of the nearest Allow, or of the Deny."""
    if decision.allowed:
        return decision.reason, "allow"
    if decision.reason == "explicit-deny":
        denials = dict.fromkeys(_name(entry.statement) for entry in _applying(decision.trace, "Deny"))
        return f"{decision.reason}: Statement {', '.join(denials)}", "allow"
    _, trace = nearest(policy, context)
    wrong = next((entry for entry in trace if not entry.matched), None)
    if wrong is None:  # No Allow at all, or one beside a Deny that we cannot read.
        return decision.reason, "allow"
    parts = (wrong.element, wrong.operator, wrong.key)
    label = ".".join(part for part in parts if part)
    said = f"{decision.reason}: {label} {shown(wrong.wanted)}"
    asked = wrong.key if wrong.element == "Condition" else wrong.element
    return said, f"{asked} {shown(wrong.got) if wrong.got is not None else '-'}"


def _name(statement: str | int) -> str:
    """Its `Sid`, or its place in the list, counted from 1."""
    return str(statement + 1) if isinstance(statement, int) else statement


def _applying(trace: Sequence[Match], effect: str) -> list[Match]:
    """The entries of the statements of that effect in which everything matches."""
    missed = {entry.statement for entry in trace if not entry.matched}
    return [entry for entry in trace if entry.effect == effect and entry.statement not in missed]
