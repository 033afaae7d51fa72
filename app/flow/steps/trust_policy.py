"""The trust policy in six checks, by which a reader finds what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.flow.json_access import get, get_object, get_str, strings
from app.flow.matching import request_conditions
from app.flow.matching.nearest import Trace, all_match, nearest, statements
from app.flow.matching.policy_edits import others_that_fit
from app.flow.model import Check, JsonValue, Status
from app.flow.names import SUBJECT_PREFIX, host_and_path, provider_url
from app.flow.policy.policy import Match
from app.flow.steps.findings import Findings
from app.flow.trust import TrustDecision, evaluate, request_facts, web_identity_context

PROBE = "irsa-explorer-probe"
"""A name that no ServiceAccount and no namespace has."""
OF_REQUEST, OF_CALLER, OF_TIME = "of_request", "of_caller", "of_time"
"""The reasons of a check that a condition decides: one whose key only the request to STS has, one whose key differs
between callers, or one on the time."""
_PLAIN = re.compile(r"(?:For\w+:)?String(?:Equals|EqualsIgnoreCase|Like)(?:IfExists)?")
"""The operators that ask for a text as it is written, or as a pattern."""
_EXACTLY = re.compile(r"(?:For\w+:)?StringEquals(?:IgnoreCase)?(?:IfExists)?")
LITERAL = "literal"
"""The reason of a wildcard under an operator that compares it as an ordinary character."""
ANY = "*"
"""The value that a policy without a condition requires: any."""


def trusted_issuers(policy: JsonValue) -> list[str]:
    """The issuers whose IAM OIDC providers the Allow statements have as their principals, each once."""
    found = [
        f"https://{url}"
        for statement in statements(policy)
        if get_str(statement, "Effect") == "Allow"
        for arn in strings(get(statement, "Principal", "Federated"))
        if (url := provider_url(arn))
    ]
    return list(dict.fromkeys(found))


def reason_of(deciding: Sequence[Match]) -> str:
    """The reason of a decision that depends on these conditions on the request."""
    return OF_CALLER if any(map(request_conditions.is_of_caller, deciding)) else OF_REQUEST


def decision_document(decision: TrustDecision) -> JsonValue:
    """A decision with its trace as a JSON document."""
    return {
        "allowed": decision.allowed,
        "reason": decision.reason,
        "trace": decision.trace,
    }


def judge_trust(
    findings: Findings,
    policy: JsonValue,
    claims: Mapping[str, Any],
    *,
    issuer: str,
    provider: str,
    name: str,
    audience_unseen: str = "",
    now: float | None = None,
) -> None:
    """Decides the checks `trust.*` for a token with these claims, and shows the decision as evidence. Where it is not
    known when the request is made (`now`, Unix seconds), a condition on the time leaves the decision open.

    Where the audience is only the usual one (`audience_unseen`, a reason), a policy that expects another is open.
    """
    facts = None if now is None else request_facts(now)
    context = web_identity_context(issuer, claims, provider, facts)
    decision = evaluate(policy, context)
    findings.show("trust_decision", decision_document(decision))
    allows = [statement for statement in statements(policy) if get_str(statement, "Effect") == "Allow"]
    _, trace = nearest(policy, context)
    where = f"Role {name} AssumeRolePolicyDocument"

    # (1) Principal, (2) Action: of the Allow statement that comes nearest.
    principals = [shown for statement in allows for shown in _principals(get(statement, "Principal"))]
    trusted = findings.judge(
        "trust.provider", all_match(trace, "Principal"), got=principals or policy, expected=provider, where=where
    )
    actions = [action for statement in allows for action in strings(get(statement, "Action"))]
    acting = trusted and findings.judge(
        "trust.action", all_match(trace, "Action"), got=actions, expected=context.action, where=where
    )

    # (3) The conditions on aud, (4) on sub.
    prefix = host_and_path(issuer)
    if acting:
        audience = strings(claims.get("aud"))
        _judge_condition(findings, "trust.audience", trace, f"{prefix}:aud", audience, where, unseen=audience_unseen)
        _judge_condition(findings, "trust.subject", trace, f"{prefix}:sub", strings(claims.get("sub")), where)

    # (5) All statements together, Deny included.
    open_audience = audience_unseen if findings.is_unknown("trust.audience") else ""
    if open_ := request_conditions.deciding(decision):
        expected = ", ".join(request_conditions.shown(open_))
        findings.unknown("trust.decision", reason_of(open_), where=where, expected=expected)
    elif facts and (late := request_conditions.of_time(trace)):
        findings.judge(
            "trust.decision",
            False,
            got=facts.get(request_conditions.CURRENT_TIME, ""),
            expected=", ".join(request_conditions.shown(late)),
            where=_with_others(where, trace),
        )
        findings.explain("trust.decision", Status.FAILED, OF_TIME)
    else:
        findings.judge_as_seen(
            "trust.decision",
            decision.allowed,
            unseen=open_audience,
            got=decision.reason,
            expected="allow",
            where=_with_others(where, trace),
        )

    # (6) No one else: the same policy is evaluated for subjects that it should not let in. Conditions on the request
    # count as met, because the other Pods of the cluster may meet them as well.
    subject = get_str(claims, "sub")
    others = [
        evaluate(policy, web_identity_context(issuer, {**claims, "sub": stranger}, provider, facts))
        for stranger in strangers_of(subject, policy)
    ]
    wide = [_admitting(other.trace) for other in others if request_conditions.may_allow(other)]
    asked = dict.fromkeys(value for trace in wide for value in _wanted(trace, f"{prefix}:sub") or [ANY])
    if open_audience and not wide:
        findings.unknown("trust.scope", open_audience, where=where, expected=subject)
        return
    findings.judge(
        "trust.scope",
        not wide,
        got=list(asked) if wide else subject,
        expected=subject,
        where=where,
        otherwise=Status.WARNING,
    )


def _admitting(trace: Trace) -> Trace:
    """The part of a trace that is about the first Allow statement in which everything matches, or may match."""
    unmet = {entry.statement for entry in trace if not (entry.matched or request_conditions.is_open(entry))}
    first = next((entry.statement for entry in trace if entry.effect == "Allow" and entry.statement not in unmet), None)
    return [entry for entry in trace if entry.statement == first]


def _judge_condition(
    findings: Findings, check_id: str, trace: Trace, key: str, claim: list[str], where: str, *, unseen: str = ""
) -> None:
    """A condition passes where it is met, or where there is none. A failing one under a similar key is the usual typing
    error."""
    conditions = [entry for entry in trace if entry.element == "Condition"]
    own = [entry for entry in conditions if entry.key.lower() == key.lower()]
    last = key.rpartition(":")[2]
    astray = [
        entry
        for entry in conditions
        if entry not in own and not entry.matched and entry.key.lower().rpartition(":")[2] == last
    ]
    where = f"{where} Condition {key}"
    if astray:
        findings.judge(check_id, False, got=astray[0].key, expected=key, where=where)
    else:
        passed = all(entry.matched for entry in own)
        # All conditions have to be met where there are several operators: one that is met does not have to change.
        shown = own if passed else [entry for entry in own if not entry.matched]
        asked: JsonValue = _wanted(shown, key) if own else ANY
        findings.judge_as_seen(check_id, passed, unseen=unseen, got=asked, expected=claim, where=where)
        if check_id == "trust.subject" and any(map(_is_literal_pattern, shown)) and not passed:
            findings.explain(check_id, Status.FAILED, LITERAL)


def _is_literal_pattern(entry: Match) -> bool:
    """Whether a wildcard is compared as an ordinary character, which no ServiceAccount's name contains."""
    return _EXACTLY.fullmatch(entry.operator) is not None and any(set("*?") & set(it) for it in strings(entry.wanted))


