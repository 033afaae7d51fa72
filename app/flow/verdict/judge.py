"""The verdict on a walk: whether IRSA works, which link is broken first, and how the break appears.

There is one verdict, for pages, doctor and command line: on a walk alone, or with what the doctor adds to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.flow.model import HOLDS, NO_ACTION, Check, Status, Step, Walk
from app.flow.port_wrappers.consent import NOT_ASKED
from app.flow.steps.findings import BY_HAND, NO_POD
from app.flow.steps.standstill import PROGRAM_ENDED
from app.flow.steps.sts_assume import OWN_REQUEST
from app.flow.steps.webhook import LATER
from app.flow.verdict.check_dependencies import PLACES, in_order, roots
from app.flow.verdict.connection_errors import blames_surroundings
from app.flow.verdict.error_messages import lies_in, shows_in
from app.flow.verdict.proof import PODS, is_proven, is_unlisted, waits_for
from app.flow.verdict.refusals import ANSWER, APPLICATION, LEAVES_OPEN, RUNNING, Reading, convicting, read_refusal

REFUSED_LATELY = "sts.recent_failures"
_NEEDLESS = (NO_ACTION, BY_HAND)
"""The reasons of checks of something that this Pod does not need, as far as anything shows."""


class Outcome(StrEnum):
    """The answer to the question whether IRSA works."""

    WORKS = "works"
    """STS issued credentials for this token, or to this ServiceAccount since the Pod started (CloudTrail), and nothing
    that was checked is broken."""
    SHOULD_WORK = "should_work"
    """All that can be read was read and is right; what is open has to be sent, or cannot be seen from outside
    (`proof.waits_for`)."""
    BROKEN = "broken"
    UNKNOWN = "unknown"
    """Nothing is known to be broken, and nothing shows that it works."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How the break appears to the person who runs the Pod: seldom in the step where its cause lies."""

    step: Step
    """The step at which it appears."""
    text: str
    """The product's error message, exactly."""
    where: str
    """The log or the server that the message is from."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether IRSA works, and what is broken or open."""

    outcome: Outcome
    status: Status
    step: Step | None = None
    """The step of the first broken link, or of the check that keeps the answer open."""
    check: Check | None = None
    """The check that fails there, or that keeps the answer open; where IRSA works, the one that warns; None where all
    is well."""
    seen: Seen | None = None
    """What the Pod's own program got, if that is known, else what our own request got; None where no server refused."""
    later: tuple[tuple[Step, Check], ...] = ()
    """The checks that fail after the first one by causes of their own. IRSA reaches them once the first one is
    fixed."""
    refusal: str = ""
    """Which of `REFUSALS` STS responded with; empty where it did not refuse, or in a way that we do not know."""
    remaining: tuple[str, ...] = ()
    """The possible causes of the refusal: the one that was found, or all that no check rules out."""
    ruled_out: tuple[str, ...] = ()
    """The causes that the refusal may have in general, and that a check rules out here."""
    open: tuple[Check, ...] = ()
    """The checks that the chain needs and that could not be made."""
    warning: tuple[Step, Check] | None = None
    """The warning to show where IRSA should work; where it works, `check` is the warning."""
    in_pod_alone: bool = False
    """Whether only checks of the Pod, which the doctor adds, fail, while the six steps succeed and will for the next
    Pod."""

    @property
    def key(self) -> str:
        """The key of its sentence below `verdict`."""
        own = self.outcome if self.outcome is Outcome.SHOULD_WORK else self.status
        return "failed_in_pod_alone" if self.in_pod_alone else own


def judge(walk: Walk, also: Sequence[Check] = (), *, for_pods: bool = False) -> Verdict:
    """The verdict on a walk, and on the checks of a running Pod where there are some.

    `for_pods`: whether the question is about the Pods of a workload, which has none now: that STS accepts a token of
    its ServiceAccount is then no proof.

    What could not be read, but for the Pod itself, does not matter once STS has issued credentials for the Pod's token.
    What the role may do is a link of the chain as far as something shows that the Pod needs it.

    Without credentials from STS it *should work* where all of this is true:

    - The walk looked at all six steps, and no check failed: neither its own nor those of the running Pod.
    - Every check that reading alone decides has passed, or has a warning. So there is a Pod, we could read it, and the
      webhook has edited it. `access.policy` is among them only where something shows what the Pod needs.
    - What is open waits for something that has to be sent (`SENT`: the dry run, the token, STS, the session), and it
      is open because it was not asked for, because we may not send it, or because a token of another kind stands in.
      A server that did not answer leaves it unknown.

    It should also work where STS took a token that we requested, and no one can read the Pod's own (no program in its
    image shows files, say).

    A program that was refused, and maybe not by AWS, leaves open whether IRSA is the cause, also where it has ended. A
    refusal that CloudTrail remembers is named before any other warning: STS may refuse for a reason that we cannot
    read.
    """
    checks = list(in_order(walk, also))
    by_id = {check.id: check for _, check in checks}
    open_ = tuple(
        check
        for _, check in checks
        if check.status in (Status.UNKNOWN, Status.NOT_REACHED)
        and check.id not in PLACES
        and check.reason not in _NEEDLESS
    )

    # (1) The first broken link.
    reading = read_refusal(by_id)
    denied = by_id.get(APPLICATION)
    unnamed = denied if denied is not None and denied.reason in LEAVES_OPEN else None
    broken = _broken(checks, by_id, reading)
    if broken and not (unnamed and all(_has_ended(check) for _, check in broken)):
        (step, check), *later = broken
        return Verdict(
            outcome=Outcome.BROKEN,
            status=Status.FAILED,
            step=step,
            check=check,
            seen=_seen(check, step, by_id),
            later=tuple(later),
            refusal=reading.refusal,
            remaining=tuple(cause.id for cause in reading.remaining),
            ruled_out=tuple(cause.id for cause in reading.ruled_out),
            open=open_,
            in_pod_alone=_is_in_pod_alone(walk, broken),
        )

    if unnamed:
        return Verdict(
            outcome=Outcome.UNKNOWN, status=unnamed.status, step=lies_in(unnamed.error), check=unnamed, open=open_
        )

    # (2) Nothing is broken: it works if it has been seen to work.
    warned = _warned(checks)
    if is_proven(walk, by_id, for_pods=for_pods):
        if not warned:
            return Verdict(outcome=Outcome.WORKS, status=Status.PASSED, open=open_)
        step, check = warned[0]
        return Verdict(outcome=Outcome.WORKS, status=Status.WARNING, step=step, check=check, open=open_)

    # (3) Else what stands in the way: first what could not be read, then what the reader has not asked for.
    undecided = [(step, check) for step, check in checks if check in open_]
    if waits := waits_for(walk, by_id, undecided):
        return Verdict(
            outcome=Outcome.SHOULD_WORK,
            status=Status.UNKNOWN,
            step=waits[0],
            check=waits[1],
            open=open_,
            warning=min(warned, key=lambda found: found[1].id != REFUSED_LATELY, default=None),
        )
    asked = [found for found in undecided if found[1].status is Status.UNKNOWN and found[1].reason != NOT_ASKED]
    ours = [found for found in asked if found[1].reason == OWN_REQUEST]
    first = next(iter(ours or asked or undecided), None)
    if first is None:
        return Verdict(outcome=Outcome.UNKNOWN, status=Status.UNKNOWN)
    if first[1].reason == NO_POD and is_unlisted(by_id):
        first = (PLACES[PODS], by_id[PODS])  # no Pod was examined because we could not list them
    return Verdict(outcome=Outcome.UNKNOWN, status=first[1].status, step=first[0], check=first[1], open=open_)


