"""What kubelet tells of a Pod beside its documents: the state of its containers, and its events."""

from __future__ import annotations

from collections.abc import Sequence

from app.flow.documents import dig, items, mapping, text
from app.flow.model import JsonValue
from app.flow.webhook import VOLUME

FAILED_MOUNT = "FailedMount"
"""The event's reason."""


def never_started(pod: JsonValue) -> bool:
    """Whether every container still waits for its first start."""
    statuses = items(pod, "status", "containerStatuses")
    return bool(statuses) and all(mapping(it, "state", "waiting") and not text(it, "containerID") for it in statuses)


def exit_code(status: JsonValue) -> int | None:
    """How a container ended, the last time that it did; None while it runs for the first time."""
    for state in ("state", "lastState"):
        code = dig(status, state, "terminated", "exitCode")
        if isinstance(code, int):
            return code
    return None


def runs(status: JsonValue) -> bool:
    """Whether a container runs now."""
    return isinstance(dig(status, "state", "running"), dict)


def mount_failure(events: Sequence[JsonValue]) -> str:
    """The newest event by which the token's volume could not be mounted; empty where there is none."""
    failed = [
        event for event in events if text(event, "reason") == FAILED_MOUNT and f'"{VOLUME}"' in text(event, "message")
    ]
    newest = max(failed, key=lambda event: text(event, "lastTimestamp") or text(event, "eventTime"), default=None)
    return text(newest, "message")
