"""What a walk comes to: whether IRSA works, which link is broken first, and what that link's break looks like.

There is one verdict, for pages, doctor and command line: on a walk alone, or with what the doctor adds to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.flow.model import NO_ACTION, Check, Status, Step, Walk
from app.flow.verdict.check_dependencies import PLACES, in_order, roots
from app.flow.verdict.error_messages import blames_surroundings, lies_in, shows_in
from app.flow.verdict.refusals import ANSWER, APPLICATION, Reading, convicting, read_refusal


class Outcome(StrEnum):
    """The answer to the one question."""

    WORKS = "works"
    """STS issued credentials for this token, and nothing that was checked is broken."""
    BROKEN = "broken"
    UNKNOWN = "unknown"
    """Nothing is known to be broken, and nothing shows that it works."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How the break looks to the person who runs the Pod: seldom in the step where its cause lies."""

    step: Step
    """Where it shows."""
    text: str
    """The product's own words, letter by letter."""
    where: str
    """What printed or answered them."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a walk comes to."""

    outcome: Outcome
    status: Status
    step: Step | None = None
    """Where the first broken link lies, or else what keeps the answer open."""
    check: Check | None = None
    """That link."""
    seen: Seen | None = None
    """What the Pod's own program got, if that is known, else what our own request got; None where no server refused."""
    later: tuple[tuple[Step, Check], ...] = ()
    """Also broken, further down, by a cause of its own: not reached as long as the first one is."""
    refusal: str = ""
    """Which of `REFUSALS` STS gave; empty where it gave none, or one that we do not know."""
    remaining: tuple[str, ...] = ()
    """The causes that the refusal leaves: the one that was found, or all that nothing rules out."""
    ruled_out: tuple[str, ...] = ()
    """The causes that the refusal could have meant and the evidence excludes."""
    open: tuple[Check, ...] = ()
    """What the chain needs and could not be checked."""


def judge(walk: Walk, also: Sequence[Check] = ()) -> Verdict:
    """The verdict on a walk, and on the checks of a running Pod where there are some.

    What could not be read does not matter once STS has issued credentials for the Pod's token. What the role may do is
    a link of the chain as far as something shows that the Pod needs it.
    """
    checks = list(in_order(walk, also))
    by_id = {check.id: check for _, check in checks}
    open_ = tuple(
        check
        for _, check in checks
        if check.status in (Status.UNKNOWN, Status.NOT_REACHED) and check.id not in PLACES and check.reason != NO_ACTION
    )

    # (1) The first broken link.
    reading = read_refusal(by_id)
    if broken := _broken(checks, by_id, reading):
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
        )

    # (2) Nothing is broken: it works if it has been seen to work.
    if _proven(walk, by_id):
        warned = next(((step, check) for step, check in checks if check.status is Status.WARNING), None)
        if warned is None:
            return Verdict(outcome=Outcome.WORKS, status=Status.PASSED, open=open_)
        return Verdict(outcome=Outcome.WORKS, status=Status.WARNING, step=warned[0], check=warned[1], open=open_)

    # (3) Else what stands in the way: first what could not be read, then what the reader has not asked for.
    undecided = [(step, check) for step, check in checks if check in open_]
    asked = [found for found in undecided if found[1].status is Status.UNKNOWN and found[1].reason != "not_asked"]
    first = next(iter(asked or undecided), None)
    if first is None:
        return Verdict(outcome=Outcome.UNKNOWN, status=Status.UNKNOWN)
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


def _minded(by_id: Mapping[str, Check], reading: Reading) -> tuple[Step, Check] | None:
    """The one remaining cause that STS reports, where no check fails for it, or only warns."""
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
    """The words of the Pod's program first, then those that our own requests got, from the token's file on."""
    application = by_id.get(APPLICATION)
    if application is not None and application.status is Status.FAILED and application.error:
        return Seen(step=shows_in(application.error), text=application.error, where=application.where)
    candidates = (
        (Step.TOKEN_MOUNT, by_id.get("token.file")),
        (Step.STS_ASSUME, by_id.get(ANSWER)),
        (Step.ACCESS, by_id.get("access.identity")),
        (Step.ACCESS, by_id.get("access.list_buckets")),
        (step, named),
    )
    return next(
        (
            Seen(step=shown, text=check.error, where=check.where)
            for shown, check in candidates
            if check is not None and check.status is Status.FAILED and check.error
        ),
        None,
    )


def _proven(walk: Walk, by_id: Mapping[str, Check]) -> bool:
    """STS issued credentials; for the Pod's own token, where there is a Pod."""

    def passed(check_id: str) -> bool:
        return check_id in by_id and by_id[check_id].status is Status.PASSED

    return passed(ANSWER) and (passed("token.file") or not walk.subject.pod)
