"""ReplicaSets: a number of Pods from one template (`pkg/controller/replicaset/replica_set.go`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.controllers.owned import (
    Writer,
    counts,
    is_active,
    is_ready,
    owned,
    put_status,
    to_look_after,
    victims,
)
from app.world.apiserver.types.errors import ApiError
from app.world.apiserver.types.selectors import matches_selector

if TYPE_CHECKING:
    from app.world.world import World

BURST = 500
"""How many Pods one sync may create or delete (`BurstReplicas`)."""


async def sync(world: World, namespace: str, name: str) -> None:
    """Brings the number of Pods to `spec.replicas`. Raises `ApiError` where one could not be created."""
    body, writer = to_look_after(world, "replicasets", namespace, name), Writer(world, "replicaset-controller")
    if body is None:
        return
    active = [pod for pod in owned(world, "pods", body) if is_active(pod)]
    missing = body["spec"].get("replicas", 1) - len(active)
    failure: ApiError | None = None
    try:
        for _ in range(min(missing, BURST)):
            await writer.create_pod(body, {"generateName": f"{name}-"}, body["spec"]["template"])
        for pod in victims(active, -missing):
            await writer.delete_pod(body, pod)
    except ApiError as error:
        failure = error
    current = world.cluster.find("replicasets", namespace, name)
    if current is not None:
        put_status(world, "replicasets", body, _status(world, current.copy(), failure))
    if failure is not None:
        raise failure


def _status(world: World, body: JsonObject, failure: ApiError | None) -> JsonObject:
    pods = [pod for pod in owned(world, "pods", body) if is_active(pod)]
    labels = body["spec"].get("template", {}).get("metadata", {}).get("labels", {})
    labelled = [pod for pod in pods if matches_selector({"matchLabels": labels}, pod["metadata"].get("labels", {}))]
    ready = [pod for pod in pods if is_ready(pod)]
    status: JsonObject = {"replicas": len(pods)} | counts(
        fullyLabeledReplicas=len(labelled), readyReplicas=len(ready), availableReplicas=len(ready)
    )
    status["observedGeneration"] = body["metadata"].get("generation", 1)
    if failure is not None:
        # A condition that is there stays as it is: a later message may contain the generated name of another Pod, and
        # each change of the status would be the reason for the next try.
        condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": failure.message}
        since = timestamp(world.clock.now())
        old = body.get("status", {}).get("conditions")
        status["conditions"] = old or [{**condition, "lastTransitionTime": since}]
    return status
