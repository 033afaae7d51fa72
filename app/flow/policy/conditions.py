"""The operators of a policy's `Condition` block, and when one line of it holds.

Source: IAM user guide, "Condition operators" and "Set operators for multivalued context keys".
"""

from __future__ import annotations

import base64
import ipaddress
import operator as compare
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, TypeAlias

from app.flow.policy.patterns import (
    Keys,
    Predicate,
    Values,
    compile_pieces,
    glob,
    least_length,
    literal,
    never,
    pieces,
    split_at_colons,
)

Prepare: TypeAlias = Callable[[str, Keys | None], Predicate]
"""Makes the test of one wanted value. Raises `ValueError` where the operator cannot read that value."""
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)", re.ASCII)
_ARN_PARTS = 6
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class UnreadableValue(ValueError):
    """A value in a policy is not of the kind that its operator compares: no number, date, boolean, address, base64."""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator as a policy names it: `ForAnyValue:StringNotLikeIfExists`."""

    set_operator: str
    """`ForAllValues`, `ForAnyValue` or none."""
    base: str
    if_exists: bool
    negated: bool
    prepare: Prepare


def _string_equals(wanted: str, variables: Keys | None) -> Predicate:
    text = literal(wanted, variables)
    return never if text is None else text.__eq__


def _string_equals_ignore_case(wanted: str, variables: Keys | None) -> Predicate:
    text = literal(wanted, variables)
    if text is None:
        return never
    lower = text.lower()
    return lambda got: got.lower() == lower


def _arn_like(wanted: str, variables: Keys | None) -> Predicate:
    """Part by part: a `*` does not reach over a colon, but in the last part. ArnEquals behaves like ArnLike."""
    least = least_length(wanted, variables)

    @cache
    def tests() -> list[Predicate]:
        found = pieces(wanted, variables, wildcards=True)
        parts = [] if found is None else split_at_colons(found, _ARN_PARTS)
        return [compile_pieces(part) for part in parts]

    def test(got: str) -> bool:
        values = got.split(":", _ARN_PARTS - 1)
        if len(got) < least or not len(values) == len(tests()) == _ARN_PARTS:
            return False
        return all(matches(value) for matches, value in zip(tests(), values, strict=True))

    return test


def _read_with(read: Callable[[str], Any], holds: Callable[[Any, Any], bool] = compare.eq) -> Prepare:
    """An operator on values that are read first. Such operators take no policy variables."""

    def prepare(wanted: str, _: Keys | None) -> Predicate:
        bound = read(wanted)

        def test(got: str) -> bool:
            try:
                value = read(got)
            except ValueError:
                return False
            return holds(value, bound)

        return test

    return prepare


def _ip_address(wanted: str, _: Keys | None) -> Predicate:
    network = ipaddress.ip_network(wanted, strict=False)

    def test(got: str) -> bool:
        try:
            return ipaddress.ip_address(got) in network
        except ValueError:
            return False

    return test


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError("not a number")
    return Decimal(text)


def _moment(text: str) -> Decimal:
    """Unix seconds of an ISO 8601 date (UTC where it names no zone) or of the seconds themselves."""
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    if re.fullmatch(r"\d{4}-\d\d", text, re.ASCII):
        text += "-01"
    moment = datetime.fromisoformat(text)
    since = (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment) - _EPOCH
    return since.days * 86400 + since.seconds + Decimal(since.microseconds) / 1_000_000


def _boolean(text: str) -> bool:
    lower = text.lower()
    if lower not in ("true", "false"):
        raise ValueError("not a boolean")
    return lower == "true"


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


_POSITIVE: dict[str, Prepare] = {
    "StringEquals": _string_equals,
    "StringEqualsIgnoreCase": _string_equals_ignore_case,
    "StringLike": glob,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _read_with(_boolean),
    "BinaryEquals": _read_with(_bytes),
    "IpAddress": _ip_address,
    "Null": _read_with(_boolean),
}
for _family, _read in (("Numeric", _number), ("Date", _moment)):
    _POSITIVE |= {
        f"{_family}Equals": _read_with(_read),
        f"{_family}LessThan": _read_with(_read, compare.lt),
        f"{_family}LessThanEquals": _read_with(_read, compare.le),
        f"{_family}GreaterThan": _read_with(_read, compare.gt),
        f"{_family}GreaterThanEquals": _read_with(_read, compare.ge),
    }
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}


@lru_cache(maxsize=256)
def parse_operator(name: str) -> Operator | None:
    """The operator of that name; `None` where IAM has none. Operator names are case-sensitive."""
    qualifier, colon, rest = name.rpartition(":")
    base = rest.removesuffix("IfExists")
    prepare = _POSITIVE.get(_NEGATED.get(base, base))
    if prepare is None or (colon and qualifier not in ("ForAllValues", "ForAnyValue")):
        return None
    if base == "Null" and name != "Null":
        return None
    return Operator(qualifier, base, rest != base, base in _NEGATED, prepare)


def holds(operator: Operator, wanted: Values, got: Values, variables: Keys | None) -> bool:
    """Whether the request's values `got` (none: the key is absent) satisfy an operator and the policy's values.

    Raises `UnreadableValue`.
    """
    try:
        tests = [operator.prepare(value, variables) for value in wanted]
    except ValueError as error:
        raise UnreadableValue(str(error)) from error
    # (1) Null asks for the key alone.
    if operator.base == "Null":
        return any(test("false" if got else "true") for test in tests)
    # (2) An absent key; to a set operator an empty text is one too.
    if not got or (operator.set_operator and not any(got)):
        if operator.if_exists or operator.set_operator == "ForAllValues":
            return True
        return operator.negated and not operator.set_operator
    # (3) The policy's values are ORed, and a negated operator wants none of them.
    hits = (any(test(value) for test in tests) for value in got)
    if operator.set_operator == "ForAllValues":
        return all(hit != operator.negated for hit in hits)
    if operator.set_operator == "ForAnyValue":
        return any(hit != operator.negated for hit in hits)
    return any(hits) != operator.negated
