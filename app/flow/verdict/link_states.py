"""The state of every part of the chain after a walk: what broke, where that appears, and what was reached or not.

Everything that draws or describes the chain uses this function. It follows the verdict (`judge`), so picture and words
cannot disagree about the guilty link.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from app.flow.model import HOLDS, Check, Exchange, Status, Step, Walk
from app.flow.verdict.blame import guilty_part
from app.flow.verdict.check_dependencies import in_order
from app.flow.verdict.judge import Outcome, Verdict, judge
from app.flow.verdict.links import LINKS, PARTIES, Link, Party


class State(StrEnum):
    """How one part stands."""

    PASSED = "passed"
    FAILED = "failed"
    """The cause lies in this part, by the verdict alone."""
    SYMPTOM = "symptom"
    """The part was reached, and a break elsewhere appears here."""
    NOT_REACHED = "not_reached"
    UNKNOWN = "unknown"
    """The part could not be seen, or only in part."""


class Keys(StrEnum):
    """Where STS had the issuer's public keys from."""

    FETCHED = "fetched"
    KEPT = "kept"
    """From an earlier fetch: STS sent no request to the issuer in this walk."""
    UNHEARD = "unheard"
    """Unknown: the servers do not let us listen, or STS did not get so far."""


@dataclass(frozen=True, kw_only=True)
class PartState:
    """How a party stands."""

    id: str
    state: State
    check: Check | None = None
    """The failed check that makes the party guilty; None for every other party."""


@dataclass(frozen=True, kw_only=True)
class LinkState(PartState):
    """How a link stands."""

    step: Step


@dataclass(frozen=True, kw_only=True)
class ChainState:
    """Every part of the chain, in the order of `links.PARTIES` and `links.LINKS`."""

    parties: tuple[PartState, ...]
    links: tuple[LinkState, ...]
    verdict: Verdict

    @property
    def parts(self) -> tuple[PartState, ...]:
        """All parties, then all links."""
        return (*self.parties, *self.links)

    @property
    def guilty(self) -> tuple[PartState, ...]:
        """The parts where it is broken: the one of the verdict first, then those that are broken by causes of their
        own."""
        first = self.verdict.check
        return tuple(sorted((it for it in self.parts if it.check), key=lambda it: it.check is not first))

    @property
    def broken(self) -> bool:
        """Whether the chain is broken anywhere."""
        return self.verdict.outcome is Outcome.BROKEN

    def link(self, link_id: str) -> LinkState:
        """The link of that id. Raises `KeyError` where there is none."""
        for link in self.links:
            if link.id == link_id:
                return link
        raise KeyError(link_id)

    def step(self, step: Step, walk: Walk) -> Status:
        """How a step stands for the Pod's own program, which may not get as far as our own requests in `walk`."""
        seen = self.verdict.seen.step if self.verdict.seen else None
        if not self.broken or walk.report(step).status not in HOLDS:
            return walk.report(step).status
        if step in (self.verdict.step, seen):
            return Status.FAILED
        own = [link.state for link in self.links if link.step is step]
        return Status.NOT_REACHED if State.NOT_REACHED in own and State.PASSED not in own else walk.report(step).status


_SHOWS = {Step.TOKEN_MOUNT: "mount", Step.STS_ASSUME: "assume", Step.ACCESS: "call"}
"""The link at which a break appears, by the step of `Verdict.seen`."""
_OWN_NAMES = {"kube-apiserver": "api_server"}
"""What an exchange calls a party, where that is not its id."""
_PARTS: Mapping[str, Party | Link] = {part.id: part for part in (*PARTIES, *LINKS)}


