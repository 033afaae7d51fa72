"""What the kubelet reports of a Pod: the state of its containers, and its events."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonValue
from app.flow.webhook import VOLUME

ENDED = ("Succeeded", "Failed")
"""The phases in which no container will run again (kubernetes.io, "Pod Lifecycle")."""
FAILED_MOUNT = "FailedMount"
"""The event's reason."""
_REASON_ALONE = re.compile(r"Error: \w+")
"""Matches an event that only repeats the reason in the container's status: `Error: ImagePullBackOff`."""
_NO_PROGRAM = re.compile(
    r"^(?:(?>.*?executable file ).*not found in \$PATH|(?>.*?exec: ).* no such file or directory)", re.MULTILINE
)
"""Matches the message of runc and crun for a program that the image does not have."""


def never_started(pod: JsonValue) -> bool:
    """Whether every container still waits for its first start."""
    statuses = get_list(pod, "status", "containerStatuses")
    return bool(statuses) and all(
        get_object(it, "state", "waiting") and not get_str(it, "containerID") for it in statuses
    )


def pod_runs(pod: JsonValue) -> bool:
    """Whether a Pod runs and is not being deleted."""
    return get_str(pod, "status", "phase") == "Running" and get(pod, "metadata", "deletionTimestamp") is None


def exit_code(status: JsonValue) -> int | None:
    """The exit code of a container's last end; None while it runs for the first time."""
    for state in ("state", "lastState"):
        code = get(status, state, "terminated", "exitCode")
        if isinstance(code, int):
            return code
    return None


def runs(status: JsonValue) -> bool:
    """Whether a container runs now."""
    return isinstance(get(status, "state", "running"), dict)


def status_of(pod: JsonValue, container: str) -> JsonValue:
    """The status of a container of that name, which may be an init container that stays (a sidecar); None where there
    is none."""
    statuses = (*get_list(pod, "status", "containerStatuses"), *get_list(pod, "status", "initContainerStatuses"))
    return next((it for it in statuses if get_str(it, "name") == container), None)


def sidecars(pod: JsonValue) -> list[JsonValue]:
    """The statuses of the init containers that stay (kubernetes.io, "Sidecar Containers")."""
    boxes = get_list(pod, "spec", "initContainers")
    names = [get_str(box, "name") for box in boxes if get_str(box, "restartPolicy") == "Always"]
    return [it for it in get_list(pod, "status", "initContainerStatuses") if get_str(it, "name") in names]


def lacks_program(said: str) -> bool:
    """Whether a container runtime refused an exec because the image does not have the program."""
    return _NO_PROGRAM.search(said) is not None


def of_pod(events: Sequence[JsonValue], pod: JsonValue) -> list[JsonValue]:
    """The events of this Pod. A previous Pod of the same name had another UID."""
    uid = get_str(pod, "metadata", "uid")
    return [event for event in events if get_str(event, "involvedObject", "uid") in ("", uid)]


def newest_warning(events: Sequence[JsonValue]) -> JsonValue:
    """The newest event that warns and says more than a container's status; None where none warns."""
    warnings = [event for event in events if get_str(event, "type") == "Warning"]
    telling = [event for event in warnings if not _REASON_ALONE.fullmatch(get_str(event, "message"))]
    return max(telling or warnings, key=_time_of, default=None)


def shown(event: JsonValue) -> str:
    """An event in its own words; empty where there is none."""
    reason, message = get_str(event, "reason"), get_str(event, "message")
    return f"{reason}: {message}" if reason else message


def mount_failure(events: Sequence[JsonValue]) -> str:
    """The newest event by which the token's volume could not be mounted; empty where there is none."""
    failed = [
        event
        for event in events
        if get_str(event, "reason") == FAILED_MOUNT and f'"{VOLUME}"' in get_str(event, "message")
    ]
    return get_str(max(failed, key=_time_of, default=None), "message")


def _time_of(event: JsonValue) -> str:
    return get_str(event, "lastTimestamp") or get_str(event, "eventTime")
