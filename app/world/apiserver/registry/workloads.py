"""What the API server decides of a new Service, Job or workload: addresses, generated labels, first statuses.

Source: `pkg/registry/core/service` (addresses), `pkg/registry/batch/job/strategy.go` (`generateSelector`).
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.types import errors, names, stored_kinds
from app.world.apiserver.types.resources import Resource

if TYPE_CHECKING:
    from app.world.world import World

SERVICE_NETWORK = "10.100"
"""The first half of the addresses of Services, /16 (EKS: `serviceIpv4Cidr`)."""
CLUSTER_DNS = f"{SERVICE_NETWORK}.0.10"
"""The address of the cluster's name server (EKS user guide, "Manage CoreDNS for DNS in Amazon EKS clusters")."""
_FIRST_STATUS: Mapping[str, tuple[str, ...]] = {
    "daemonsets": ("currentNumberScheduled", "desiredNumberScheduled", "numberMisscheduled", "numberReady"),
    "deployments": (),
    "replicasets": ("replicas",),
    "statefulsets": ("availableReplicas", "replicas"),
}
"""What a status says before a controller has looked: fields that are never left out."""
NODE_PORTS = range(30000, 32768)
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


def complete(world: World, resource: Resource, body: JsonObject) -> None:
    """Adds to a new, defaulted object what only the server decides. Raises `ApiError` 422."""
    if resource.plural == "services":
        body["status"] = {"loadBalancer": {}}
        _give_address(world, body)
    elif resource.plural == "jobs":
        body["status"] = {}
        _select_own_pods(body)
    elif (status := stored_kinds.FIRST_STATUS.get(resource.plural)) is not None:
        body["status"] = dict(status)
    elif resource.plural in _FIRST_STATUS:
        body["status"] = dict.fromkeys(_FIRST_STATUS[resource.plural], 0)


def keep(world: World, resource: Resource, old: JsonObject, new: JsonObject) -> None:
    """An update that leaves out what the server has decided leaves it as it is. Raises `ApiError` 422."""
    if resource.plural == "services" and new.setdefault("spec", {}).get("type", "ClusterIP") != "ExternalName":
        for field in ("clusterIP", "clusterIPs"):
            if field in old["spec"] and not new["spec"].get(field):
                new["spec"][field] = old["spec"][field]
        _give_node_ports(world, new, old["spec"])
    elif resource.plural == "jobs" and not new.setdefault("spec", {}).get("selector"):
        new["spec"]["selector"] = old["spec"].get("selector", {})


def _give_address(world: World, service: JsonObject) -> None:
    spec = service["spec"]
    if spec["type"] == "ExternalName":
        return
    taken = {stored.object["spec"].get("clusterIP") for stored in world.cluster.scan("services")}
    wanted = spec.get("clusterIP")
    if wanted in taken and wanted != "None":
        text = f"failed to allocate IP {wanted}: provided IP is already allocated"
        cause = names.invalid_value("spec.clusterIPs", [wanted], text)
        raise errors.invalid("Service", "", service["metadata"].get("name", ""), [cause])
    while not spec.get("clusterIP"):
        address = f"{SERVICE_NETWORK}.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
        if address not in taken:
            spec["clusterIP"] = address
    spec["clusterIPs"] = [spec["clusterIP"]]
    _give_node_ports(world, service, {})


def _give_node_ports(world: World, service: JsonObject, old: JsonObject) -> None:
    """Each port of a type that has node ports gets one, that of the `old` spec where there is one. A Service that was
    of such a type and is not any more loses them (`patchAllocatedValues`, `dropTypeDependentFields`). Raises `ApiError`
    422 for one that is out of range or another Service's (`portallocator`)."""
    spec, name = service["spec"], service["metadata"].get("name", "")
    before = {(port.get("name"), port.get("port")): port.get("nodePort") for port in old.get("ports", [])}
    taken = set[int]()
    if spec.get("type") in _WITH_NODE_PORTS:
        others = (port for stored in world.cluster.scan("services") for port in stored.object["spec"].get("ports", []))
        taken = {port["nodePort"] for port in others if port.get("nodePort")} - set(before.values())
    for index, port in enumerate(spec.get("ports", [])):
        had = before.get((port.get("name"), port.get("port")))
        if spec.get("type") not in _WITH_NODE_PORTS:
            if had is not None and port.get("nodePort") == had:
                del port["nodePort"]
            continue
        if (wanted := port.get("nodePort")) is None:
            port["nodePort"] = had or _free(taken)
            taken.add(port["nodePort"])
            continue
        why = "provided port is already allocated" if wanted in taken else ""
        if wanted not in NODE_PORTS:
            limits = f"{NODE_PORTS.start}-{NODE_PORTS.stop - 1}"
            why = f"provided port is not in the valid range. The range of valid ports is {limits}"
        if why:
            cause = names.invalid_value(f"spec.ports[{index}].nodePort", wanted, why)
            raise errors.invalid("Service", "", name, [cause])


def _free(taken: set[int]) -> int:
    """Another node port. Raises `ApiError` 500 where all are taken."""
    if not (free := [port for port in NODE_PORTS if port not in taken]):
        raise errors.internal("failed to allocate a nodePort: range is full")
    return secrets.choice(free)


def _select_own_pods(job: JsonObject) -> None:
    spec, name = job["spec"], job["metadata"].get("name", "")
    if spec.get("selector") or spec.get("manualSelector"):
        return
    uid = str(uuid.uuid4())
    job["metadata"]["uid"] = uid
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    labels = spec.setdefault("template", {}).setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("", "batch.kubernetes.io/"):
        labels |= {f"{prefix}controller-uid": uid, f"{prefix}job-name": name}
    job["metadata"].setdefault("labels", dict(labels))
