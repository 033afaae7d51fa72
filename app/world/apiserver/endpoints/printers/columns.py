"""The columns of `kubectl get`, kind by kind (`pkg/printers/internalversion/printers.go`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.flow.json_access import get
from app.flow.model import JsonObject, JsonValue


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column: its heading, and a function from an object and the world's time to the cell."""

    name: str
    cell: Callable[[JsonObject, float], JsonValue]
    type: str = "string"
    format: str = ""
    wide: bool = False
    """Shown with `-o wide` alone."""


def human_duration(seconds: float) -> str:
    """A time span as kubectl writes ages (`HumanDuration` in k8s.io/apimachinery `pkg/util/duration`)."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    whole = max(whole, 0)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86_400
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return f"{minutes}m{whole % 60}s" if whole % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    return f"{days // 365}y{days % 365}d" if days // 365 < 8 and days % 365 else f"{days // 365}y"


def since(timestamp: str | None, now: float) -> str:
    if not timestamp:
        return "<unknown>"
    return human_duration(now - datetime.fromisoformat(timestamp).timestamp())


def _name(body: JsonObject, now: float) -> str:
    return str(body["metadata"]["name"])


def _age(body: JsonObject, now: float) -> str:
    return since(body["metadata"].get("creationTimestamp"), now)


def or_none(*path: str) -> Callable[[JsonObject, float], JsonValue]:
    def cell(body: JsonObject, now: float) -> JsonValue:
        return get(body, *path) or "<none>"

    return cell


def _involved(event: JsonObject, now: float) -> str:
    involved = event.get("involvedObject", {})
    return f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"


def _source(event: JsonObject, now: float) -> str:
    source = event.get("source", {})
    return ", ".join(part for part in (source.get("component"), source.get("host")) if part)


def _data_count(body: JsonObject, now: float) -> int:
    return len(body.get("data", {})) + len(body.get("binaryData", {}))


NAME = Column(name="Name", cell=_name, format="name")
AGE = Column(name="Age", cell=_age)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "configmaps": (NAME, Column(name="Data", cell=_data_count, type="integer"), AGE),
    "events": (
        Column(name="Last Seen", cell=lambda event, now: since(event.get("lastTimestamp"), now)),
        Column(name="Type", cell=lambda event, now: event.get("type", "")),
        Column(name="Reason", cell=lambda event, now: event.get("reason", "")),
        Column(name="Object", cell=_involved),
        Column(
            name="Subobject", cell=lambda event, now: event.get("involvedObject", {}).get("fieldPath", ""), wide=True
        ),
        Column(name="Source", cell=_source, wide=True),
        Column(name="Message", cell=lambda event, now: event.get("message", "").strip()),
        Column(name="First Seen", cell=lambda event, now: since(event.get("firstTimestamp"), now), wide=True),
        Column(name="Count", cell=lambda event, now: event.get("count", 1), type="integer", wide=True),
        Column(name="Name", cell=_name, format="name", wide=True),
    ),
    "mutatingwebhookconfigurations": (
        NAME,
        Column(name="Webhooks", cell=lambda body, now: len(body.get("webhooks", [])), type="integer"),
        AGE,
    ),
    "namespaces": (NAME, Column(name="Status", cell=or_none("status", "phase")), AGE),
    "secrets": (
        NAME,
        Column(name="Type", cell=lambda body, now: body.get("type", "")),
        Column(name="Data", cell=_data_count, type="integer"),
        AGE,
    ),
    "serviceaccounts": (
        NAME,
        Column(name="Secrets", cell=lambda body, now: len(body.get("secrets", [])), type="integer"),
        AGE,
    ),
}
"""By the plural name."""
