"""What the Pod's own program got: how its containers ended, and the last error message of an AWS product in their logs.

Of a log only that message is kept. A log without such a message proves nothing; a program that ended well proves that
it works. A controller logs other lines between its attempts, so its message need not be the last line, but it comes
again. An error on the way to AWS may pass, so one that comes again among other lines decides nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.flow.errors import FlowError
from app.flow.json_access import get_list, get_object, get_str, unix_time, whole_number
from app.flow.model import NOT_OBSERVABLE, JsonValue, Walk
from app.flow.ports import Ports
from app.flow.steps import kubelet_status
from app.flow.steps.findings import Findings, unseen
from app.flow.verdict.connection_errors import may_pass
from app.flow.verdict.error_messages import (
    asks_instance,
    encoded_message,
    is_other_matter,
    knows_no_key,
    names_no_one,
)
from app.flow.verdict.log_sentences import comes_again, last_words, only_tries
from app.flow.verdict.refusals import COMES_AND_GOES, ENCODED, NAMES_NO_ONE, UNKNOWN_KEY

CHECK, SDK = "pod.application", "pod.sdk"
FAILED_IN = "failed_in"
"""The evidence: the container whose program failed."""
ASKED_INSTANCE = "asked_instance"
"""The evidence: what a program said that asked the instance's metadata for something else than credentials."""
OTHER_MATTER = "other_matter"
"""The reason of an error message of AWS that is not about who asks."""
FIRST_WEB_IDENTITY = (1, 16, 232)
"""The first release of the AWS CLI that knows web identity (EKS user guide, minimum SDK versions)."""
_A_MOMENT = 10
"""Seconds that a program takes at least to get to where it failed: the times in a status are whole seconds."""
_AWS_CLI = re.compile(r"(?:^|/)aws-cli(?::(?P<tag>[\w.-]+))?$")


@dataclass(frozen=True, kw_only=True)
class _Ended:
    """How one container stands."""

    got: str
    failed: bool = False
    words: str = ""
    """The last AWS error message in its log; where the log cannot be read, the server's error message."""
    reason: str = ""
    """The reason why it is unknown how the program fared; empty where that is known."""
    place: str = "log"
    """Where the words are from: `log` or `status`."""


def judge_application(findings: Findings, ports: Ports, walk: Walk, pod: JsonValue) -> tuple[str, str]:
    """Decides `pod.application`, and returns the product's error message where the program was refused, and the name of
    its container."""
    where = f"Pod {walk.subject.namespace}/{walk.subject.pod}"
    statuses = get_list(pod, "status", "containerStatuses")
    alone = len(statuses) == 1
    if not statuses or kubelet_status.never_started(pod):  # then a program has run at most in an init container
        statuses = [it for it in get_list(pod, "status", "initContainerStatuses") if kubelet_status.exit_code(it)]
        alone = False
    if not statuses:
        findings.unknown(CHECK, NOT_OBSERVABLE, where=f"{where} .status")
        return "", ""
    ended = [_ended(ports, walk, status, alone=alone) for status in statuses]
    if not any(it.failed for it in ended) and get_str(pod, "status", "phase") not in kubelet_status.ENDED:
        # A sidecar that does not fail says nothing of the Pod's program.
        beside = [(it, _ended(ports, walk, it, alone=False)) for it in kubelet_status.sidecars(pod)]
        statuses = [*statuses, *(it for it, one in beside if one.failed)]
        ended += [one for _, one in beside if one.failed]
    worst = next((it for it in ended if it.failed), None) or next((it for it in ended if it.reason), ended[0])
    container = get_str(statuses[ended.index(worst)], "name")
    where = f"{where} {container} {worst.place}"
    if worst.failed:
        findings.show(FAILED_IN, container)
    if asks_instance(worst.words):
        findings.show(ASKED_INSTANCE, worst.words)
    if worst.failed and (names_no_one(worst.words) or knows_no_key(worst.words)):
        unnamed = ENCODED if encoded_message(worst.words) else NAMES_NO_ONE
        reason = UNKNOWN_KEY if knows_no_key(worst.words) else unnamed
        findings.unknown(CHECK, reason, where=where, error=worst.words)
        return worst.words, container
    if worst.reason:
        findings.unknown(CHECK, worst.reason, where=where, error=worst.words)
        return "", ""
    findings.judge(CHECK, not worst.failed, got=worst.got, expected="exit 0", where=where, error=worst.words)
    return worst.words, container