def is_of_other_key(check: Check) -> bool:
    """Whether a condition fails because the token has no such key: the key is another issuer's, or has `https://` in
    it."""
    return check.status is Status.FAILED and check.where.endswith(f" Condition {check.expected}")


def _with_others(where: str, trace: Trace) -> str:
    """The place in the policy, with the keys of the unmet conditions where nothing else of the statement fails."""
    unmet = [entry for entry in trace if not entry.matched]
    others = [entry.key for entry in unmet if entry.element == "Condition" and entry.operator]
    return f"{where} Condition {', '.join(dict.fromkeys(others))}" if others and len(others) == len(unmet) else where


def _wanted(trace: Trace, key: str) -> list[str]:
    """The values that the conditions on `key` ask for, each behind its operator where that asks for anything else."""
    return [
        value if _PLAIN.fullmatch(entry.operator) else f"{entry.operator} {value}"
        for entry in trace
        if entry.element == "Condition" and entry.key.lower() == key.lower()
        for value in strings(entry.wanted)
    ]


def _principals(principal: JsonValue) -> list[str]:
    """Every principal of a statement, whatever its kind."""
    return strings(principal) or [name for value in get_object(principal).values() for name in strings(value)]


def strangers_of(subject: str, policy: JsonValue) -> list[str]:
    """Other ServiceAccounts of the same cluster: one in the same namespace, one of the same name elsewhere, and one
    that differs in both; and those that differ where the policy has a wildcard."""
    prefix, _, name = subject.rpartition(":")
    return [
        f"{prefix}:{PROBE}",
        f"{prefix}:{name}-{PROBE}",
        f"{prefix}-{PROBE}:{name}",
        f"{SUBJECT_PREFIX}{PROBE}:{name}",
        f"{SUBJECT_PREFIX}{PROBE}:{PROBE}",
        *others_that_fit(policy, subject, PROBE),
    ]
