"""Conditions of a trust policy on the request to STS itself, whose values no token and no reading shows.

Source: IAM user guide, "AWS global condition context keys" and "IAM and AWS STS condition context keys".
"""

from __future__ import annotations

from collections.abc import Sequence

from app.flow.json_access import strings
from app.flow.policy.policy import Match
from app.flow.trust import TrustDecision

_OF_REQUEST = ("aws:", "sts:", "iam:")
"""How such keys begin; those that a token gives begin with its issuer."""
_OF_CALLER = frozenset(
    {
        *("aws:sourceip", "aws:sourcevpc", "aws:sourcevpcarn", "aws:sourcevpce", "aws:vpcsourceip"),
        *("aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"),
        *("aws:useragent", "aws:referer", "aws:requestedregion"),
        *("sts:rolesessionname", "sts:sourceidentity", "sts:durationseconds"),
    }
)
"""Keys, in lower case, whose value depends on who sends the request and from which network: two programs with the same
token may have different ones."""

_NEVER = frozenset({"sts:externalid", "aws:multifactorauthpresent", "aws:multifactorauthage", "aws:tokenissuetime"})
"""Keys, in lower case, that AssumeRoleWithWebIdentity never has. Its API has no such parameter, AssumeRole's does; and
it is sent unsigned, while only requests that temporary credentials have signed say how these were got."""
CURRENT_TIME = "aws:CurrentTime"
_OF_TIME = frozenset({CURRENT_TIME.lower(), "aws:epochtime"})


def is_key_of_request(key: str) -> bool:
    """Whether only the request to STS has a value for the condition key."""
    return key.lower().startswith(_OF_REQUEST) and key.lower() not in _NEVER


def is_of_request(entry: Match) -> bool:
    """Whether a condition asks for a key of the request to STS, such as `aws:SourceIp`, which no token shows."""
    return entry.element == "Condition" and entry.got is None and is_key_of_request(entry.key)


def is_of_caller(entry: Match) -> bool:
    """Whether a condition asks for what differs between callers that have the same token."""
    return is_of_request(entry) and entry.key.lower() in _OF_CALLER


def deciding(decision: TrustDecision) -> tuple[Match, ...]:
    """The conditions on the request on which a decision depends; none where it is the same whatever they come to.

    A statement applies, does not, or may. Nothing is decided by those that may only where an Allow that applies is
    beside no Deny that may, or where a Deny applies, or where no Allow may.
    """
    if any(entry.error for entry in decision.trace):
        return ()
    by_statement: dict[str | int, list[Match]] = {}
    for entry in decision.trace:
        by_statement.setdefault(entry.statement, []).append(entry)
    allowed, allows, denials = False, list[Match](), list[Match]()
    for entries in by_statement.values():
        open_ = [entry for entry in entries if is_open(entry)]
        if not all(entry.matched for entry in entries if entry not in open_):
            continue
        denies = entries[0].effect == "Deny"
        if not open_ and denies:
            return ()
        allowed = allowed or not (open_ or denies)
        (denials if denies else allows).extend(open_)
    if not (allowed or allows):
        return ()
    return tuple(denials if allowed else (*allows, *denials))


def of_time(trace: Sequence[Match]) -> tuple[Match, ...]:
    """The conditions on the time that are not met, where nothing else of the statement keeps the token out."""
    unmet = tuple(entry for entry in trace if not entry.matched)
    return unmet if all(entry.key.lower() in _OF_TIME for entry in unmet) else ()


def may_allow(decision: TrustDecision) -> bool:
    """Whether a decision allows, or would do so if the request met the conditions on it."""
    return decision.allowed or bool(deciding(decision))


def shown(entries: tuple[Match, ...]) -> list[str]:
    """Conditions in short: operator, key and values."""
    return [f"{entry.operator} {entry.key} {', '.join(strings(entry.wanted))}" for entry in entries]


def is_open(entry: Match) -> bool:
    """An absent key lets a negated condition, or one `IfExists`, match: of the caller's keys each is there in fact, or
    may be. Of the others only what keeps the token out is in question."""
    return is_of_caller(entry) or (is_of_request(entry) and entry.matched is (entry.effect == "Deny"))