def _ended(ports: Ports, walk: Walk, status: JsonValue, *, alone: bool) -> _Ended:
    """How a container stands. A program that ended well needs no log. An error message in the log of a program that
    runs counts only if nothing came after it, or if it comes again."""
    code = kubelet_status.exit_code(status)
    if code == 0 and not kubelet_status.runs(status):
        return _Ended(got="exit 0")
    try:
        container = "" if alone else get_str(status, "name")
        log = ports.cluster.pod_log(walk.subject.namespace, walk.subject.pod, container)
    except FlowError as error:
        if (words := _message(status)) and not is_other_matter(words):
            return _Ended(got=f"exit {code}", failed=True, words=words, place="status")
        return _Ended(got="", words=error.server_message, reason=unseen(error) or NOT_OBSERVABLE)
    words, after = last_words(log)
    if kubelet_status.runs(status) and not words and code and _may_end_again(status, ports.clock.now()):
        words, _ = last_words(_log_before(ports, walk, container))
    place = "log"
    if not words and (words := _message(status)):
        place = "status"
    if is_other_matter(words):
        return _Ended(got="", words=words, reason=OTHER_MATTER, place=place)
    if place == "status":
        return _Ended(got=f"exit {code}", failed=True, words=words, place=place)
    if not words or (kubelet_status.runs(status) and after and not comes_again(log)):
        return _Ended(got="", reason=NOT_OBSERVABLE)
    if kubelet_status.runs(status) and after and may_pass(words) and not only_tries(log):
        return _Ended(got="", words=words, reason=COMES_AND_GOES)
    return _Ended(got=f"exit {code}" if code else "running", failed=True, words=words)


def _message(status: JsonValue) -> str:
    """The last AWS error message in the message with which the container ended; empty for a program that runs.

    The kubelet writes that message into the status. It is the end of the log where the container asks for that
    (`terminationMessagePolicy: FallbackToLogsOnError`).
    """
    ends = (get_object(status, state, "terminated") for state in ("state", "lastState"))
    message = next((said for ended in ends if (said := get_str(ended, "message"))), "")
    return "" if kubelet_status.runs(status) else last_words(message)[0]


def _may_end_again(status: JsonValue, now: float) -> bool:
    """Whether the end of the previous process still says something about the present one.

    It does as long as the present process has not lived longer than the previous one did: it may end in the same way.
    """
    last = get_object(status, "lastState", "terminated")
    began, ended = unix_time(last, "startedAt"), unix_time(last, "finishedAt")
    started = unix_time(status, "state", "running", "startedAt")
    if began is None or ended is None or started is None:
        return False
    return now - started <= max(ended - began, _A_MOMENT)


def _log_before(ports: Ports, walk: Walk, container: str) -> str:
    """The log of the process before the present one; empty where the node no longer has that log."""
    try:
        return ports.cluster.pod_log(walk.subject.namespace, walk.subject.pod, container, previous=True)
    except FlowError:
        return ""


def judge_sdk(findings: Findings, pod: JsonValue, where: str) -> None:
    """Decides `pod.sdk` where the image is one of the AWS CLI's: the name of any other image does not show the SDK."""
    images = [get_str(box, "image") for box in get_list(pod, "spec", "containers")]
    known = [image for image in images if _AWS_CLI.search(image.partition("@")[0])]
    old = [image for image in known if _release(image) < FIRST_WEB_IDENTITY]
    where += " .spec.containers[].image"
    expected = f"aws-cli >= {'.'.join(map(str, FIRST_WEB_IDENTITY))}"
    if old or (known and len(known) == len(images)):
        findings.judge(SDK, not old, got=old or known, expected=expected, where=where)
    else:
        findings.unknown(SDK, NOT_OBSERVABLE, where=where, expected=expected)


def _release(image: str) -> tuple[int, ...]:
    """The release that a tag names. A tag that names none (`latest`, `2`) counts as the newest."""
    found = _AWS_CLI.search(image.partition("@")[0])
    parts = (found["tag"] or "").split(".") if found else []
    numbers = [number for part in parts if (number := whole_number(part)) is not None]
    return tuple(numbers) if len(numbers) == len(parts) == 3 else (999,)
