"""What the API server fills into workloads, Services, Jobs and bindings of roles: the defaults of Kubernetes 1.33.

Source: `pkg/apis/{apps,batch,rbac}/v1/defaults.go`, `pkg/apis/core/v1/defaults.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.flow.model import JsonObject

REVISION_HISTORY = 10
RBAC_GROUP = "rbac.authorization.k8s.io"


def fill(target: JsonObject, **defaults: object) -> None:
    """Sets the fields that are not there."""
    for field, value in defaults.items():
        target.setdefault(field, value)


def _deployment(spec: JsonObject) -> None:
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable="25%", maxSurge="25%")
    fill(spec, replicas=1, revisionHistoryLimit=REVISION_HISTORY, progressDeadlineSeconds=600)


def _replica_set(spec: JsonObject) -> None:
    fill(spec, replicas=1)


def _daemon_set(spec: JsonObject) -> None:
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), maxUnavailable=1, maxSurge=0)
    fill(spec, revisionHistoryLimit=REVISION_HISTORY)


def _stateful_set(spec: JsonObject) -> None:
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        fill(strategy.setdefault("rollingUpdate", {}), partition=0)
    kept = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    fill(spec, podManagementPolicy="OrderedReady", persistentVolumeClaimRetentionPolicy=kept)
    fill(spec, replicas=1, revisionHistoryLimit=REVISION_HISTORY)


def _job(spec: JsonObject) -> None:
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    fill(spec, parallelism=1, backoffLimit=6, completionMode="NonIndexed", suspend=False, manualSelector=False)
    spec.setdefault("podReplacementPolicy", "TerminatingOrFailed")


def _service(spec: JsonObject) -> None:
    kind = spec.setdefault("type", "ClusterIP")
    spec.setdefault("sessionAffinity", "None")
    for port in spec.get("ports", []):
        port.setdefault("protocol", "TCP")
        if port.get("targetPort", 0) in (0, ""):
            port["targetPort"] = port.get("port", 0)
    if kind != "ExternalName":
        fill(spec, ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack", internalTrafficPolicy="Cluster")
    if kind in ("NodePort", "LoadBalancer"):
        spec.setdefault("externalTrafficPolicy", "Cluster")


def fill_binding(binding: JsonObject) -> None:
    """The API groups that a RoleBinding or ClusterRoleBinding may leave out."""
    for subject in binding.get("subjects", []):
        group = {"User": RBAC_GROUP, "Group": RBAC_GROUP}.get(subject.get("kind", ""))
        if group:
            subject.setdefault("apiGroup", group)
    binding.setdefault("roleRef", {}).setdefault("apiGroup", RBAC_GROUP)


SPECS: Mapping[str, Callable[[JsonObject], None]] = {
    "DaemonSet": _daemon_set,
    "Deployment": _deployment,
    "Job": _job,
    "ReplicaSet": _replica_set,
    "Service": _service,
    "StatefulSet": _stateful_set,
}
"""Each fills the `spec` of its kind."""
