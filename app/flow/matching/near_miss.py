"""Two texts that should match and do not: the mistake that explains it, if it is one that people often make.

Sources of the mistakes: public reports of refused AssumeRoleWithWebIdentity calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import nlargest

from app.flow.matching.differences import Span, difference, likeness, shared
from app.flow.names import SUBJECT_PREFIX
from app.flow.policy.conditions import parse_operator
from app.flow.policy.patterns import glob
from app.flow.policy.policy import Match

_ALIKE = 0.6
"""From this likeness on, two texts are taken for one with a typing error in it."""
_ALIGNED = 5
"""Of many texts, those with the most characters in common are compared in their order."""
_SCHEME = "https://"


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One pair of texts that differ, and how."""

    code: str
    """The key of its words: `wildcard`, `case`, `space`, `namespace`, `scheme`, …; `other` where nothing is known."""
    spans: tuple[Span, ...]
    """What there is on the left, what it was compared with on the right."""


def of_values(got: str, wanted: Sequence[str]) -> Miss:
    """What parts a text from the one of `wanted` that comes nearest."""
    promising = nlargest(_ALIGNED, wanted, key=lambda value: shared(got, value))
    nearest = max(promising, key=lambda value: likeness(got, value), default="")
    return Miss(code=_code(got, nearest), spans=difference(got, nearest))


def _code(got: str, wanted: str) -> str:
    """The first mistake that explains it all, from the least of them on."""
    bare = wanted.strip()
    if not bare:
        return "empty"
    if bare == got:
        return "space"
    if bare.lower() == got.lower():
        return "case"
    if bare.rstrip("/") == got.rstrip("/"):
        return "slash"
    if bare.replace(_SCHEME, "") == got.replace(_SCHEME, ""):
        return "scheme"
    if ("*" in bare or "?" in bare) and glob(bare, None)(got):
        return "wildcard"
    if got.startswith(SUBJECT_PREFIX):
        return _subject_code(got, bare)
    if got.startswith("arn:"):
        return _arn_code(got, bare)
    return "similar" if likeness(got, bare) >= _ALIKE else "other"


def _subject_code(got: str, wanted: str) -> str:
    _, _, namespace, name = got.split(":", 3)[:4] if got.count(":") >= 3 else ("", "", "", "")
    if wanted.replace("/", ":") == f"{namespace}:{name}":
        return "prefix"
    parts = wanted.split(":")
    if not wanted.startswith(SUBJECT_PREFIX) or len(parts) != 4:
        return "similar" if likeness(got, wanted) >= _ALIKE else "other"
    if parts[3] == name:
        return "namespace"
    return "name" if parts[2] == namespace else "subject"


def _arn_code(got: str, wanted: str) -> str:
    if wanted == got.partition("/")[2]:
        return "not_an_arn"
    mine, theirs = got.split(":"), wanted.split(":")
    if len(mine) == len(theirs) and mine[5:] == theirs[5:]:
        return "account"
    host, other_host = (arn.partition("/")[2].partition("/")[0] for arn in (got, wanted))
    if host and host == other_host:
        return "issuer_id"
    return "similar" if likeness(got, wanted) >= _ALIKE else "other"


def of_condition(entry: Match, key: str) -> Miss:
    """Why a condition that should have looked at `key` did not hold."""
    # (1) The operator.
    operator = parse_operator(entry.operator)
    values = [entry.wanted] if isinstance(entry.wanted, str) else list(entry.wanted)
    got = entry.got if isinstance(entry.got, str) else next(iter(entry.got or ()), "")
    if entry.error:
        return Miss(code="operator" if operator is None else "unreadable", spans=())

    # (2) The key: a condition on another one finds nothing to compare, or the wrong thing.
    if entry.key.lower() != key.lower():
        return Miss(code=_key_code(entry.key, key), spans=difference(key, entry.key))
    if operator is not None and operator.negated:
        return Miss(code="negated", spans=difference(got, values[0] if values else ""))
    if operator is not None and operator.base.startswith("Arn"):
        return Miss(code="arn_operator", spans=difference(got, values[0] if values else ""))

    # (3) The value; the other claim's in this one's place is a mistake of the key.
    miss = of_values(got, values)
    is_subject = [value.startswith(SUBJECT_PREFIX) for value in values]
    if any(is_subject) and not got.startswith(SUBJECT_PREFIX) and not key.endswith(":sub"):
        return Miss(code="subject_under_aud", spans=miss.spans)
    if got.startswith(SUBJECT_PREFIX) and values and not any(is_subject) and miss.code == "other":
        return Miss(code="audience_under_sub", spans=miss.spans)
    return miss


def _key_code(found: str, key: str) -> str:
    if found.strip().lower() == key.lower():
        return "key_space"
    if found.lower().removeprefix(_SCHEME) == key.lower():
        return "key_scheme"
    if found.startswith("arn:"):
        return "key_arn"
    return "key_issuer"


def notes(entries: Iterable[Match]) -> tuple[str, ...]:
    """What is worth a word about conditions that are met: set operators, which are not meant for a single value."""
    found = (parse_operator(entry.operator) for entry in entries if entry.matched)
    return tuple(
        sorted({operator.set_operator for operator in found if operator is not None and operator.set_operator})
    )
