"""What the kubelet says of a Pod beside its documents: the state of its containers, and its events."""

from __future__ import annotations

from collections.abc import Sequence

from app.flow.json_access import get, get_list, get_object, get_str
from app.flow.model import JsonValue
from app.flow.webhook import VOLUME

FAILED_MOUNT = "FailedMount"
"""The event's reason."""


def never_started(pod: JsonValue) -> bool:
    """Whether every container still waits for its first start."""
    statuses = get_list(pod, "status", "containerStatuses")
    return bool(statuses) and all(
        get_object(it, "state", "waiting") and not get_str(it, "containerID") for it in statuses
    )


def exit_code(status: JsonValue) -> int | None:
    """How a container ended, the last time that it did; None while it runs for the first time."""
    for state in ("state", "lastState"):
        code = get(status, state, "terminated", "exitCode")
        if isinstance(code, int):
            return code
    return None


def runs(status: JsonValue) -> bool:
    """Whether a container runs now."""
    return isinstance(get(status, "state", "running"), dict)


def mount_failure(events: Sequence[JsonValue]) -> str:
    """The newest event by which the token's volume could not be mounted; empty where there is none."""
    failed = [
        event
        for event in events
        if get_str(event, "reason") == FAILED_MOUNT and f'"{VOLUME}"' in get_str(event, "message")
    ]
    newest = max(failed, key=lambda event: get_str(event, "lastTimestamp") or get_str(event, "eventTime"), default=None)
    return get_str(newest, "message")
