"""The in-tree admission plugins that touch Pods: ServiceAccount, DefaultTolerationSeconds, Priority, in this order.

All of them run before the webhooks (`pkg/kubeapiserver/options/plugins.go`). Source: `plugin/pkg/admission/` (the
directories `serviceaccount`, `defaulttolerationseconds`, `priority`, `namespace/lifecycle`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.types import errors
from app.world.apiserver.types.defaults import FILE_MODE, containers_of
from app.world.apiserver.types.names import random_suffix
from app.world.apiserver.types.resources import RESOURCES, Resource

if TYPE_CHECKING:
    from app.world.world import World


API_TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
"""The directory in which a Pod finds its token for the API server."""
API_TOKEN_SECONDS = 3607
"""An hour and seven seconds: the lifetime by which TokenRequest recognizes such a token."""
_VOLUME_PREFIX = "kube-api-access-"
_PRIORITIES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
_TOLERATION_SECONDS = 300


def check_namespace(world: World, resource: Resource, namespace: str, name: str) -> None:
    """NamespaceLifecycle: nothing is created in a namespace that does not exist, or is being deleted. Raises `ApiError`
    404, 403."""
    stored = world.cluster.read("namespaces", None, namespace)
    if stored.object["metadata"].get("deletionTimestamp"):
        why = f"unable to create new content in namespace {namespace} because it is being terminated"
        raise errors.forbidden(resource, name, why)


def admit_pod(world: World, pod: JsonObject) -> None:
    """Runs the plugins on a new Pod, and changes it. Raises `ApiError` 403."""
    _service_account(world, pod)
    default_tolerations(pod["spec"])
    _priority(pod)


def _name(metadata: JsonObject) -> str:
    """The name of a new object in a refusal (`extractResourceName` of k8s.io/apiserver `pkg/admission/errors.go`)."""
    return str(metadata.get("name") or metadata.get("generateName", ""))


def _service_account(world: World, pod: JsonObject) -> None:
    metadata, spec = pod["metadata"], pod["spec"]
    namespace = metadata["namespace"]
    # (1) Which ServiceAccount?
    name = spec.setdefault("serviceAccountName", "default")
    spec["serviceAccount"] = name
    stored = world.cluster.find("serviceaccounts", namespace, name)
    if stored is None:
        why = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
        raise errors.forbidden(RESOURCES["pods"], _name(metadata), why)
    account = stored.copy()
    # (2) The token for the API server, unless the Pod or else the ServiceAccount declines.
    wanted = spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
    if wanted:
        _mount_api_token(spec)
    # (3) Image pull secrets, where the Pod names none.
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = account["imagePullSecrets"]


def _mount_api_token(spec: JsonObject) -> None:
    volumes = spec.get("volumes", [])
    names = (volume.get("name", "") for volume in volumes)
    existing = next((name for name in names if name.startswith(_VOLUME_PREFIX)), None)
    name = existing or f"{_VOLUME_PREFIX}{random_suffix()}"
    needed = False
    for container in containers_of(spec):
        mounts = container.get("volumeMounts", [])
        if any(mount.get("mountPath") == API_TOKEN_PATH for mount in mounts):
            continue
        container["volumeMounts"] = [*mounts, {"name": name, "readOnly": True, "mountPath": API_TOKEN_PATH}]
        needed = True
    if needed and existing is None:
        spec["volumes"] = [*volumes, {"name": name, "projected": _api_token_projection()}]


def _api_token_projection() -> JsonObject:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": API_TOKEN_SECONDS, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [namespace]}},
        ],
        "defaultMode": FILE_MODE,
    }


def default_tolerations(spec: JsonObject) -> None:
    """DefaultTolerationSeconds, of a new Pod and of one that is changed: each tolerates a lost node for a while."""
    tolerations = spec.get("tolerations", [])
    for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
        covered = any(
            toleration.get("key", key) == key and toleration.get("effect", "NoExecute") == "NoExecute"
            for toleration in tolerations
        )
        if not covered:
            rule = {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _TOLERATION_SECONDS}
            tolerations = [*tolerations, rule]
    spec["tolerations"] = tolerations


def _priority(pod: JsonObject) -> None:
    spec = pod["spec"]
    name = spec.get("priorityClassName")
    if name and name not in _PRIORITIES:
        why = f"no PriorityClass with name {name} was found"
        raise errors.forbidden(RESOURCES["pods"], _name(pod["metadata"]), why)
    priority = _PRIORITIES.get(name, 0)
    if spec.get("priority", priority) != priority:
        why = "the integer value of priority must not be provided in pod spec; priority admission controller computed"
        sentence = f"{why} {priority} from the given PriorityClass name"
        raise errors.forbidden(RESOURCES["pods"], _name(pod["metadata"]), sentence)
    spec["priority"] = priority
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
