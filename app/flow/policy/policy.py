"""The IAM policy language: which statements of a policy apply to a request, and the decision they make together.

Shared by `trust` and `permissions`. Source: IAM user guide, "Policy evaluation logic" and "IAM JSON policy elements".

What IAM would refuse to store can still be given to us. It never helps to allow: an Allow with an unreadable part does
not apply, and a Deny with one, all else in it matching, lets nothing be allowed. (Without a readable Effect a
statement is neither.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from app.flow.model import JsonValue
from app.flow.policy.patterns import Keys
from app.flow.policy.policy_grammar import (
    VERSIONS,
    MalformedPolicy,
    parse_document,
    scalars,
    statements_of,
    validate_permission_policy,
    validate_trust_policy,
)
from app.flow.policy.policy_statement import Match, Request, compare

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


@dataclass(frozen=True, slots=True)
class Policy:
    """A document and its statements, not yet looked into."""

    variables: bool
    """Whether `${…}` is a variable: from `Version` 2012-10-17 on."""
    statements: tuple[JsonValue, ...]


def parse_policy(policy: JsonValue) -> Policy:
    """A policy from its JSON text or object. Raises `MalformedPolicy`; the statements are not looked into."""
    return _parsed(policy) if isinstance(policy, str) and len(policy) <= _REMEMBERED else _parse(policy)


_REMEMBERED = 4096
"""Characters of a text whose policy is remembered: servers decide by the same few texts at each request."""


def _parse(policy: JsonValue) -> Policy:
    document = parse_document(policy)
    return Policy(document.get("Version") == VERSIONS[0], tuple(statements_of(document)))


_parsed = lru_cache(maxsize=64)(_parse)


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
            trace.append(Match(statement="", effect="", element="Policy", error=str(error), policy=name))
            continue
        variables = request.keys if policy.variables else None
        for index, statement in enumerate(policy.statements):
            matches = compare(statement, index, request, variables, policy=name)
            trace += matches
            effect = matches[0].effect
            if all(match.matched for match in matches):
                allow = allow or effect == "Allow"
                deny = deny or effect == "Deny"
            elif effect == "Deny" and all(match.matched or match.error for match in matches):
                unreadable_deny = True
    reason: Reason = "explicit-deny" if deny else "allow" if allow and not unreadable_deny else "implicit-deny"
    return reason, tuple(trace)
