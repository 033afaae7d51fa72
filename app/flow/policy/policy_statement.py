"""One statement of an IAM policy against one request, element by element.

Source: IAM user guide, "IAM JSON policy elements".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from app.flow.model import JsonValue
from app.flow.policy.conditions import UnreadableValue, holds, parse_operator
from app.flow.policy.patterns import Keys, Values, glob
from app.flow.policy.policy_grammar import (
    STATEMENT_FIELDS,
    SYNTAX_ERROR,
    Document,
    MalformedPolicy,
    conditions_of,
    effect_of,
    one_field,
    principals,
    scalars,
    strings,
)

EVERYONE = "*"
Plain: TypeAlias = str | Values
"""One value as it is written, or several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One element of one statement, compared with the request."""

    statement: str | int
    """The `Sid`, or the place in the policy, from 0."""
    effect: str
    """`Allow` or `Deny`, or what is written there."""
    element: str
    """`Principal`, `Action`, `Resource`, their `Not` forms, or `Condition`; what cannot be read may be another."""
    operator: str = ""
    """The condition operator as written; empty outside conditions."""
    key: str = ""
    """The condition key as written; of a Principal its types (`Federated`)."""
    wanted: Plain = ""
    """What the policy says."""
    got: Plain | None = None
    """What the request says; `None` where the key is absent."""
    matched: bool = False
    error: str = ""
    """Why IAM would have refused to store this, in its words; empty where it would not."""
    policy: str = ""
    """The policy's name, where several are evaluated together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for."""

    action: str
    keys: Keys
    principal: str | None = None
    """The ARN of the federated principal's provider, or of an AWS principal, where the policy must say who (a trust
    policy)."""
    names: frozenset[str] = frozenset()
    """The names by which `{"AWS": …}` means an AWS principal; none of a federated one."""
    resource: str | None = None
    """The resource's ARN, where the policy must say on what (an identity policy)."""


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement with what each of its matches says of it."""

    document: Document
    label: str | int
    effect: str
    policy: str

    def match(self, element: str, **found: Any) -> Match:
        """What came of one of its elements."""
        return Match(statement=self.label, effect=self.effect, policy=self.policy, element=element, **found)


def compare(document: JsonValue, index: int, request: Request, variables: Keys | None, *, policy: str) -> list[Match]:
    """Every element of the statement against the request; all must match for the statement to apply.

    `policy`: the name of the policy that it is from; empty where it has none.
    """
    if not isinstance(document, dict):
        return [Match(statement=index, effect="", element="Statement", error=SYNTAX_ERROR, policy=policy)]
    sid, effect = document.get("Sid"), document.get("Effect")
    statement = _Statement(
        document,
        label=sid if isinstance(sid, str) and sid else index,
        effect=effect if isinstance(effect, str) else "",
        policy=policy,
    )
    matches: list[Match] = []

    def unreadable(element: str, error: MalformedPolicy | str) -> None:
        matches.append(statement.match(element, error=str(error)))

    # (1) The statement's own form.
    try:
        effect_of(document)
    except MalformedPolicy as error:
        unreadable("Effect", error)
    for name in document:
        if name not in STATEMENT_FIELDS:
            unreadable(name, f"Unknown field {name}")
    # (2) Who, what, on what.
    try:
        if request.principal is not None:
            matches.append(_principal(statement, request.principal, request.names | {EVERYONE}))
        elif "Principal" in document or "NotPrincipal" in document:
            unreadable("Principal", "Policy document should not specify a principal.")
    except MalformedPolicy as error:
        unreadable("Principal", error)
    try:
        matches.append(_action(statement, request.action))
    except MalformedPolicy as error:
        unreadable("Action", error)
    try:
        if request.resource is not None:
            matches.append(_resource(statement, request.resource, variables))
    except MalformedPolicy as error:
        unreadable("Resource", error)
    # (3) Under which conditions: every line must hold.
    try:
        lines = conditions_of(document)
    except MalformedPolicy as error:
        unreadable("Condition", error)
        return matches
    matches += [_condition(statement, line, request.keys, variables) for line in lines]
    return matches


def _principal(statement: _Statement, asking: str, aws_names: frozenset[str]) -> Match:
    """An ARN is compared as a whole; only `"*"` and `{"AWS": "*"}` stand for everybody."""
    field = one_field(statement.document, "Principal")
    wanted = principals(statement.document[field])
    found = any(
        (kind == "Federated" and asking in names) or (kind == "AWS" and not aws_names.isdisjoint(names))
        for kind, names in wanted
    )
    return statement.match(
        field,
        key=", ".join(kind for kind, _ in wanted),
        wanted=_plain(tuple(name for _, names in wanted for name in names)),
        got=asking,
        matched=found == (field == "Principal"),
    )


def _action(statement: _Statement, action: str) -> Match:
    """Actions are case-insensitive and may hold wildcards."""
    asked = action.lower()
    return _listed(statement, "Action", action, lambda name: glob(name.lower(), None)(asked))


def _resource(statement: _Statement, resource: str, variables: Keys | None) -> Match:
    """Resources are case-sensitive and may hold wildcards and policy variables."""
    return _listed(statement, "Resource", resource, lambda name: glob(name, variables)(resource))


def _listed(statement: _Statement, element: str, got: str, fits: Callable[[str], bool]) -> Match:
    """An element that lists patterns, or its `Not` form. Raises `MalformedPolicy`."""
    field = one_field(statement.document, element)
    wanted = strings(statement.document[field])
    found = any(fits(name) for name in wanted)
    return statement.match(
        field,
        wanted=_plain(wanted),
        got=got,
        matched=found == (field == element),
    )


def _condition(statement: _Statement, line: tuple[str, str, JsonValue], keys: Keys, variables: Keys | None) -> Match:
    """One line of the Condition: an operator, a key and values."""
    name, key, values = line
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
    return statement.match(
        "Condition",
        operator=name,
        key=key,
        wanted=_plain(wanted),
        got=_plain(got) if got else None,
        matched=matched,
        error=error,
    )


def _plain(values: Values) -> Plain:
    return values[0] if len(values) == 1 else values
