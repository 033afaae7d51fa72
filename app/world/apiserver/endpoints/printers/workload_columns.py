"""The columns of `kubectl get` for Nodes, Services, workloads and RBAC (`pkg/printers/internalversion/printers.go`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from app.flow.json_access import get
from app.flow.model import JsonObject, JsonValue
from app.world.apiserver.endpoints.printers.columns import AGE, NAME, Column, human_duration, or_none

Cell = Callable[[JsonObject, float], JsonValue]


def number(*path: str) -> Cell:
    """A number, 0 where there is none."""

    def cell(body: JsonObject, now: float) -> JsonValue:
        return get(body, *path) or 0

    return cell


def _of(ready: str, wanted: str) -> Cell:
    """The number of ready ones and of wanted ones, which is one where the spec has none."""

    def cell(body: JsonObject, now: float) -> JsonValue:
        return f"{body.get('status', {}).get(ready, 0)}/{body['spec'].get(wanted, 1)}"

    return cell


def _selector(body: JsonObject, now: float) -> str:
    selector = body["spec"].get("selector") or {}
    labels = selector.get("matchLabels", selector if body["kind"] == "Service" else {})
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "<none>"


def _containers(field: str) -> Cell:
    def cell(body: JsonObject, now: float) -> str:
        return ",".join(item.get(field, "") for item in body["spec"]["template"]["spec"].get("containers", []))

    return cell


CONTAINERS = (
    Column(name="Containers", cell=_containers("name"), wide=True),
    Column(name="Images", cell=_containers("image"), wide=True),
    Column(name="Selector", cell=_selector, wide=True),
)


def _roles(node: JsonObject, now: float) -> str:
    prefix = "node-role.kubernetes.io/"
    roles = [key.removeprefix(prefix) for key in node["metadata"].get("labels", {}) if key.startswith(prefix)]
    return ",".join(sorted(roles)) or "<none>"


def _node_status(node: JsonObject, now: float) -> str:
    conditions = {each["type"]: each["status"] for each in node.get("status", {}).get("conditions", [])}
    ready = {"True": "Ready", "False": "NotReady"}.get(conditions.get("Ready", ""), "Unknown")
    return f"{ready},SchedulingDisabled" if node.get("spec", {}).get("unschedulable") else ready


def _address(kind: str) -> Cell:
    def cell(node: JsonObject, now: float) -> str:
        addresses = node.get("status", {}).get("addresses", [])
        return next((each["address"] for each in addresses if each["type"] == kind), "<none>")

    return cell


def _info(field: str) -> Cell:
    return lambda node, now: node.get("status", {}).get("nodeInfo", {}).get(field, "<unknown>")


def _external(service: JsonObject, now: float) -> str:
    spec = service["spec"]
    if spec.get("type") == "ExternalName":
        return str(spec.get("externalName", ""))
    if spec.get("type") == "LoadBalancer":
        return "<pending>"
    return ",".join(spec.get("externalIPs", [])) or "<none>"


def _ports(service: JsonObject, now: float) -> str:
    ports = [
        f"{port['port']}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port.get('protocol', 'TCP')}"
        for port in service["spec"].get("ports", [])
    ]
    return ",".join(ports) or "<none>"


def _job_status(job: JsonObject, now: float) -> str:
    conditions = {each["type"] for each in job.get("status", {}).get("conditions", []) if each["status"] == "True"}
    return next((kind for kind in ("Complete", "Failed", "Suspended") if kind in conditions), "Running")


def _duration(job: JsonObject, now: float) -> str:
    status = job.get("status", {})
    if not status.get("startTime"):
        return ""
    end = status.get("completionTime")
    until = datetime.fromisoformat(end).timestamp() if end else now
    return human_duration(until - datetime.fromisoformat(status["startTime"]).timestamp())


def _node_selector(body: JsonObject, now: float) -> str:
    wanted = body["spec"]["template"]["spec"].get("nodeSelector", {})
    return ",".join(f"{key}={value}" for key, value in sorted(wanted.items())) or "<none>"


def _role_of(binding: JsonObject, now: float) -> str:
    return f"{binding['roleRef'].get('kind')}/{binding['roleRef'].get('name')}"


def _created(body: JsonObject, now: float) -> str:
    return str(body["metadata"].get("creationTimestamp", ""))


def _subjects(kind: str) -> Cell:
    def cell(binding: JsonObject, now: float) -> str:
        found = [each for each in binding.get("subjects", []) if each.get("kind") == kind]
        return ", ".join(
            f"{each['namespace']}/{each['name']}" if each.get("namespace") else each["name"] for each in found
        )

    return cell


def _endpoints(field: str) -> Cell:
    def cell(body: JsonObject, now: float) -> str:
        if field == "ports":
            return ",".join(str(port.get("port", "")) for port in body.get("ports", [])) or "<unset>"
        return ",".join(a for each in body.get("endpoints", []) for a in each.get("addresses", [])) or "<unset>"

    return cell


_ROLE = (NAME, Column(name="Created At", cell=_created))
_BINDING = (
    NAME,
    Column(name="Role", cell=_role_of),
    AGE,
    Column(name="Users", cell=_subjects("User"), wide=True),
    Column(name="Groups", cell=_subjects("Group"), wide=True),
    Column(name="ServiceAccounts", cell=_subjects("ServiceAccount"), wide=True),
)


COLUMNS: dict[str, tuple[Column, ...]] = {
    "clusterrolebindings": _BINDING,
    "clusterroles": _ROLE,
    "daemonsets": (
        NAME,
        Column(name="Desired", cell=number("status", "desiredNumberScheduled"), type="integer"),
        Column(name="Current", cell=number("status", "currentNumberScheduled"), type="integer"),
        Column(name="Ready", cell=number("status", "numberReady"), type="integer"),
        Column(name="Up-to-date", cell=number("status", "updatedNumberScheduled"), type="integer"),
        Column(name="Available", cell=number("status", "numberAvailable"), type="integer"),
        Column(name="Node Selector", cell=_node_selector),
        AGE,
        *CONTAINERS,
    ),
    "deployments": (
        NAME,
        Column(name="Ready", cell=_of("readyReplicas", "replicas")),
        Column(name="Up-to-date", cell=number("status", "updatedReplicas"), type="integer"),
        Column(name="Available", cell=number("status", "availableReplicas"), type="integer"),
        AGE,
        *CONTAINERS,
    ),
    "endpointslices": (
        NAME,
        Column(name="AddressType", cell=or_none("addressType")),
        Column(name="Ports", cell=_endpoints("ports")),
        Column(name="Endpoints", cell=_endpoints("endpoints")),
        AGE,
    ),
    "jobs": (
        NAME,
        Column(name="Status", cell=_job_status),
        Column(name="Completions", cell=_of("succeeded", "completions")),
        Column(name="Duration", cell=_duration),
        AGE,
        *CONTAINERS,
    ),
    "nodes": (
        NAME,
        Column(name="Status", cell=_node_status),
        Column(name="Roles", cell=_roles),
        AGE,
        Column(name="Version", cell=_info("kubeletVersion")),
        Column(name="Internal-IP", cell=_address("InternalIP"), wide=True),
        Column(name="External-IP", cell=_address("ExternalIP"), wide=True),
        Column(name="OS-Image", cell=_info("osImage"), wide=True),
        Column(name="Kernel-Version", cell=_info("kernelVersion"), wide=True),
        Column(name="Container-Runtime", cell=_info("containerRuntimeVersion"), wide=True),
    ),
    "replicasets": (
        NAME,
        Column(name="Desired", cell=number("spec", "replicas"), type="integer"),
        Column(name="Current", cell=number("status", "replicas"), type="integer"),
        Column(name="Ready", cell=number("status", "readyReplicas"), type="integer"),
        AGE,
        *CONTAINERS,
    ),
    "rolebindings": _BINDING,
    "roles": _ROLE,
    "services": (
        NAME,
        Column(name="Type", cell=or_none("spec", "type")),
        Column(name="Cluster-IP", cell=or_none("spec", "clusterIP")),
        Column(name="External-IP", cell=_external),
        Column(name="Port(s)", cell=_ports),
        AGE,
        Column(name="Selector", cell=_selector, wide=True),
    ),
    "statefulsets": (NAME, Column(name="Ready", cell=_of("readyReplicas", "replicas")), AGE, *CONTAINERS[:2]),
}
"""By the plural name."""
