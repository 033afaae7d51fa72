"""The IAM policy language: which statements of a policy apply to a request, and the decision they make together.

Shared by `trust` and `permissions`. Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements".

What IAM would refuse to store can still be given to us. It never helps to allow: an Allow with an unreadable part does
not apply, and a Deny with one, all else in it matching, lets nothing be allowed. (Without a readable Effect a
statement is neither.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from app.flow.conditions import UnreadableValue, holds, parse_operator
from app.flow.model import JsonValue
from app.flow.patterns import Keys, Values, glob
from app.flow.policy_grammar import (
    STATEMENT_FIELDS,
    SYNTAX_ERROR,
    VERSIONS,
    Document,
    MalformedPolicy,
    conditions_of,
    effect_of,
    one_field,
    parse_document,
    principals,
    scalars,
    statements_of,
    strings,
    validate_permission_policy,
    validate_trust_policy,
)

__all__ = [
    "MalformedPolicy",
    "Match",
    "Policy",
    "Reason",
    "Request",
    "decide",
    "parse_policy",
    "request_keys",
    "validate_permission_policy",
    "validate_trust_policy",
]

Reason: TypeAlias = Literal["allow", "explicit-deny", "implicit-deny"]
Plain: TypeAlias = str | Values
"""One value as it is written, or several."""


@dataclass(frozen=True, slots=True)
class Match:
    """One element of one statement, compared with the request."""

    statement: str | int
    """The `Sid`, or the place in the policy, from 0."""
    effect: str
    """`Allow` or `Deny`, or what is written there."""
    element: str
    """`Principal`, `Action`, `Resource`, their `Not` forms, or `Condition`; what cannot be read may be another."""
    operator: str
    """The condition operator as written; empty outside conditions."""
    key: str
    """The condition key as written; of a Principal its types (`Federated`)."""
    wanted: Plain
    """What the policy says."""
    got: Plain | None
    """What the request says; `None` where the key is absent."""
    matched: bool
    error: str = ""
    """Why IAM would have refused to store this, in its words; empty where it would not."""
    policy: str = ""
    """The policy's name, where several are evaluated together."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A document and its statements, not yet looked into."""

    variables: bool
    """Whether `${…}` is a variable: from `Version` 2012-10-17 on."""
    statements: tuple[JsonValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for."""

    action: str
    keys: Keys
    principal: str | None = None
    """The federated principal's provider ARN, where the policy must say who (a trust policy)."""
    resource: str | None = None
    """The resource's ARN, where the policy must say on what (an identity policy)."""


def parse_policy(policy: JsonValue) -> Policy:
    """A policy from its JSON text or object. Raises `MalformedPolicy`; the statements are not looked into."""
    document = parse_document(policy)
    return Policy(document.get("Version") == VERSIONS[0], tuple(statements_of(document)))


def request_keys(keys: Mapping[str, JsonValue]) -> Keys:
    """Condition keys as they are compared: names in lower case, values as texts; a key without any is left out."""
    found = {}
    for name, value in keys.items():
        try:
            if values := scalars(value):
                found[name.lower()] = values
        except MalformedPolicy:  # An object is no value: STS gives IAM none of a claim that it cannot read.
            continue
    return found


def decide(policies: Iterable[tuple[str, JsonValue]], request: Request) -> tuple[Reason, tuple[Match, ...]]:
    """Evaluate policies, each with its name, and say why: an applying Deny wins, then an applying Allow."""
    trace: list[Match] = []
    allow = deny = unreadable_deny = False
    for name, source in policies:
        try:
            policy = parse_policy(source)
        except MalformedPolicy as error:
            trace.append(Match("", "", "Policy", "", "", "", None, False, str(error), name))
            continue
        variables = request.keys if policy.variables else None
        for index, statement in enumerate(policy.statements):
            matches = _compare(statement, index, request, variables)
            trace += [replace(match, policy=name) for match in matches] if name else matches
            effect = matches[0].effect
            if all(match.matched for match in matches):
                allow = allow or effect == "Allow"
                deny = deny or effect == "Deny"
            elif effect == "Deny" and all(match.matched or match.error for match in matches):
                unreadable_deny = True
    reason: Reason = "explicit-deny" if deny else "allow" if allow and not unreadable_deny else "implicit-deny"
    return reason, tuple(trace)


def _compare(statement: JsonValue, index: int, request: Request, variables: Keys | None) -> list[Match]:
    """Every element of the statement against the request; all must match for the statement to apply."""
    if not isinstance(statement, dict):
        return [Match(index, "", "Statement", "", "", "", None, False, SYNTAX_ERROR)]
    sid = statement.get("Sid")
    label = sid if isinstance(sid, str) and sid else index
    written = statement.get("Effect")
    effect = written if isinstance(written, str) else ""
    matches: list[Match] = []

    def unreadable(element: str, error: MalformedPolicy | str) -> None:
        matches.append(Match(label, effect, element, "", "", "", None, False, str(error)))

    # (1) The statement's own form.
    try:
        effect_of(statement)
    except MalformedPolicy as error:
        unreadable("Effect", error)
    for name in statement.keys() - STATEMENT_FIELDS:
        unreadable(name, f"Unknown field {name}")
    # (2) Who, what, on what.
    try:
        if request.principal is not None:
            matches.append(_principal(statement, label, effect, request.principal))
        elif "Principal" in statement or "NotPrincipal" in statement:
            unreadable("Principal", "Policy document should not specify a principal.")
    except MalformedPolicy as error:
        unreadable("Principal", error)
    try:
        matches.append(_action(statement, label, effect, request.action))
    except MalformedPolicy as error:
        unreadable("Action", error)
    try:
        if request.resource is not None:
            matches.append(_resource(statement, label, effect, request.resource, variables))
    except MalformedPolicy as error:
        unreadable("Resource", error)
    # (3) Under which conditions: every line must hold.
    try:
        lines = conditions_of(statement)
    except MalformedPolicy as error:
        unreadable("Condition", error)
        return matches
    for operator, key, values in lines:
        matches.append(_condition(operator, key, values, label, effect, request.keys, variables))
    return matches


def _principal(statement: Document, label: str | int, effect: str, provider: str) -> Match:
    """A provider's ARN is compared as a whole; only `"*"` and `{"AWS": "*"}` stand for everybody."""
    field = one_field(statement, "Principal")
    wanted = principals(statement[field])
    found = any(
        (kind == "Federated" and provider in names) or (kind == "AWS" and "*" in names) for kind, names in wanted
    )
    names = tuple(name for _, names in wanted for name in names)
    types = ", ".join(kind for kind, _ in wanted)
    return Match(label, effect, field, "", types, _plain(names), provider, found == (field == "Principal"))


def _action(statement: Document, label: str | int, effect: str, action: str) -> Match:
    """Actions are case-insensitive and may hold wildcards."""
    field = one_field(statement, "Action")
    wanted = strings(statement[field])
    asked = action.lower()
    found = any(glob(name.lower(), None)(asked) for name in wanted)
    return Match(label, effect, field, "", "", _plain(wanted), action, found == (field == "Action"))


def _resource(statement: Document, label: str | int, effect: str, resource: str, variables: Keys | None) -> Match:
    """Resources are case-sensitive and may hold wildcards and policy variables."""
    field = one_field(statement, "Resource")
    wanted = strings(statement[field])
    found = any(glob(name, variables)(resource) for name in wanted)
    return Match(label, effect, field, "", "", _plain(wanted), resource, found == (field == "Resource"))


def _condition(
    name: str, key: str, values: JsonValue, label: str | int, effect: str, keys: Keys, variables: Keys | None
) -> Match:
    operator = parse_operator(name)
    got = keys.get(key.lower(), ())
    wanted: Values = ()
    error = ""
    matched = False
    try:
        wanted = scalars(values)
        if operator is None:
            error = f"Invalid Condition type : {name}"
        else:
            matched = holds(operator, wanted, got, variables)
    except (MalformedPolicy, UnreadableValue):
        error = SYNTAX_ERROR
    return Match(label, effect, "Condition", name, key, _plain(wanted), _plain(got) if got else None, matched, error)


def _plain(values: Values) -> Plain:
    return values[0] if len(values) == 1 else values
