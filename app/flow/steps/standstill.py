"""Why a Pod does not run, by its status: which container, in which state, in the kubelet's own words.

Rules: Kubernetes' documentation, "Pod Lifecycle", "Init Containers" and "Sidecar Containers"; the reasons that the
kubelet writes (pkg/kubelet/images/types.go, pkg/kubelet/container/sync_result.go, pkg/kubelet/kuberuntime).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonValue
from app.flow.steps import kubelet_status

UNSCHEDULED, IMAGE, CREATION = "pod_unscheduled", "image_pull", "container_start"
VOLUME, SANDBOX, STARTING, INIT_RUNS = "volume_mount", "pod_sandbox", "pod_starting", "init_runs"
INIT, CRASH, FAILED, STOPPED = "init_failed", "crash_loop", "pod_failed", "pod_stopped"
"""The reasons of checks for what keeps a Pod from running."""
KINDS = (UNSCHEDULED, IMAGE, CREATION, VOLUME, SANDBOX, STARTING, INIT_RUNS, INIT, CRASH, FAILED, STOPPED)
PROGRAM_ENDED = (INIT, CRASH, FAILED)
"""The reasons with which a program of the Pod has run, and may have ended for want of credentials."""
_NO_IMAGE = (
    *("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"),
    *("ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"),
)
_BEING_MADE = ("", "ContainerCreating", "PodInitializing")
"""The reasons of a container that waits for what every container waits for: volumes, network, the container before
it."""
_NEVER_BEGAN = ("StartError", "ContainerCannotRun")
"""The reasons of a container whose process could not be started."""
CRASH_LOOP = "CrashLoopBackOff"


@dataclass(frozen=True, kw_only=True)
class Standstill:
    """What keeps a Pod, or one of its containers, from running."""

    kind: str
    container: str
    """Empty where it is about the whole Pod."""
    state: str
    """As the status has it: `ImagePullBackOff`, or `CrashLoopBackOff (Error, exit 1)`."""
    field: str
    """The place in the status, below `.status`."""
    message: str = ""
    """The message in the status."""
    waits: bool = False
    """Whether the Pod may only need more time: nothing in the status says that anything failed."""
    partly: bool = False
    """Whether another container of the Pod runs meanwhile."""

    @property
    def got(self) -> str:
        """The container and its state."""
        return f"{self.container}: {self.state}" if self.container else self.state


def standstill(pod: JsonValue) -> Standstill | None:
    """What keeps this Pod from running, by its status; None where its containers run or have ended well."""
    phase = get_str(pod, "status", "phase")
    if phase == "Succeeded":
        return None
    if phase == "Failed" and (reason := get_str(pod, "status", "reason")):
        message = get_str(pod, "status", "message")
        return Standstill(kind=STOPPED, container="", state=f"{phase}: {reason}", field="reason", message=message)
    statuses = get_list(pod, "status", "containerStatuses")
    if phase == "Pending" and not statuses and not get_str(pod, "spec", "nodeName"):
        return _unscheduled(pod)
    found = _first_init(pod) or _first_of(statuses, pod, "containerStatuses")
    if found is None and phase == "Failed":
        return Standstill(
            kind=FAILED, container="", state=phase, field="phase", message=get_str(pod, "status", "message")
        )
    if found is None and phase == "Pending":
        return Standstill(kind=STARTING, container="", state=phase, field="phase", waits=True)
    return found


def _unscheduled(pod: JsonValue) -> Standstill:
    conditions = get_list(pod, "status", "conditions")
    scheduled = next((it for it in conditions if get_str(it, "type") == "PodScheduled"), None)
    reason, message = get_str(scheduled, "reason"), get_str(scheduled, "message")
    if get_str(scheduled, "status") != "False":
        return Standstill(kind=STARTING, container="", state="Pending", field="phase", waits=True)
    return Standstill(kind=UNSCHEDULED, container="", state=f"Pending: {reason}", field="conditions", message=message)


def _first_init(pod: JsonValue) -> Standstill | None:
    """The first init container that is not done. A sidecar is done with its part as soon as it runs."""
    sidecars = {get_str(it, "name") for it in kubelet_status.sidecars(pod)}
    for status in get_list(pod, "status", "initContainerStatuses"):
        name = get_str(status, "name")
        if get(status, "state", "terminated", "exitCode") == 0 or (name in sidecars and kubelet_status.runs(status)):
            continue
        if kubelet_status.runs(status):
            since = get_str(status, "state", "running", "startedAt")
            state = f"running, {since}" if since else "running"
            return Standstill(
                kind=INIT_RUNS, container=name, state=state, field=f"initContainerStatuses[{name}]", waits=True
            )
        return _of_container(status, pod, "initContainerStatuses")
    return None


def _first_of(statuses: Sequence[JsonValue], pod: JsonValue, field: str) -> Standstill | None:
    """The first container that does not run. Containers with a reason come before those that are being created."""
    found = [it for status in statuses if (it := _of_container(status, pod, field)) is not None]
    worst = min(found, key=lambda it: it.waits, default=None)
    if worst is None:
        return None
    return replace(worst, partly=any(kubelet_status.runs(status) for status in statuses))


def _of_container(status: JsonValue, pod: JsonValue, field: str) -> Standstill | None:
    """What keeps one container from running; None where it runs, or has ended well."""
    name = get_str(status, "name")
    ended = get_object(status, "state", "terminated") or get_object(status, "lastState", "terminated")
    waiting = get_object(status, "state", "waiting")
    reason, code = get_str(waiting, "reason"), get(ended, "exitCode")
    if kubelet_status.runs(status) or (code == 0 and reason in ("", CRASH_LOOP)):
        return None
    message = get_str(waiting, "message")
    if reason in _NO_IMAGE:
        kind = IMAGE
    elif reason not in (*_BEING_MADE, CRASH_LOOP):
        kind = CREATION
    elif waiting and reason in _BEING_MADE and get_str(pod, "status", "phase") != "Failed":
        kind = STARTING  # how it ended before, such as with its node, says nothing about what it waits for now
    elif ended:
        how = ", ".join(filter(None, (get_str(ended, "reason"), f"exit {code}" if isinstance(code, int) else "")))
        kind = CREATION if get_str(ended, "reason") in _NEVER_BEGAN else _of_program(pod, field, reason)
        reason = f"{reason} ({how})" if reason else how
        message = get_str(ended, "message") or message
    else:
        return None
    return Standstill(
        kind=kind,
        container=name,
        state=reason or "waiting",
        field=f"{field}[{name}]",
        message=message,
        waits=kind == STARTING,
    )


def _of_program(pod: JsonValue, field: str, waiting: str) -> str:
    """The reason for a program that has ended badly, by whether the kubelet starts it again."""
    if field == "initContainerStatuses":
        return INIT
    again = waiting == CRASH_LOOP or get_str(pod, "status", "phase") != "Failed"
    return CRASH if again and get_str(pod, "spec", "restartPolicy") != "Never" else FAILED
