"""What a fix leads to, as far as it is known before the fix runs: that IRSA works, or what is broken next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.flow.doctor.prediction.copied import Copy
from app.flow.doctor.prediction.dry_run import NOT_STORED
from app.flow.doctor.prediction.effects import STORED
from app.flow.doctor.prediction.new_pod import ADMITTED, REFUSED
from app.flow.json_access import get_str
from app.flow.model import HOLDS, NO_ACTION, Check, JsonValue, Status, Step, Walk
from app.flow.port_wrappers.consent import NOT_ASKED
from app.flow.steps import access
from app.flow.steps.mutation import DRY_RUN
from app.flow.steps.standstill import CREATION, IMAGE, PROGRAM_ENDED, UNSCHEDULED
from app.flow.verdict.check_dependencies import SENT, in_order
from app.flow.verdict.judge import REFUSED_LATELY, Outcome, Verdict, judge
from app.flow.verdict.refusals import ANSWER, APPLICATION, GRANTED, RUNNING


class Open(StrEnum):
    """What is not known before the fix runs, beside single checks."""

    STS = "sts"
    """STS's response."""
    PROGRAM = "program"
    """The result of the Pod's program."""


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a fix leads to."""

    outcome: Outcome
    """WORKS: nothing is broken any more, and STS has issued credentials for a token with the same claims. SHOULD_WORK:
    nothing that can be known beforehand is broken any more. UNKNOWN: nothing is known to be broken any more, but
    something that reading decides was not read. BROKEN: another link is broken, or still the same one."""
    step: Step | None = None
    """Where the next broken link lies, or the next warning."""
    check: Check | None = None
    """The check that fails or warns there; None where there is none."""
    server_message: str = ""
    """The API server's message where it refused something in a dry run; else empty, because on the copy no server
    answers."""
    refused: str = ""
    """The object that the fix changes, where the API server refused the change in a dry run; else empty."""
    accepted: tuple[str, ...] = ()
    """The objects that the API server accepted in a dry run: the object that the fix changes, its Pod."""
    holds: tuple[Step, ...] = ()
    """The steps that have no failed or open check on the copy."""
    open: tuple[Open, ...] = ()
    unknown: tuple[Check, ...] = ()
    """The checks of the chain that cannot be made on the copy, those about the new Pod that are open, and those that
    failed by causes of their own and have not been decided again."""


_NOTHING_TO_WORK_OUT = (APPLICATION, ANSWER, REFUSED_LATELY)
"""The checks of what a program or STS did: only a new run or request decides them."""
_OF_A_RUN = frozenset({APPLICATION, GRANTED, "pod.request", "pod.token_used"})
"""The checks of what the program did. They stay as they are until the program runs again."""
_OPEN = (Status.UNKNOWN, Status.NOT_REACHED)
_STAYS = (UNSCHEDULED, IMAGE, CREATION)
"""The reasons that keep a Pod from running, and every other Pod of the same manifest as well."""


def predict(
    copy: Copy, made: Walk, also: Sequence[Check], *, cause: Check, later: Sequence[Check]
) -> Prediction | None:
    """What a fix leads to, by `made`, the walk through the copy after the fix, and `also`, the checks that the doctor
    adds.

    `cause`: the check that was fixed; `later`: those that failed beside it by causes of their own. None where the fix
    does no more than try again, because its result cannot be worked out; and where the copy is the same as before,
    because the fix then does something that the copy does not know.
    """
    # (1) What the API server refuses in a dry run is known for certain.
    if (refused := copy.documents.get(NOT_STORED)) is not None:
        return Prediction(
            outcome=Outcome.BROKEN,
            step=next((it for it, check in in_order(made, also) if check.id == cause.id), None),
            check=cause,
            server_message=get_str(refused, "message"),
            refused=get_str(refused, "object"),
        )
    if (refused := copy.documents.get(REFUSED)) is not None:
        return Prediction(
            outcome=Outcome.BROKEN,
            step=Step.WEBHOOK,
            check=_not_admitted(refused),
            server_message=get_str(refused, "message"),
        )

    # (2) Else the checks on the copy say it. Nothing is said where they only repeat what was known before the fix.
    checks = tuple(_kept(check, copy) for check in also)
    judged = judge(made, checks)
    is_broken = judged.outcome is Outcome.BROKEN
    by_id = {check.id: check for check in (*made.checks, *checks)}
    if not is_broken and not copy.changed and cause.id in _NOTHING_TO_WORK_OUT:
        return None
    same = judged.check is not None and (judged.check.id, judged.check.got) == (cause.id, cause.got)
    if same and STORED not in copy.documents:  # a dry run shows what the fix does, even so
        return None
    objects = (get_str(copy.documents.get(STORED), "object"), "Pod" if ADMITTED in copy.documents else "")
    accepted = tuple(filter(None, objects))
    holds = tuple(report.step for report in made if report.status in HOLDS)
    if is_broken:
        return Prediction(
            outcome=Outcome.BROKEN,
            step=judged.step,
            check=judged.check,
            accepted=accepted,
            holds=holds,
            unknown=_unread(judged),
        )

    # (3) Nothing is broken. Left open: what only STS and the program can answer, and what the copy lacks.
    answered = by_id[ANSWER].status in HOLDS and not copy.assumed
    open_ = [] if answered else [Open.STS]
    if copy.waits and by_id[APPLICATION].status is Status.UNKNOWN:
        open_.append(Open.PROGRAM)
    doubts = _doubts(copy, by_id)
    unknown = [it for it in judged.open if it.status is Status.UNKNOWN and it.id not in (ANSWER, *access.CHECKS)]
    for check_id in (access.POLICY, access.LISTING):
        decided = by_id[check_id].status in (*HOLDS, Status.FAILED)
        if not decided and by_id[check_id].reason != NO_ACTION and copy.check(check_id).reason != NOT_ASKED:
            unknown.append(by_id[check_id])
    step, check = _warning(made, checks)
    left = [by_id[it.id] for it in later if it.id not in _NOTHING_TO_WORK_OUT]
    unknown += [it for it in left if it.status in _OPEN and it not in (*doubts, *unknown)]
    return Prediction(
        outcome=_outcome(judged, certain=answered and not doubts),
        step=step,
        check=check,
        accepted=accepted,
        holds=holds,
        open=tuple(open_),
        unknown=(*doubts, *unknown),
    )


def _outcome(judged: Verdict, *, certain: bool) -> Outcome:
    """What a verdict without a broken link on the copy says of the cluster after the fix."""
    if judged.outcome is Outcome.WORKS:
        return Outcome.WORKS if certain else Outcome.SHOULD_WORK
    return Outcome.UNKNOWN if _unread(judged) else Outcome.SHOULD_WORK


def _unread(judged: Verdict) -> tuple[Check, ...]:
    """The checks that reading decides and that were not read: any of them may fail first."""
    sent = (*SENT, access.POLICY)
    return tuple(check for check in judged.open if check.status is Status.UNKNOWN and check.id not in sent)


def _starts(copy: Copy) -> bool:
    """Whether the kubelet starts a Pod after the fix, or may now start the one that waits; or starts a program again
    that has ended badly."""
    again = copy.waits and copy.check(RUNNING).reason in PROGRAM_ENDED
    return copy.renewed or again or "service_account" in copy.changed


def _doubts(copy: Copy, by_id: Mapping[str, Check]) -> tuple[Check, ...]:
    """What is open about a new Pod: whether it runs where the Pod before did not, and whether the webhook is called
    where nothing shows that."""
    called = not copy.renewed or copy.passed("webhook.reachable") or ADMITTED in copy.documents
    running, reachable = by_id[RUNNING], by_id["webhook.reachable"]
    return tuple(
        replace(check, status=Status.UNKNOWN)
        for check, doubted in (
            (running, _starts(copy) and running.status is Status.UNKNOWN),
            (reachable, not called),
        )
        if doubted and check.status is not Status.FAILED
    )


def _warning(made: Walk, checks: Sequence[Check]) -> tuple[Step | None, Check | None]:
    """The warning to name: a recent refusal of STS, or else the first warning."""
    warned = [found for found in in_order(made, checks) if found[1].status is Status.WARNING]
    return min(warned, key=lambda found: found[1].id != REFUSED_LATELY, default=(None, None))


def _not_admitted(refused: JsonValue) -> Check:
    """A failed check: the API server refuses the Pod that the fix makes."""
    return Check(
        id="webhook.dry_run", status=Status.FAILED, got=get_str(refused, "code"), expected="Pod", where=DRY_RUN
    )


def _kept(check: Check, copy: Copy) -> Check:
    """The check as it was made before the fix, where the copy cannot make it again and the Pod stays as it is."""
    before = copy.check(check.id)
    if check.id == RUNNING and _starts(copy) and before.status not in (Status.PASSED, Status.NOT_REACHED):
        return before if before.reason in _STAYS else replace(check, status=Status.UNKNOWN, reason=NOT_ASKED)
    stays = not copy.waits if check.id in _OF_A_RUN else not copy.renewed
    return before if stays and check.status is Status.UNKNOWN else check
