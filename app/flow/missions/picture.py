"""A mission as a picture: the chain of one ServiceAccount as it is, and what has to become of each part of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from app.flow.film.ghosts import ghosts
from app.flow.missions.judging import Result
from app.flow.missions.mission import Permission, PodLog
from app.flow.model import HOLDS, Check, Status, Step
from app.flow.verdict.link_states import ChainState, State
from app.flow.verdict.links import LINKS, PARTIES

Kind = Literal["service_account", "role", "session"]


class Change(StrEnum):
    """What has to become of something."""

    STAYS = "stays"
    """It is there, and has to be."""
    COMES = "comes"
    """It has to be there, and is not."""
    WRONG = "wrong"
    """It is there, and has to be another."""
    GOES = "goes"
    """It is there, and must not be."""
    ABSENT = "absent"
    """It is not there, and must not be."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A ServiceAccount, a role or a session that a mission is about, with its goals."""

    kind: Kind
    who: str
    results: tuple[Result, ...]

    @property
    def is_wanted(self) -> bool:
        """Whether anything has to be possible; else all of it must not be."""
        return any(map(_wanted, self.results))

    @property
    def is_reached(self) -> bool:
        """Whether all of these goals are."""
        return all(it.reached for it in self.results)

    @property
    def change(self) -> Change:
        """What has to become of all that this part may do, taken together."""
        return _together({_change(it) for it in self.results})


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The chain of a ServiceAccount as a walk found it."""

    state: ChainState
    checks: Mapping[str, Check]
    role_checks: Mapping[str, Check]
    """The checks of the role by which a goal has to be reached, as if the annotation pointed to it (`build.role`)."""
    is_other_role: bool
    """Whether the annotation points to another role than that one."""
    is_other_audience: bool
    """Whether a second annotation asks for tokens of an audience of its own."""
    has_pod: bool

    @property
    def missing(self) -> frozenset[str]:
        """The parties that do not exist, and the links that are not as they have to be (`film.ghosts`)."""
        found = ghosts(self.state, self.checks, self.role_checks)
        if self.has_pod:
            return found
        return found | {"pod"} | _AT_POD


@dataclass(frozen=True, kw_only=True)
class Picture:
    """Parties and links by id; what is in neither is there, and the mission is not about it."""

    ghosts: frozenset[str]
    """What is not there."""
    changes: Mapping[str, Change]

    @property
    def outcome(self) -> Picture:
        """What exists and what the goals' requests got, without the causes: for a reader who has yet to find them."""
        parties = {party.id for party in PARTIES}
        at_pod = _AT_POD if "pod" in self.ghosts else frozenset[str]()
        return Picture(
            ghosts=self.ghosts & (parties | _OUTCOMES | at_pod),
            changes={name: change for name, change in self.changes.items() if name in _OUTCOMES},
        )


_AT_POD = frozenset(link.id for link in LINKS if "pod" in (link.tail, link.head))
"""They begin or end at the Pod, so they are not there without it."""
_OUTCOMES = frozenset({"assume", "call", "instance_metadata", "fallback", "thief", "thief_s3"})
"""Parties and links that show what was asked for and got."""
_CHANGES = {
    (True, True): Change.STAYS,
    (False, True): Change.COMES,
    (True, False): Change.GOES,
    (False, False): Change.ABSENT,
}
"""By whether it is there now, and whether it has to be."""
NODE_ROLE = "${node_role}"
"""How a mission writes the role of the node."""
_BY_POD = (Step.WEBHOOK, Step.TOKEN_MOUNT)
"""What happens only where a Pod is made."""
_OF_TRUST = frozenset({"trust.provider", "trust.action", "trust.subject"})
_OF_AUDIENCE = frozenset({"provider.audience", "trust.audience"})
"""They fail as well where a ServiceAccount asks for an audience that neither provider nor policy has."""
_CREDENTIALS = ("allowed", "refused")
"""What was got where STS gave credentials."""


def parts(results: Sequence[Result]) -> tuple[Part, ...]:
    """All that the goals are about, in their order."""
    found: dict[tuple[Kind, str], list[Result]] = {}
    for result in results:
        found.setdefault(_who(result), []).append(result)
    return tuple(Part(kind=kind, who=who, results=tuple(own)) for (kind, who), own in found.items())