def chain_state(walk: Walk, also: Sequence[Check] = (), *, for_pods: bool = False) -> ChainState:
    """The state of every part. `also` are the doctor's checks of a running Pod, and `for_pods` is as for `judge`."""
    verdict = judge(walk, also, for_pods=for_pods)
    by_id = {check.id: check for _, check in in_order(walk, also)}
    exchanges = {link.id: _exchanges(link, walk) for link in LINKS}

    # (1) Where it is broken, and where that appears.
    guilty: dict[str, Check] = {}
    if verdict.outcome is Outcome.BROKEN and verdict.step and verdict.check:
        for step, check in ((verdict.step, verdict.check), *verdict.later):
            guilty.setdefault(guilty_part(step, check, exchanges), check)
    seen = verdict.seen.step if guilty and verdict.seen else None
    shows = [name for link in LINKS if seen and link.id == _SHOWS.get(seen) for name in (link.id, link.head)]

    # (2) The state of a part follows from its own checks, or where it has none from its links.
    states: dict[str, State] = {}
    for part in _PARTS.values():
        if part.id in guilty:
            states[part.id] = State.FAILED
        elif part.id in shows or (isinstance(part, Link) and _in_vain(part, exchanges[part.id])):
            states[part.id] = State.SYMPTOM
        elif after_any(part.id, guilty):
            states[part.id] = State.NOT_REACHED
        elif part.checks:
            states[part.id] = _by_checks(part, by_id, exchanges.get(part.id, ()))
    for party in PARTIES:
        if party.id not in states:
            states[party.id] = _by_links([states[it.id] for it in LINKS if party.id in (it.tail, it.head)])
    return ChainState(
        parties=tuple(PartState(id=it.id, state=states[it.id], check=guilty.get(it.id)) for it in PARTIES),
        links=tuple(LinkState(id=it.id, step=it.step, state=states[it.id], check=guilty.get(it.id)) for it in LINKS),
        verdict=verdict,
    )


def key_source(walk: Walk) -> Keys:
    """Where STS had the public keys from, by the requests between the servers in this walk."""
    if not any(exchange.caller != "explorer" for report in walk for exchange in report.exchanges):
        return Keys.UNHEARD
    theirs = walk.report(Step.STS_ASSUME).exchanges
    return Keys.FETCHED if any(it.caller == "sts" and it.callee == "issuer" for it in theirs) else Keys.KEPT


@cache
def before(part_id: str) -> frozenset[str]:
    """Every part that has to come before this one."""
    needs = _PARTS[part_id].needs
    return frozenset(needs).union(*(before(need) for need in needs))


def after_any(part_id: str, others: Mapping[str, Check]) -> bool:
    """Whether one of the others has to come before that part."""
    return not before(part_id).isdisjoint(others)


def _by_checks(part: Party | Link, by_id: Mapping[str, Check], exchanges: Sequence[Exchange]) -> State:
    """The state of a part by its checks. One that fails here is not the verdict's, so its failure follows from another
    one: the chain did not get here."""
    own = [by_id[check_id].status for check_id in part.checks if check_id in by_id]
    heard = any(exchange.caller != "explorer" and exchange.succeeded for exchange in exchanges)
    if isinstance(part, Link) and part.heard_is_enough and heard:
        return State.PASSED
    if not own:
        return State.UNKNOWN
    if Status.FAILED in own or own[0] is Status.NOT_REACHED:
        return State.UNKNOWN if heard else State.NOT_REACHED
    if Status.UNKNOWN in own or Status.NOT_REACHED in own:
        return State.UNKNOWN
    return State.PASSED


def _by_links(states: Sequence[State]) -> State:
    order = (State.PASSED, State.SYMPTOM, State.UNKNOWN)
    return next((state for state in order if state in states), State.NOT_REACHED)


def _exchanges(link: Link, walk: Walk) -> tuple[Exchange, ...]:
    return tuple(it for it in walk.report(link.step).exchanges if link.call and link.call.matches(it))


def _in_vain(link: Link, exchanges: Sequence[Exchange]) -> bool:
    """Whether the link's own party sent requests, and none of them succeeded."""
    asked = [it for it in exchanges if _OWN_NAMES.get(it.caller, it.caller) == link.tail]
    return bool(asked) and not any(it.succeeded for it in asked)
