"""Changes to a policy that teach something, each made on the JSON object and never on the one that was given."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from app.flow.json_access import get_object, strings
from app.flow.matching.nearest import statements
from app.flow.model import JsonValue
from app.flow.names import SUBJECT_PREFIX
from app.flow.policy.patterns import glob

EQUALS, LIKE = "StringEquals", "StringLike"
_OTHER_NAMESPACE = "other-namespace"
_NAMESPACES = ("kube-system", "default")
_OTHERS = 10
"""The whole policy is evaluated for each of them."""
_SUBJECT = re.compile(rf"{SUBJECT_PREFIX}[^:]+:[^:]+")

Conditions = dict[str, Any]


def with_operator(policy: JsonValue, base: str) -> JsonValue:
    """The policy with each `StringEquals` and `StringLike` (negated ones and set operators too) as `base`.

    Where the block has a condition on that key under the new name already, both stay: one name cannot hold two.
    """
    other = EQUALS if base == LIKE else LIKE

    def edit(block: Conditions) -> Conditions:
        made: Conditions = {name: value for name, value in block.items() if _renamed(name, other, base) == name}
        for name, value in block.items():
            renamed = _renamed(name, other, base)
            if renamed == name:
                continue
            taken = made.get(renamed, {})
            if isinstance(taken, Mapping) and isinstance(value, Mapping) and not taken.keys() & value.keys():
                made[renamed] = {**taken, **value}
            else:
                made[name] = value
        return made

    return _with_conditions(policy, edit)


def _renamed(name: str, other: str, base: str) -> str:
    """`ForAnyValue:StringNotEqualsIfExists` as `ForAnyValue:StringNotLikeIfExists`, but no `StringEqualsIgnoreCase`."""
    qualifier, colon, operator = name.rpartition(":")
    plain = operator.removesuffix("IfExists")
    for old, new in ((other, base), (other.replace("String", "StringNot"), base.replace("String", "StringNot"))):
        if plain == old:
            return f"{qualifier}{colon}{new}{operator[len(plain) :]}"
    return name


def uses(policy: JsonValue, base: str) -> bool:
    """Whether any condition of the policy is under `base` (or its negated, qualified or `IfExists` form)."""
    other = EQUALS if base == LIKE else LIKE
    names = [name for statement in statements(policy) for name in get_object(statement, "Condition")]
    return any(_renamed(name, base, other) != name for name in names)


def subjects(policy: JsonValue) -> set[str]:
    """All that the policy's conditions on `sub` require, subjects and patterns."""
    return {
        value
        for statement in statements(policy)
        for keys in get_object(statement, "Condition").values()
        for key, values in get_object(keys).items()
        if _is_subject(key)
        for value in strings(values)
    }


def others_that_fit(policy: JsonValue, subject: str, run: str, known: Iterable[str] = ()) -> list[str]:
    """Other ServiceAccounts' subjects, one for each pattern in a condition on `sub` that the subject fits: with `run`
    for each `*`. None where one of the `known` fits that pattern as well, and no more than `_OTHERS`."""
    found: list[str] = []
    for pattern in sorted(subjects(policy)):
        if len(found) == _OTHERS:
            break
        fits = glob(pattern, None)
        if fits(subject) and not any(fits(it) for it in known if it != subject):
            filled = (pattern.replace("*", run).replace("?", letter) for letter in "xy")
            found += [it for it in filled if it != subject and _SUBJECT.fullmatch(it)][:1]
    return found


def swap_operators(policy: JsonValue) -> JsonValue:
    """`StringEquals` becomes `StringLike`; where there is none, the other way round."""
    return with_operator(policy, LIKE if uses(policy, EQUALS) else EQUALS)


def any_name(policy: JsonValue) -> JsonValue:
    """Every subject with `*` for the ServiceAccount's name."""
    return _with_subjects(policy, lambda subject: f"{subject.rpartition(':')[0]}:*")


def other_namespace(policy: JsonValue) -> JsonValue:
    """Every subject with another Namespace."""
    return _with_subjects(policy, lambda subject: f"{SUBJECT_PREFIX}{_OTHER_NAMESPACE}:{subject.rpartition(':')[2]}")


def second_account(policy: JsonValue) -> JsonValue:
    """Every single subject as a list of two: itself, and the ServiceAccount of the same name in another Namespace."""

    def both(subject: JsonValue) -> JsonValue:
        if not isinstance(subject, str) or not subject.startswith(SUBJECT_PREFIX):
            return subject
        name = subject.rpartition(":")[2]
        others = [f"{SUBJECT_PREFIX}{namespace}:{name}" for namespace in _NAMESPACES]
        return [subject, next(other for other in others if other != subject)]

    return _with_subject_values(policy, both)


def without_subject(policy: JsonValue) -> JsonValue:
    """The policy without its conditions on `sub`."""

    def edit(block: Conditions) -> Conditions:
        kept = {}
        for name, keys in block.items():
            left = {key: value for key, value in keys.items() if not _is_subject(key)} if _is_block(keys) else keys
            if left or not _is_block(keys):
                kept[name] = left
        return kept

    return _with_conditions(policy, edit)


EDITS: Mapping[str, Callable[[JsonValue], JsonValue]] = {
    "swap": swap_operators,
    "star": any_name,
    "open": without_subject,
    "namespace": other_namespace,
    "second": second_account,
}
"""By the name that a button has."""


def _is_block(keys: JsonValue) -> bool:
    return isinstance(keys, Mapping)


def _is_subject(key: str) -> bool:
    return key.lower().endswith(":sub")


def _with_subjects(policy: JsonValue, change: Callable[[str], str]) -> JsonValue:
    return _with_subject_values(policy, partial(_changed, change))


def _changed(change: Callable[[str], str], value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_changed(change, item) for item in value]
    return change(value) if isinstance(value, str) and value.startswith(SUBJECT_PREFIX) else value


def _with_subject_values(policy: JsonValue, change: Callable[[JsonValue], JsonValue]) -> JsonValue:
    """The policy with every value of a condition on `sub`, a text or a list, as `change` makes it."""

    def edit(block: Conditions) -> Conditions:
        return {
            name: {key: change(value) if _is_subject(key) else value for key, value in keys.items()}
            if _is_block(keys)
            else keys
            for name, keys in block.items()
        }

    return _with_conditions(policy, edit)


def _with_conditions(policy: JsonValue, edit: Callable[[Conditions], Conditions]) -> JsonValue:
    """A copy of the policy, `edit` applied to every `Condition`; one of which nothing is left goes."""

    def made(statement: JsonValue) -> JsonValue:
        if not isinstance(statement, Mapping) or not _is_block(statement.get("Condition")):
            return statement
        conditions = edit(dict(statement["Condition"]))
        kept = {name: value for name, value in statement.items() if name != "Condition"}
        return {**kept, "Condition": conditions} if conditions else kept

    if not isinstance(policy, Mapping) or not statements(policy):
        return policy
    edited = [made(statement) for statement in statements(policy)]
    return {**policy, "Statement": edited[0] if isinstance(policy["Statement"], Mapping) else edited}