def _broken(
    checks: Sequence[tuple[Step, Check]], by_id: Mapping[str, Check], reading: Reading
) -> list[tuple[Step, Check]]:
    """The broken links with causes of their own, each in the step where its cause lies, the first one first."""
    failed = [found for found in checks if found[1].status is Status.FAILED]
    located = [_located(step, check, by_id, reading) for step, check in roots(failed)]
    if (minded := _minded(by_id, reading)) and minded not in located:
        located.append(minded)
    order = list(Step)
    return sorted(located, key=lambda found: order.index(found[0]))


def _has_ended(check: Check) -> bool:
    """Whether the check says only that the program has ended, which follows from the program's error."""
    return check.id == RUNNING and check.reason in PROGRAM_ENDED


def _is_in_pod_alone(walk: Walk, broken: Sequence[tuple[Step, Check]]) -> bool:
    whole = {report.step for report in walk} == set(Step) and all(report.status in HOLDS for report in walk)
    later = any(check.reason in LATER for check in walk.checks)
    return whole and not later and all(check.id.startswith("pod.") for _, check in broken)


def _warned(checks: Sequence[tuple[Step, Check]]) -> list[tuple[Step, Check]]:
    """The warnings. Of those about the next Pod, only the ones that are no consequence of another such warning."""
    found = [it for it in checks if it[1].status is Status.WARNING]
    of_next = [it for it in found if it[1].reason in LATER]
    causes = roots(of_next)
    return [*causes, *(it for it in found if it not in of_next)]


def _minded(by_id: Mapping[str, Check], reading: Reading) -> tuple[Step, Check] | None:
    """The step of the only remaining cause, with the warning that proves it, or with STS's refusal where no check can
    see that cause; else None."""
    if len(reading.remaining) != 1:
        return None
    (cause,) = reading.remaining
    check, wanted = (convicting(cause, by_id), Status.WARNING) if cause.checks else (by_id.get(ANSWER), Status.FAILED)
    return (cause.step, check) if check is not None and check.status is wanted else None


def _located(step: Step, check: Check, by_id: Mapping[str, Check], reading: Reading) -> tuple[Step, Check]:
    """STS's refusal is a symptom. The verdict points at the earliest step where a remaining cause can be.

    A problem that kept the Pod's program from asking STS is separate from a refusal that our own request got.
    """
    if check.id not in (ANSWER, APPLICATION):
        refused = (cause.step for cause in reading.remaining if check.id in cause.checks)
        return next(refused, step) if step is Step.STS_ASSUME else step, check
    if check.id == APPLICATION and blames_surroundings(check.error):
        return lies_in(check.error), check
    if len(reading.remaining) == 1 and (found := convicting(reading.remaining[0], by_id)):
        check = found
    shown_in = step if check.id != APPLICATION else lies_in(check.error)
    return reading.step or shown_in, check


def _seen(named: Check, step: Step, by_id: Mapping[str, Check]) -> Seen | None:
    """The error message that the Pod's program got, else the one that our own requests got, from the token's file
    on."""
    application = by_id.get(APPLICATION)
    if application is not None and application.status is Status.FAILED and application.error:
        return Seen(step=shows_in(application.error), text=application.error, where=application.where)
    candidates = (
        (Step.TOKEN_MOUNT, by_id.get("token.file")),
        (Step.STS_ASSUME, by_id.get(ANSWER)),
        (Step.ACCESS, by_id.get("access.identity")),
        (Step.ACCESS, by_id.get("access.list_buckets")),
        *(() if named.id == RUNNING else ((step, named),)),  # a Pod that does not run has no error message of a program
    )
    return next(
        (
            Seen(step=shown, text=check.error, where=check.where)
            for shown, check in candidates
            if check is not None and check.status is Status.FAILED and check.error
        ),
        None,
    )