def picture(drawn: Part, others: Sequence[Part], chain: Chain) -> Picture:
    """The chain of `drawn`, a ServiceAccount; and of the `others` the node's role, and sessions that are to end."""
    missing = chain.missing
    changes = _of_chain(drawn, chain, missing) if drawn.is_wanted else _of_stranger(drawn)
    for other in others:
        if other.kind == "session" and not other.is_wanted:
            changes |= {"thief": Change.STAYS, "thief_s3": other.change}
        elif other.kind == "role" and other.who == NODE_ROLE:
            changes |= {"instance_metadata": Change.STAYS, "fallback": other.change}
    there = {name for name, change in changes.items() if change in (Change.STAYS, Change.WRONG, Change.GOES)}
    if drawn.change is Change.GOES:  # it has this permission by a role that no annotation points to
        there |= {"role", "policy"}
    return Picture(ghosts=missing - there, changes=changes)


def _of_chain(drawn: Part, chain: Chain, missing: frozenset[str]) -> dict[str, Change]:
    goals = [it.goal for it in drawn.results]
    makes_pod = chain.has_pod or not all(isinstance(goal, Permission) for goal in goals)
    changes = {}
    for party in PARTIES:
        if party.id != "pod" or makes_pod:
            failed = next(it.state for it in chain.state.parties if it.id == party.id) is State.FAILED
            absent = Change.COMES if party.id in missing else Change.STAYS
            changes[party.id] = Change.WRONG if failed and party.id not in missing else absent
    for link in LINKS:
        if link.step in _BY_POD and not makes_pod:
            continue
        failed = chain.state.link(link.id).state is State.FAILED and missing.isdisjoint((link.tail, link.head))
        absent = Change.COMES if link.id in missing else Change.STAYS
        changes[link.id] = Change.WRONG if failed else absent
    return changes | _documents(chain, missing) | _reached(drawn, changes, makes_pod=makes_pod)


def _documents(chain: Chain, missing: frozenset[str]) -> dict[str, Change]:
    """Annotation and trust policy: whether each is missing, or says something else than it has to."""
    known = {
        **chain.checks,
        **{key: it for key, it in chain.role_checks.items() if key.startswith(("role.", "trust."))},
    }
    found = {}
    annotated = chain.checks["service_account.annotation"].status in HOLDS
    leads_nowhere = chain.is_other_role or ("annotation" in missing and "service_account" not in missing)
    if not annotated:
        found["annotation"] = Change.COMES
    elif leads_nowhere:
        found |= {"annotation": Change.WRONG, "role": Change.STAYS if chain.is_other_role else Change.WRONG}
    failing = {key for key, it in known.items() if it.status is Status.FAILED}
    if chain.is_other_audience and failing & _OF_AUDIENCE and not failing & _OF_TRUST:
        found |= {"annotation": Change.WRONG, "provider": Change.STAYS, "policy": Change.STAYS}
    elif failing & (_OF_TRUST | {"trust.audience", "trust.decision"}) and "role" not in missing:
        found["policy"] = Change.WRONG
    elif (
        chain.is_other_role and known["role.exists"].status is Status.UNKNOWN
    ):  # the role is in an account that the walk cannot read
        found["policy"] = Change.STAYS
    return found


def _reached(drawn: Part, changes: Mapping[str, Change], *, makes_pod: bool) -> dict[str, Change]:
    """What STS, S3 and the logs of the Pods answered, where that says more than the checks."""
    found = {}
    asked = [it for it in drawn.results if isinstance(it.goal, Permission)]
    if not makes_pod:
        assumed = any(it.got in _CREDENTIALS for it in asked if _wanted(it))
        found["assume"] = Change.STAYS if assumed else Change.COMES
    if asked and (not makes_pod or changes["call"] is Change.STAYS):
        found["call"] = _together({_change(it) for it in asked})
    silent = any(isinstance(it.goal, PodLog) and not it.reached for it in drawn.results)
    if silent and changes["pod"] is Change.STAYS:
        found["pod"] = Change.WRONG
    return found


def _of_stranger(drawn: Part) -> dict[str, Change]:
    """The changes for a ServiceAccount that must not get anything."""
    return {"assume": drawn.change, "call": drawn.change}


def _together(changes: set[Change]) -> Change:
    if Change.GOES in changes:
        return Change.WRONG if changes & {Change.STAYS, Change.COMES} else Change.GOES
    order = (Change.COMES, Change.STAYS)
    return next((change for change in order if change in changes), Change.ABSENT)


def _change(result: Result) -> Change:
    wanted = _wanted(result)
    return _CHANGES[result.reached is wanted, wanted]


def _wanted(result: Result) -> bool:
    return result.goal.wanted if isinstance(result.goal, Permission) else True


def _who(result: Result) -> tuple[Kind, str]:
    goal = result.goal
    if not isinstance(goal, Permission) or goal.service_account:
        return "service_account", goal.service_account
    return ("session", goal.session) if goal.session else ("role", goal.role)
