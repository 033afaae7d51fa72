"""StatefulSets: numbered Pods, one after the other (`pkg/controller/statefulset/stateful_set_control.go`).

They have no volumes of their own, because there is no storage in this cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.controllers import revisions
from app.world.apiserver.controllers.deployment import template_hash
from app.world.apiserver.controllers.owned import (
    PODS_LIMIT,
    REVISION_LABEL,
    Writer,
    counts,
    has_ended,
    is_ready,
    owned,
    put_status,
    to_look_after,
)

if TYPE_CHECKING:
    from app.world.world import World


async def sync(world: World, namespace: str, name: str) -> None:
    """Takes the next step of a StatefulSet: creates a Pod, deletes one, or deletes one of the old template."""
    body, writer = to_look_after(world, "statefulsets", namespace, name), Writer(world, "statefulset-controller")
    if body is None:
        return
    spec = body["spec"]
    value = template_hash(spec["template"])
    revision = f"{name}-{value}"
    await revisions.record(world, writer, body, revision, {"controller.kubernetes.io/hash": value})
    await _step(world, writer, body, revision)
    pods = owned(world, "pods", body)
    updated = sum(pod["metadata"]["labels"].get(REVISION_LABEL) == revision for pod in pods)
    status = {
        "replicas": len(pods),
        **counts(
            observedGeneration=body["metadata"].get("generation", 1),
            readyReplicas=sum(map(is_ready, pods)),
            currentReplicas=updated,
            updatedReplicas=updated,
        ),
        "availableReplicas": sum(map(is_ready, pods)),
        "currentRevision": revision
        if updated == len(pods)
        else body.get("status", {}).get("currentRevision", revision),
        "updateRevision": revision,
        "collisionCount": 0,
    }
    put_status(world, "statefulsets", body, status)


async def _step(world: World, writer: Writer, body: JsonObject, revision: str) -> None:
    name, spec = body["metadata"]["name"], body["spec"]
    pods = {pod["metadata"]["name"]: pod for pod in owned(world, "pods", body)}
    wanted = [f"{name}-{ordinal}" for ordinal in range(min(spec["replicas"], PODS_LIMIT + 1))]  # one too many fails
    created, deleted = (f"{verb} Pod {{}} in StatefulSet {name} successful" for verb in ("create", "delete"))
    in_order = spec["podManagementPolicy"] == "OrderedReady"
    # (1) Up, each Pod once the previous one is ready.
    for ordinal, pod_name in enumerate(wanted):
        pod = pods.get(pod_name)
        if pod is not None and has_ended(pod):
            await writer.delete_pod(body, pod, message=deleted)
            pod = None
        if pod is None:
            await writer.create_pod(
                body, {"name": pod_name}, _numbered(spec, pod_name, ordinal, revision), message=created
            )
        if in_order and (pod is None or not is_ready(pod)):
            return
    # (2) Down, the highest number first.
    numbers = {each: each.removeprefix(f"{name}-") for each in pods.keys() - set(wanted)}
    excess = [each for each, number in numbers.items() if number.isascii() and number.isdecimal()]
    for pod_name in sorted(excess, key=lambda each: (len(each), each), reverse=True):
        await writer.delete_pod(body, pods[pod_name], message=deleted)
    # (3) To the new template, the highest number first.
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        for pod_name in reversed(wanted[spec["updateStrategy"].get("rollingUpdate", {}).get("partition", 0) :]):
            if (pod := pods.get(pod_name)) and pod["metadata"]["labels"].get(REVISION_LABEL) != revision:
                await writer.delete_pod(body, pod, message=deleted)
                return


def _numbered(spec: JsonObject, pod_name: str, ordinal: int, revision: str) -> JsonObject:
    template = spec["template"]
    metadata = template.get("metadata", {})
    own = {
        REVISION_LABEL: revision,
        "statefulset.kubernetes.io/pod-name": pod_name,
        "apps.kubernetes.io/pod-index": str(ordinal),
    }
    labelled = {**metadata, "labels": {**metadata.get("labels", {}), **own}}
    return {"metadata": labelled, "spec": {**template.get("spec", {}), "hostname": pod_name}}
