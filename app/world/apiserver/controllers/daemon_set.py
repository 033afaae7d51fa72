"""DaemonSets: one Pod on each node (`pkg/controller/daemon/daemon_controller.go`). There is one node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.controllers import revisions
from app.world.apiserver.controllers.deployment import template_hash
from app.world.apiserver.controllers.owned import (
    REVISION_LABEL,
    Writer,
    counts,
    is_active,
    is_ready,
    owned,
    put_status,
    to_look_after,
)
from app.world.apiserver.types.selectors import matches_selector

if TYPE_CHECKING:
    from app.world.world import World


async def sync(world: World, namespace: str, name: str) -> None:
    """Creates and deletes Pods of a DaemonSet by its template, one for each node. Raises `ApiError`."""
    body, writer = to_look_after(world, "daemonsets", namespace, name), Writer(world, "daemonset-controller")
    if body is None:
        return
    spec = body["spec"]
    value = template_hash(spec["template"])
    await revisions.record(world, writer, body, f"{name}-{value}", {REVISION_LABEL: value})
    selector = {"matchLabels": spec["template"].get("spec", {}).get("nodeSelector", {})}
    candidates = [each.object["metadata"] for each in world.cluster.scan("nodes")]
    nodes = [node["name"] for node in candidates if matches_selector(selector, node.get("labels", {}))]
    pods = [pod for pod in owned(world, "pods", body) if is_active(pod)]
    outdated = [pod for pod in pods if pod["metadata"].get("labels", {}).get(REVISION_LABEL) != value]
    if spec["updateStrategy"]["type"] == "RollingUpdate":
        for pod in outdated:
            await writer.delete_pod(body, pod)
        pods = [pod for pod in pods if pod not in outdated]
    for pod in pods[len(nodes) :]:
        await writer.delete_pod(body, pod)
    for node in nodes[len(pods) :]:
        await writer.create_pod(body, {"generateName": f"{name}-"}, bound(spec["template"], node))
    _publish(world, body, value, len(nodes))


def bound(template: JsonObject, node: str) -> JsonObject:
    """A DaemonSet's template for the Pod of one node."""
    metadata = template.get("metadata", {})
    labels = {**metadata.get("labels", {}), REVISION_LABEL: template_hash(template), "pod-template-generation": "1"}
    return {"metadata": {**metadata, "labels": labels}, "spec": {**template.get("spec", {}), "nodeName": node}}


def _publish(world: World, body: JsonObject, value: str, wanted: int) -> None:
    pods = [pod for pod in owned(world, "pods", body) if is_active(pod)]
    ready = sum(map(is_ready, pods))
    updated = sum(pod["metadata"].get("labels", {}).get(REVISION_LABEL) == value for pod in pods)
    status = {
        "currentNumberScheduled": len(pods),
        "numberMisscheduled": 0,
        "desiredNumberScheduled": wanted,
        "numberReady": ready,
        **counts(
            observedGeneration=body["metadata"].get("generation", 1),
            updatedNumberScheduled=updated,
            numberAvailable=ready,
            numberUnavailable=wanted - ready,
        ),
    }
    put_status(world, "daemonsets", body, status)
