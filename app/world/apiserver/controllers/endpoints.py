"""EndpointSlices: the addresses of a Service's Pods (`pkg/controller/endpointslice`). They route nothing here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.controllers.owned import has_ended, is_ready, reference_to
from app.world.apiserver.types.names import random_suffix
from app.world.apiserver.types.selectors import matches_selector

if TYPE_CHECKING:
    from app.world.world import World

SERVICE_LABEL = "kubernetes.io/service-name"


async def sync(world: World, namespace: str, name: str) -> None:
    """Writes the addresses of a Service's Pods. Raises `ApiError`."""
    stored = world.cluster.find("services", namespace, name)
    if stored is None or not stored.object["spec"].get("selector"):
        return
    service = stored.copy()
    slices = [
        each.copy()
        for each in world.cluster.scan("endpointslices", namespace)
        if each.object["metadata"].get("labels", {}).get(SERVICE_LABEL) == name
    ]
    pods = _pods(world, service)
    numbers = _numbers(pods)
    content = {
        "addressType": "IPv4",
        "endpoints": [_endpoint(pod) for pod in pods],
        "ports": [_port(numbers, port) for port in service["spec"].get("ports", [])],
    }
    if not slices:
        labels = {SERVICE_LABEL: name, "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}
        metadata = {"name": f"{name}-{random_suffix()}", "namespace": namespace, "labels": labels}
        slices = [{"metadata": {**metadata, "ownerReferences": [reference_to(service)]}}]
    if any(slices[0].get(field) != value for field, value in content.items()):
        world.cluster.put("endpointslices", {**slices[0], **content})


def _pods(world: World, service: JsonObject) -> list[JsonObject]:
    selector = {"matchLabels": service["spec"]["selector"]}
    return [
        stored.object
        for stored in world.cluster.scan("pods", service["metadata"]["namespace"])
        if matches_selector(selector, stored.object["metadata"].get("labels", {}))
        and stored.object.get("status", {}).get("podIP")
        and not has_ended(stored.object)
    ]


def _endpoint(pod: JsonObject) -> JsonObject:
    metadata, ready = pod["metadata"], is_ready(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "targetRef": {"kind": "Pod", **{key: metadata[key] for key in ("namespace", "name", "uid")}},
        "nodeName": pod["spec"].get("nodeName", ""),
    }


def _numbers(pods: list[JsonObject]) -> dict[str, int | None]:
    """The numbers of the ports that have a name in these Pods: of each name, the first."""
    found: dict[str, int | None] = {}
    for pod in pods:
        for container in pod["spec"]["containers"]:
            for each in container.get("ports", []):
                found.setdefault(each.get("name"), each.get("containerPort"))
    return found


def _port(numbers: dict[str, int | None], port: JsonObject) -> JsonObject:
    """A port with its number in the Pods."""
    target = port.get("targetPort", port["port"])
    if isinstance(target, str):
        target = numbers.get(target)
    entry = {"name": port.get("name", ""), "protocol": port["protocol"]}
    return entry | ({"port": target} if target is not None else {})
