"""Which Allow statement of a trust policy comes nearest to letting a token in: the one to explain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonValue
from app.flow.policy.policy import Match
from app.flow.trust import TrustContext, evaluate

Trace: TypeAlias = Sequence[Match]


def statements(policy: JsonValue) -> list[JsonValue]:
    """A policy's statements: IAM takes one object as well as a list."""
    found = get(policy, "Statement")
    return [found] if get_object(found) else get_list(policy, "Statement")


def nearest(policy: JsonValue, context: TrustContext) -> tuple[int, Trace]:
    """The place of the Allow statement that matches best, and its trace: principal first, then action, conditions.

    -1 and an empty trace where the policy allows nothing at all.
    """
    traces = [
        (index, evaluate({**get_object(policy), "Statement": [statement]}, context).trace)
        for index, statement in enumerate(statements(policy))
        if get_str(statement, "Effect") == "Allow"
    ]

    def nearness(found: tuple[int, Trace]) -> tuple[bool, bool, bool, int]:
        _, trace = found
        return (
            all_match(trace, "Principal"),
            all_match(trace, "Action"),
            all(entry.matched for entry in trace),
            sum(entry.matched for entry in trace),
        )

    return max(traces, key=nearness, default=(-1, ()))


def all_match(trace: Trace, element: str) -> bool:
    """Whether the element, or its `Not` form, is there and matches."""
    matches = [entry.matched for entry in trace if entry.element.removeprefix("Not") == element]
    return bool(matches) and all(matches)


def met_under(key: str, policy: JsonValue, context: TrustContext) -> bool | None:
    """Whether the nearest statement's conditions on that key are met; None where it has none."""
    _, trace = nearest(policy, context)
    met = [entry.matched for entry in trace if entry.element == "Condition" and entry.key.lower() == key.lower()]
    return all(met) if met else None
