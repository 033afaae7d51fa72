"""What policies decide of a request that is known in part: certain only where nothing unknown can change it.

A statement applies, does not, or may: of the request's condition keys a few are known, and its resource only where one
is given. An absent key does not only fail a condition. It also meets a negated one, one `IfExists`, `ForAllValues` and
`Null`, so that a condition on an unknown key is open whether it matched or not. Source: IAM user guide, "Policy
evaluation logic" and "Condition operators".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from app.flow.json_access import strings
from app.flow.model import NOT_OBSERVABLE
from app.flow.policy.patterns import Keys, variable_names
from app.flow.policy.policy import Match, Reason

RESOURCE_NOT_GIVEN = "resource_not_given"
"""Why it stays open: the policies decide differently on different resources, and nothing says on which it is needed."""
_ABSENT = frozenset({"aws:username"})
"""Keys, in lower case, that a session of a role never has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a request."""

    keys: Keys
    resource_given: bool
    with_variables: Mapping[str, bool]
    """By the policy's name, whether `${…}` is a variable in it."""


def conclude(reason: Reason, trace: Sequence[Match], known: Known) -> tuple[Reason, str]:
    """What is decided, and why that is open: the key of the reason's words, empty where it is certain.

    `reason` and `trace` are the decision if each unknown key is absent; an open one stays as it is.
    """
    statements = [list(entries) for _, entries in groupby(trace, lambda it: (it.policy, it.statement))]
    # (1) The statements that apply, or may: why each may not, nothing where it does.
    applying = [
        (entries[0].effect, {why for entry in entries if (why := _unknown(entry, known))})
        for entries in statements
        if all(_may_match(entry, known) for entry in entries)
    ]
    allows = [whys for effect, whys in applying if effect == "Allow"]
    denials = [whys for effect, whys in applying if effect == "Deny"]
    allowed = not all(allows)

    # (2) What nothing unknown can change: a Deny that applies; no Allow that may; an Allow beside no Deny that may.
    if not all(denials):
        return ("explicit-deny" if reason == "explicit-deny" else "implicit-deny"), ""
    if not allows:
        return "implicit-deny", ""
    if allowed and not denials:
        return "allow", ""

    # (3) What depends on it. Where a statement depends on another key as well, to name the resource may still decide.
    deciding = denials if allowed else [*allows, *denials]
    return reason, NOT_OBSERVABLE if {NOT_OBSERVABLE} in deciding else RESOURCE_NOT_GIVEN


def _may_match(entry: Match, known: Known) -> bool:
    """What cannot be read, which IAM would not have stored, never helps to allow."""
    if entry.error:
        return entry.effect == "Deny"
    return entry.matched or bool(_unknown(entry, known))


def _unknown(entry: Match, known: Known) -> str:
    """Why the element may match or not; empty where that is certain."""
    if entry.error:
        return ""
    if entry.element == "Condition" and not _is_known(entry.key, known):
        return NOT_OBSERVABLE
    if entry.element in ("Condition", "Resource", "NotResource") and known.with_variables.get(entry.policy):
        names = [name for text in strings(entry.wanted) for name in variable_names(text)]
        if not all(_is_known(name, known) for name in names):
            return NOT_OBSERVABLE
    # What matches the widest resource matches any; of what does not, and of what excludes some, the resource decides.
    if (
        entry.element.endswith("Resource")
        and not known.resource_given
        and entry.matched is (entry.element != "Resource")
    ):
        return RESOURCE_NOT_GIVEN
    return ""


def _is_known(key: str, known: Known) -> bool:
    """Whether the key's value is known, or that it has none: a key of an identity provider that is not the session's
    own."""
    name = key.lower()
    return name in known.keys or name in _ABSENT or (_is_of_provider(name) and any(map(_is_of_provider, known.keys)))


def _is_of_provider(key: str) -> bool:
    """Such a key begins with the provider's host."""
    return "." in key.partition(":")[0]
