"""The columns of `kubectl get pods` (`printPod` in `pkg/printers/internalversion/printers.go` of Kubernetes 1.33)."""

from __future__ import annotations

from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonObject
from app.world.apiserver.controllers.owned import has_ended
from app.world.apiserver.endpoints.printers.columns import AGE, NAME, Column, or_none, since


def _sidecars(pod: JsonObject) -> set[str]:
    """The init containers that run as long as the Pod."""
    boxes = get_list(pod, "spec", "initContainers")
    return {get_str(box, "name") for box in boxes if get_str(box, "restartPolicy") == "Always"}


def _initialization(pod: JsonObject) -> tuple[str, list[JsonObject]]:
    """STATUS by the first init container that is not done, empty where all are; and the statuses up to that one."""
    statuses, sidecars = get_list(pod, "status", "initContainerStatuses"), _sidecars(pod)
    for index, status in enumerate(statuses):
        ended, waits = get_object(status, "state", "terminated"), get_str(status, "state", "waiting", "reason")
        if ended.get("exitCode") == 0 or (get_str(status, "name") in sidecars and status.get("started")):
            continue
        number = f"{index}/{len(get_list(pod, 'spec', 'initContainers'))}"
        why = _how(ended) if ended else waits if waits not in ("", "PodInitializing") else number
        return f"Init:{why}", statuses[: index + 1]
    return "", statuses


def _how(ended: JsonObject) -> str:
    return str(ended.get("reason") or f"ExitCode:{ended.get('exitCode', 0)}")


def _is(pod: JsonObject, condition: str) -> bool:
    conditions = get_list(pod, "status", "conditions")
    return any((get_str(it, "type"), get_str(it, "status")) == (condition, "True") for it in conditions)


def _counted(pod: JsonObject) -> tuple[list[JsonObject], list[JsonObject]]:
    """The statuses of init containers that count, and those of containers: none before the Pod is initialized."""
    why, statuses = _initialization(pod)
    if why and not _is(pod, "Initialized"):
        return statuses, []
    sidecars = _sidecars(pod)
    return [it for it in statuses if get_str(it, "name") in sidecars], get_list(pod, "status", "containerStatuses")


def _status(pod: JsonObject, now: float) -> str:
    phase = get_str(pod, "status", "phase")
    if pod["metadata"].get("deletionTimestamp") and not has_ended(pod):
        return "Terminating"
    gated = any(get_str(it, "reason") == "SchedulingGated" for it in get_list(pod, "status", "conditions"))
    why = "SchedulingGated" if gated else get_str(pod, "status", "reason") or phase or "Unknown"
    reason = _initialization(pod)[0] or why
    runs = False
    for status in reversed(_counted(pod)[1]):
        if waits := get_str(status, "state", "waiting", "reason"):
            reason = waits
        elif ended := get_object(status, "state", "terminated"):
            reason = _how(ended)
        elif status.get("ready"):
            runs = True
    if reason == "Completed" and runs:
        return "Running" if _is(pod, "Ready") else "NotReady"
    return reason


def _ready(pod: JsonObject, now: float) -> str:
    initial, statuses = _counted(pod)
    sidecars = _sidecars(pod)
    lasting = [*(it for it in initial if get_str(it, "name") in sidecars), *statuses]
    ready = [it for it in lasting if it.get("ready") and get(it, "state", "running") is not None]
    return f"{len(ready)}/{len(get_list(pod, 'spec', 'containers')) + len(sidecars)}"


def _restarts(pod: JsonObject, now: float) -> str:
    """How often, and since when the last process of those that were started again had ended."""
    initial, statuses = _counted(pod)
    counted = [*initial, *statuses]
    count = sum(it.get("restartCount", 0) for it in counted)
    last = max((get_str(it, "lastState", "terminated", "finishedAt") for it in counted), default="")
    return f"{count} ({since(last, now)} ago)" if count and last else str(count)


COLUMNS: dict[str, tuple[Column, ...]] = {
    "pods": (
        NAME,
        Column(name="Ready", cell=_ready),
        Column(name="Status", cell=_status),
        Column(name="Restarts", cell=_restarts),
        AGE,
        Column(name="IP", cell=or_none("status", "podIP"), wide=True),
        Column(name="Node", cell=or_none("spec", "nodeName"), wide=True),
        Column(name="Nominated Node", cell=or_none("status", "nominatedNodeName"), wide=True),
        Column(name="Readiness Gates", cell=lambda pod, now: "<none>", wide=True),
    ),
}
