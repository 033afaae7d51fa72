"""How a Deployment goes from its old ReplicaSets to the new one (`pkg/controller/deployment/{rolling,recreate}.go`)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from app.flow.model import JsonObject
from app.world.apiserver.controllers.owned import Writer

if TYPE_CHECKING:
    from app.world.world import World


def bounds(spec: JsonObject) -> tuple[int, int]:
    """How many Pods may be unavailable, and how many there may be in excess (`ResolveFenceposts`)."""
    replicas, rolling = spec["replicas"], spec.get("strategy", {}).get("rollingUpdate")
    if rolling is None:
        return (replicas, 0) if spec.get("strategy", {}).get("type") == "Recreate" else (0, 0)
    surge = _share(rolling.get("maxSurge", 0), replicas, math.ceil)
    unavailable = _share(rolling.get("maxUnavailable", 0), replicas, math.floor)
    return min(unavailable if unavailable or surge else 1, replicas), surge


def _share(value: Any, total: int, whole: Any) -> int:
    return value if isinstance(value, int) else int(whole(int(value.removesuffix("%")) * total / 100))


async def advance(world: World, writer: Writer, body: JsonObject, new: JsonObject, all_sets: list[JsonObject]) -> None:
    """Scales the ReplicaSets one step on."""
    olds = [each for each in all_sets if each["metadata"]["uid"] != new["metadata"]["uid"]]
    new = next((each for each in all_sets if each["metadata"]["uid"] == new["metadata"]["uid"]), new)
    wanted, (unavailable, surge) = body["spec"]["replicas"], bounds(body["spec"])
    if body["spec"].get("strategy", {}).get("type") == "Recreate":
        for each in olds:
            _scale(world, writer, body, each, 0)
        if not any(each.get("status", {}).get("replicas") for each in olds):
            _scale(world, writer, body, new, wanted)
        return
    # (1) Up: as many new Pods as the highest number of Pods allows.
    room = wanted + surge - sum(_replicas(each) for each in all_sets)
    target = min(_replicas(new) + max(room, 0), wanted)
    new = _scale(world, writer, body, new, target)
    # (2) Down: the old Pods beyond the lowest number of available Pods, broken ones first.
    spare = sum(_replicas(each) for each in olds) + _replicas(new) - (wanted - unavailable)
    spare -= _replicas(new) - new.get("status", {}).get("availableReplicas", 0)
    for broken in (True, False):
        for each in sorted(olds, key=lambda each: each["metadata"]["creationTimestamp"]):
            current = _replicas(each)
            idle = current - each.get("status", {}).get("availableReplicas", 0)
            step = min(idle if broken else current, max(spare, 0))
            if step > 0:
                each["spec"]["replicas"] = current - step
                _scale(world, writer, body, each, current - step)
                spare -= step


def scale_paused(
    world: World, writer: Writer, body: JsonObject, new: JsonObject | None, all_sets: list[JsonObject]
) -> None:
    """Scales the one ReplicaSet of a paused Deployment that has Pods, or else the one of its template.

    Where several have Pods they stay as they are: the share of each is not modelled.
    """
    active = [each for each in all_sets if _replicas(each)]
    only = active[0] if len(active) == 1 else new if not active else None
    if only is not None:
        _scale(world, writer, body, only, body["spec"]["replicas"])


def _replicas(replica_set: JsonObject) -> int:
    return int(replica_set["spec"].get("replicas", 1))


def _scale(world: World, writer: Writer, body: JsonObject, replica_set: JsonObject, target: int) -> JsonObject:
    """Sets the replicas of a ReplicaSet, with an event; returns the changed ReplicaSet."""
    metadata = replica_set["metadata"]
    stored = world.cluster.find("replicasets", metadata["namespace"], metadata["name"])
    if stored is None:
        return replica_set
    current = stored.copy()
    before = _replicas(current)
    if before == target:
        return current
    generation = current["metadata"].get("generation", 1) + 1
    changed = {
        **current,
        "metadata": {**current["metadata"], "generation": generation},
        "spec": {**current["spec"], "replicas": target},
    }
    changed = world.cluster.put("replicasets", changed)
    way = "up" if target > before else "down"
    writer.event(body, "ScalingReplicaSet", f"Scaled {way} replica set {metadata['name']} from {before} to {target}")
    return changed
