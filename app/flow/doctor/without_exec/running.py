"""Whether the Pod runs, by its status and its last event. This comes before anything that a running container shows."""

from __future__ import annotations

from app.flow.doctor.evidence import evidence_of
from app.flow.errors import FlowError
from app.flow.json_access import get_list, get_object, get_str, unix_time
from app.flow.model import NOT_OBSERVABLE, JsonValue, Status, Walk
from app.flow.ports import Ports
from app.flow.steps import kubelet_status
from app.flow.steps.findings import Findings, unseen
from app.flow.steps.standstill import FAILED, INIT, SANDBOX, STARTING, VOLUME, standstill
from app.flow.verdict.log_sentences import last_words
from app.flow.verdict.refusals import RUNNING

EXPECTED, ENDED_WELL = "Running", "exit 0"
PATIENCE = 600
"""Seconds that a Pod may take to start, as long as nothing fails: the default of a Deployment's
`progressDeadlineSeconds`."""
_BEGINNINGS = ("PodScheduled", "PodReadyToStartContainers", "Ready")
"""The conditions whose last change is a beginning of the Pod's start (kubernetes.io, "Pod Lifecycle")."""
_BY_EVENT = {
    kubelet_status.FAILED_MOUNT: VOLUME,
    "FailedAttachVolume": VOLUME,
    "FailedCreatePodSandBox": SANDBOX,
}
"""What a Pod that is starting waits for, by the reason of its last event."""


def judge_running(findings: Findings, ports: Ports, walk: Walk, pod: JsonValue) -> None:
    """Decides `pod.running`. The events are asked for only where the status says that something does not run."""
    where = f"Pod {walk.subject.namespace}/{walk.subject.pod} .status"
    found = standstill(pod)
    if found is None:
        _runs(findings, pod, where)
        return

    # (1) What the kubelet and the scheduler report beside the status.
    event, refusal = None, None
    try:
        read = evidence_of(walk, "pod_events")  # the walk has read them for a Pod that never started
        events = ports.cluster.pod_events(walk.subject.namespace, walk.subject.pod) if read is None else read
        event = kubelet_status.newest_warning(kubelet_status.of_pod(events, pod))
    except FlowError as error:
        refusal = error
    said = "\n".join(filter(None, (found.message, refusal.server_message if refusal else kubelet_status.shown(event))))
    of_aws, _ = last_words(said)  # a volume may have its contents from AWS, by the Pod's own role

    # (2) The Pod is still starting, or something fails.
    kind = _BY_EVENT.get(get_str(event, "reason"), found.kind) if found.kind == STARTING else found.kind
    where = f"{where}.{found.field}"
    if found.waits and kind == found.kind and not _is_late(pod, found.container, ports.clock.now()):
        reason = (unseen(refusal) if refusal else "") or kind
        error_text = "\n".join(filter(None, (found.got, said)))
        findings.unknown(RUNNING, reason, where=where, error=error_text, expected=EXPECTED)
        return
    said = f"{of_aws}\n{said}" if of_aws else said
    expected = ENDED_WELL if kind in (INIT, FAILED) else EXPECTED
    findings.judge(RUNNING, False, got=found.got, expected=expected, where=where, error=said)
    findings.explain(RUNNING, Status.WARNING if found.partly else Status.FAILED, kind)


def _runs(findings: Findings, pod: JsonValue, where: str) -> None:
    """Passed where the containers run or have ended well; unknown where the status does not show it."""
    states = []
    for status in get_list(pod, "status", "containerStatuses"):
        if kubelet_status.runs(status):
            states.append(f"{get_str(status, 'name')}: running")
        elif kubelet_status.exit_code(status) == 0:
            states.append(f"{get_str(status, 'name')}: exit 0")
    if states or get_str(pod, "status", "phase") == "Succeeded":
        findings.judge(RUNNING, True, got=states or "Succeeded", expected=EXPECTED, where=where)
    else:
        findings.unknown(RUNNING, NOT_OBSERVABLE, where=where, expected=EXPECTED)


def _is_late(pod: JsonValue, container: str, now: float) -> bool:
    """Whether it has waited too long: since the Pod was created, got its node, or was no longer ready; since an init
    container was done; or since this container ended. An old Pod may be starting again."""
    conditions = [it for it in get_list(pod, "status", "conditions") if get_str(it, "type") in _BEGINNINGS]
    done = (get_object(it, "state", "terminated") for it in get_list(pod, "status", "initContainerStatuses"))
    ended = get_object(kubelet_status.status_of(pod, container), "lastState", "terminated")
    times = (
        unix_time(pod, "metadata", "creationTimestamp"),
        *(unix_time(it, "lastTransitionTime") for it in conditions),
        *(unix_time(it, "finishedAt") for it in (*(it for it in done if it.get("exitCode") == 0), ended)),
    )
    known = [time for time in times if time is not None]
    return bool(known) and now - max(known) > PATIENCE
