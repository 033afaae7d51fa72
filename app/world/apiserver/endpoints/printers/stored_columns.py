"""The columns of `kubectl get` for kinds without a controller here (`pkg/printers/internalversion/printers.go`)."""

from __future__ import annotations

from itertools import islice

from app.flow.json_access import get
from app.flow.model import JsonObject
from app.world.apiserver.endpoints.printers.columns import AGE, NAME, Column, or_none, since
from app.world.apiserver.endpoints.printers.workload_columns import Cell, number

_SHOWN = 3
"""How many hosts or addresses are shown; the rest is counted."""
_SHORT_MODES = {"ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOnce": "RWO", "ReadWriteOncePod": "RWOP"}


def _first(found: list[str], count: int, absent: str) -> str:
    shown = ",".join(found[:_SHOWN]) or absent
    return shown if count <= _SHOWN else f"{shown} + {count - _SHOWN} more..."


def _cron_template(field: str) -> Cell:
    def cell(body: JsonObject, now: float) -> str:
        template = body["spec"].get("jobTemplate", {}).get("spec", {}).get("template", {})
        return ",".join(item.get(field, "") for item in template.get("spec", {}).get("containers", []))

    return cell


def _controller(revision: JsonObject, now: float) -> str:
    owners = [it for it in revision["metadata"].get("ownerReferences", []) if it.get("controller")]
    return next((f"{it['kind'].lower()}.{it['apiVersion'].partition('/')[0]}/{it['name']}" for it in owners), "<none>")


def _hosts(ingress: JsonObject, now: float) -> str:
    found = [rule["host"] for rule in ingress["spec"].get("rules", []) if rule.get("host")]
    return _first(found, len(found), "*")


def _load_balancers(ingress: JsonObject, now: float) -> str:
    found = ingress.get("status", {}).get("loadBalancer", {}).get("ingress", [])
    return ",".join(each.get("ip") or each.get("hostname", "") for each in found)


def _claimed(claim: JsonObject, *path: str) -> str:
    """What the status says of the volume, once there is one."""
    if not claim["spec"].get("volumeName"):
        return ""
    value = get(claim, "status", *path)
    modes = value if isinstance(value, list) else [value or ""]
    return ",".join(_SHORT_MODES.get(str(mode), str(mode)) for mode in modes)


def _subsets(body: JsonObject, now: float) -> str:
    subsets = body.get("subsets", [])
    found = (
        f"{address.get('ip', '')}:{port.get('port', 0)}" if port else address.get("ip", "")
        for subset in subsets
        for port in subset.get("ports") or [None]
        for address in subset.get("addresses", [])
    )
    count = sum(len(subset.get("addresses", [])) * len(subset.get("ports") or [None]) for subset in subsets)
    return _first(list(islice(found, _SHOWN)), count, "<none>")


def _since_or_none(*path: str) -> Cell:
    def cell(body: JsonObject, now: float) -> str:
        value = get(body, *path)
        return since(value, now) if value else "<none>"

    return cell


def _reference(autoscaler: JsonObject, now: float) -> str:
    target = autoscaler["spec"].get("scaleTargetRef", {})
    return f"{target.get('kind', '')}/{target.get('name', '')}"


def _targets(autoscaler: JsonObject, now: float) -> str:
    wanted = autoscaler["spec"].get("targetCPUUtilizationPercentage")
    used = autoscaler.get("status", {}).get("currentCPUUtilizationPercentage")
    return f"cpu: {'<unknown>' if used is None else f'{used}%'}/{wanted}%" if wanted else "<none>"


def _phase(claim: JsonObject, now: float) -> str:
    gone = claim["metadata"].get("deletionTimestamp")
    return "Terminating" if gone else str(claim.get("status", {}).get("phase", ""))


def _text(*path: str, absent: str = "") -> Cell:
    def cell(body: JsonObject, now: float) -> str:
        return str(get(body, *path) or absent)

    return cell


COLUMNS: dict[str, tuple[Column, ...]] = {
    "cronjobs": (
        NAME,
        Column(name="Schedule", cell=_text("spec", "schedule")),
        Column(name="Timezone", cell=or_none("spec", "timeZone")),
        Column(name="Suspend", cell=lambda body, now: str(bool(body["spec"].get("suspend"))), type="boolean"),
        Column(name="Active", cell=lambda body, now: len(body.get("status", {}).get("active", [])), type="integer"),
        Column(name="Last Schedule", cell=_since_or_none("status", "lastScheduleTime")),
        AGE,
        Column(name="Containers", cell=_cron_template("name"), wide=True),
        Column(name="Images", cell=_cron_template("image"), wide=True),
        Column(name="Selector", cell=or_none("spec", "jobTemplate", "spec", "selector"), wide=True),
    ),
    "controllerrevisions": (
        NAME,
        Column(name="Controller", cell=_controller),
        Column(name="Revision", cell=number("revision")),
        AGE,
    ),
    "endpoints": (NAME, Column(name="Endpoints", cell=_subsets), AGE),
    "horizontalpodautoscalers": (
        NAME,
        Column(name="Reference", cell=_reference),
        Column(name="Targets", cell=_targets),
        Column(name="MinPods", cell=_text("spec", "minReplicas", absent="<unset>")),
        Column(name="MaxPods", cell=number("spec", "maxReplicas")),
        Column(name="Replicas", cell=number("status", "currentReplicas")),
        AGE,
    ),
    "ingresses": (
        NAME,
        Column(name="Class", cell=or_none("spec", "ingressClassName")),
        Column(name="Hosts", cell=_hosts),
        Column(name="Address", cell=_load_balancers),
        Column(name="Ports", cell=lambda body, now: "80, 443" if body["spec"].get("tls") else "80"),
        AGE,
    ),
    "leases": (NAME, Column(name="Holder", cell=_text("spec", "holderIdentity")), AGE),
    "persistentvolumeclaims": (
        NAME,
        Column(name="Status", cell=_phase),
        Column(name="Volume", cell=_text("spec", "volumeName")),
        Column(name="Capacity", cell=lambda body, now: _claimed(body, "capacity", "storage")),
        Column(name="Access Modes", cell=lambda body, now: _claimed(body, "accessModes")),
        Column(name="StorageClass", cell=_text("spec", "storageClassName")),
        Column(name="VolumeAttributesClass", cell=_text("spec", "volumeAttributesClassName", absent="<unset>")),
        AGE,
        Column(name="VolumeMode", cell=_text("spec", "volumeMode", absent="<unset>"), wide=True),
    ),
}
"""By the plural name."""
