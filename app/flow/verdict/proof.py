"""What shows that IRSA works, or should work: which token STS accepted, and what was not sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.flow.model import NOT_OBSERVABLE, Check, Status, Step, Walk
from app.flow.port_wrappers.consent import NOT_ASKED
from app.flow.port_wrappers.permissions_needed import need
from app.flow.steps.findings import BY_HAND, NO_PERMISSION
from app.flow.steps.token_fetch import NO_PROGRAM, NOT_RUNNING
from app.flow.steps.webhook import NEXT_POD
from app.flow.verdict.check_dependencies import SENT
from app.flow.verdict.refusals import ANSWER, GRANTED, RUNNING

PODS = "pod.siblings"
_NOT_SENT = (NOT_ASKED, "stand_in")


def is_proven(walk: Walk, by_id: Mapping[str, Check], *, for_pods: bool) -> bool:
    """Whether STS has issued credentials: to us, for the Pod's own token, or for any token of the ServiceAccount where
    no Pod is examined and none was asked about (`for_pods`); or to a program of the ServiceAccount, while this Pod,
    which the webhook has edited, runs."""
    podless = not walk.subject.pod and not for_pods and not is_unlisted(by_id)
    if _passed(by_id, ANSWER) and (podless or _passed(by_id, "token.file", "pod.exists")):
        return True
    return _passed(by_id, GRANTED, RUNNING) and _is_equipped(by_id)


def is_unlisted(by_id: Mapping[str, Check]) -> bool:
    """Whether the Pods of the ServiceAccount could not be listed."""
    return PODS in by_id and by_id[PODS].status is Status.UNKNOWN


def waits_for(
    walk: Walk, by_id: Mapping[str, Check], undecided: Sequence[tuple[Step, Check]]
) -> tuple[Step, Check] | None:
    """The check that waits for something that has to be sent, where all that can be read is right; else None."""
    if _no_more_can_be_read(by_id):
        return Step.TOKEN_MOUNT, by_id["token.file"]
    if _only_sending_is_open(walk, [check for _, check in undecided]):
        return next(found for found in undecided if _was_not_sent(found[1]))
    return None


def _only_sending_is_open(walk: Walk, open_: Sequence[Check]) -> bool:
    """Whether every open check waits for something that was not sent. No check has failed at this point.

    Without a registration of the webhook there is no selector to check, but that matters only to the next Pod.
    """
    whole = {report.step for report in walk} == set(Step)
    registered = walk.report(Step.WEBHOOK).check("webhook.registered") if whole else None
    without = {"access.policy", *(("webhook.selector",) if registered and registered.reason == NEXT_POD else ())}
    waiting = [check for check in open_ if check.id not in without]
    return (
        whole
        and all(check.id in SENT for check in waiting)
        and any(map(_was_not_sent, waiting))
        and all(check.status is Status.NOT_REACHED or _was_not_sent(check) for check in waiting)
    )


def _was_not_sent(check: Check) -> bool:
    """Whether a check is open because the request for it was not to be sent, or we may not send it."""
    forbidden = check.reason == NO_PERMISSION and need(check.id).action is not None
    return check.id in SENT and (check.reason in _NOT_SENT or forbidden)


def _no_more_can_be_read(by_id: Mapping[str, Check]) -> bool:
    """Whether reading more is impossible and all that was read is right: STS accepted a token that we requested for
    this Pod, which the webhook has edited and which runs or has ended well, while its own token cannot be read from
    outside, or not by us."""
    file = by_id.get("token.file")
    hidden = file is not None and file.reason in (NO_PROGRAM, NOT_RUNNING, NO_PERMISSION, NOT_OBSERVABLE)
    return hidden and _passed(by_id, ANSWER, RUNNING) and _is_equipped(by_id)


def _is_equipped(by_id: Mapping[str, Check]) -> bool:
    """Whether the Pod has what an SDK looks for: by the webhook, or by its manifest (`pod.volume`)."""
    by_hand = "pod.injected" in by_id and by_id["pod.injected"].reason == BY_HAND
    return _passed(by_id, "pod.volume") if by_hand else _passed(by_id, "pod.injected")


def _passed(by_id: Mapping[str, Check], *check_ids: str) -> bool:
    return all(it in by_id and by_id[it].status is Status.PASSED for it in check_ids)
