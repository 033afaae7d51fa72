"""Events as client-go records them (`tools/record`): the same event again raises its count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.times import timestamp

if TYPE_CHECKING:
    from app.world.apiserver.storage.state import ClusterState


def _nanoseconds(cluster: ClusterState) -> int:
    """The time in a new event's name, in nanoseconds: a list has the events of an object in the order of their names.
    Events of the same microsecond differ by the resource version."""
    return int(cluster.clock.now() * 1e6) * 1000 + cluster.changes.next_version % 1000


def record_event(
    cluster: ClusterState,
    *,
    involved: JsonObject,
    reason: str,
    message: str,
    type: str,
    component: str,
    host: str = "",
    field_path: str = "",
) -> None:
    """Records an event about the object `involved`, or about the part of it that `field_path` names."""
    metadata = involved["metadata"]
    namespace = metadata.get("namespace") or "default"
    now = timestamp(cluster.clock.now())
    for stored in cluster.scan("events", namespace):
        event = stored.object
        about = event.get("involvedObject") or {}
        same = (about.get("uid"), about.get("fieldPath", "")) == (metadata["uid"], field_path)
        if same and (event.get("reason"), event.get("message")) == (reason, message):
            cluster.put("events", {**event, "count": event.get("count", 1) + 1, "lastTimestamp": now})
            return
    reference = {
        "kind": involved["kind"],
        "namespace": namespace,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "apiVersion": involved["apiVersion"],
        "resourceVersion": metadata["resourceVersion"],
    } | ({"fieldPath": field_path} if field_path else {})
    cluster.put(
        "events",
        {
            "metadata": {"name": f"{metadata['name']}.{_nanoseconds(cluster):x}", "namespace": namespace},
            "involvedObject": reference,
            "reason": reason,
            "message": message,
            "source": {"component": component} | ({"host": host} if host else {}),
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
            "type": type,
            "eventTime": None,
            "reportingComponent": component,
            "reportingInstance": host,
        },
    )
