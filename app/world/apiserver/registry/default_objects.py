"""The objects that a new EKS cluster has beside its namespaces: the node, the Service `kubernetes`, roles for users.

Source of the roles: `plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go`, as far as this cluster has the kinds.
The node is one of a managed node group by eksctl, with the labels and the size of an `m5.large`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.auth.service_accounts import ALL_SERVICE_ACCOUNTS
from app.world.apiserver.version import GIT_VERSION

if TYPE_CHECKING:
    from app.world.world import World

KUBERNETES_ADDRESS = "10.100.0.1"
"""The address of the Service `kubernetes`: the first of the Service network."""
NODE_GROUP = "ng-1"
_INSTANCE_TYPE = "m5.large"
_CAPACITY = {"cpu": "2", "ephemeral-storage": "83873772Ki", "memory": "7917628Ki", "pods": "29"}
_ALLOCATABLE = {"cpu": "1930m", "ephemeral-storage": "76224326324", "memory": "7220284Ki", "pods": "29"}
_CONDITIONS = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
)
_READ = ["get", "list", "watch"]
_WRITE = ["create", "delete", "deletecollection", "patch", "update"]


def node(world: World) -> JsonObject:
    """The world's one node."""
    name, zone, now = world.node_name, f"{world.region}a", timestamp(world.clock.now())
    labels = {
        "alpha.eksctl.io/cluster-name": world.cluster_name,
        "alpha.eksctl.io/nodegroup-name": NODE_GROUP,
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/instance-type": _INSTANCE_TYPE,
        "beta.kubernetes.io/os": "linux",
        "eks.amazonaws.com/capacityType": "ON_DEMAND",
        "eks.amazonaws.com/nodegroup": NODE_GROUP,
        "failure-domain.beta.kubernetes.io/region": world.region,
        "failure-domain.beta.kubernetes.io/zone": zone,
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": _INSTANCE_TYPE,
        "topology.kubernetes.io/region": world.region,
        "topology.kubernetes.io/zone": zone,
    }
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    address = name.removeprefix("ip-").partition(".")[0].replace("-", ".")
    return {
        "metadata": {"name": name, "uid": world.node_uid, "labels": labels},
        "spec": {"providerID": f"aws:///{zone}/{world.instance_id}"},
        "status": {
            "capacity": _CAPACITY,
            "allocatable": _ALLOCATABLE,
            "conditions": [
                {"type": kind, "status": status, **times, "reason": reason, "message": message}
                for kind, status, reason, message in _CONDITIONS
            ],
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "InternalDNS", "address": name},
                {"type": "Hostname", "address": name},
            ],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            "nodeInfo": {
                "machineID": world.node_uid.replace("-", ""),
                "systemUUID": world.node_uid,
                "bootID": world.node_uid,
                "kernelVersion": "6.12.0-simulated.amzn2023.x86_64",
                "osImage": "Amazon Linux 2023",
                "containerRuntimeVersion": "containerd://simulated",
                "kubeletVersion": GIT_VERSION,
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }


def kubernetes_service() -> Iterator[tuple[str, JsonObject]]:
    """The API server's own Service, in `default`."""
    labels = {"component": "apiserver", "provider": "kubernetes"}
    spec = {
        "ports": [{"name": "https", "protocol": "TCP", "port": 443, "targetPort": 443}],
        "clusterIP": KUBERNETES_ADDRESS,
        "clusterIPs": [KUBERNETES_ADDRESS],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
    }
    metadata = {"name": "kubernetes", "namespace": "default", "labels": labels}
    yield "services", {"metadata": metadata, "spec": spec, "status": {"loadBalancer": {}}}


def _rule(groups: list[str], resources: list[str], verbs: list[str]) -> JsonObject:
    return {"verbs": verbs, "apiGroups": groups, "resources": resources}


_STORED = ("endpoints", "persistentvolumeclaims")
_BOOTSTRAPPED = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_UPDATED = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_ISSUER_DISCOVERY = "system:service-account-issuer-discovery"
_DISCOVERY, _KEYS = "/.well-known/openid-configuration", "/openid/v1/jwks"
_ISSUER = [_DISCOVERY, f"{_DISCOVERY}/", _KEYS, f"{_KEYS}/"]
_AGGREGATED = "rbac.authorization.k8s.io/aggregate-to-"


def default_roles() -> Iterator[tuple[str, JsonObject]]:
    """`cluster-admin` and the role to read the issuer's documents, with their bindings, and the roles that are there to
    be bound: `admin`, `edit`, `view`.

    These three are aggregated, as in Kubernetes: a ClusterRole with the label of one of them adds its rules.
    """
    core = ["configmaps", "events", "pods", "pods/log", "pods/status", "serviceaccounts", "services"]
    apps = ["daemonsets", "deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets"]
    viewed = [
        _rule([""], [*core, *_STORED, "namespaces"], _READ),
        _rule(["apps"], ["controllerrevisions", *apps], _READ),
        _rule(["autoscaling"], ["horizontalpodautoscalers"], _READ),
        _rule(["batch"], ["cronjobs", "jobs"], _READ),
        _rule(["discovery.k8s.io"], ["endpointslices"], _READ),
        _rule(["networking.k8s.io"], ["ingresses"], _READ),
    ]
    edited = [
        _rule([""], ["pods/attach", "pods/exec", "pods/portforward", "secrets"], [*_READ, *_WRITE]),
        _rule([""], ["configmaps", "persistentvolumeclaims", "pods", "serviceaccounts", "services"], _WRITE),
        _rule([""], ["serviceaccounts/token"], ["create"]),
        _rule([""], ["serviceaccounts"], ["impersonate"]),
        _rule(["apps"], apps, _WRITE),
        _rule(["autoscaling"], ["horizontalpodautoscalers"], _WRITE),
        _rule(["batch"], ["cronjobs", "jobs"], _WRITE),
        _rule(["networking.k8s.io"], ["ingresses"], _WRITE),
    ]
    administered = [
        _rule(["authorization.k8s.io"], ["localsubjectaccessreviews"], ["create"]),
        _rule(["rbac.authorization.k8s.io"], ["rolebindings", "roles"], [*_WRITE, *_READ]),
    ]
    everything = [_rule(["*"], ["*"], ["*"]), {"verbs": ["*"], "nonResourceURLs": ["*"]}]
    yield _cluster_role("cluster-admin", everything)
    yield _cluster_role("system:aggregate-to-view", viewed, added_to="view")
    yield _cluster_role("system:aggregate-to-edit", edited, added_to="edit")
    yield _cluster_role("system:aggregate-to-admin", administered, added_to="admin")
    yield _cluster_role("view", viewed, added_to="edit", aggregated=True)
    yield _cluster_role("edit", [*edited, *viewed], added_to="admin", aggregated=True)
    yield _cluster_role("admin", [*edited, *viewed, *administered], aggregated=True)
    yield _cluster_role(_ISSUER_DISCOVERY, [{"verbs": ["get"], "nonResourceURLs": _ISSUER}])
    yield _cluster_role_binding("cluster-admin", "system:masters")
    yield _cluster_role_binding(_ISSUER_DISCOVERY, ALL_SERVICE_ACCOUNTS)


def _cluster_role_binding(name: str, group: str) -> tuple[str, JsonObject]:
    """A ClusterRoleBinding that binds the ClusterRole of its name to a group."""
    api_group = "rbac.authorization.k8s.io"
    return "clusterrolebindings", {
        "metadata": {"name": name, "labels": _BOOTSTRAPPED, "annotations": _UPDATED},
        "roleRef": {"apiGroup": api_group, "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "Group", "apiGroup": api_group, "name": group}],
    }


def _cluster_role(
    name: str, rules: list[JsonObject], *, added_to: str = "", aggregated: bool = False
) -> tuple[str, JsonObject]:
    """A ClusterRole. `added_to`: the aggregated role that gets its rules; `aggregated`: whether it is one itself."""
    labels = {**_BOOTSTRAPPED, **({f"{_AGGREGATED}{added_to}": "true"} if added_to else {})}
    rule = {"clusterRoleSelectors": [{"matchLabels": {f"{_AGGREGATED}{name}": "true"}}]}
    metadata = {"name": name, "labels": labels, "annotations": _UPDATED}
    return "clusterroles", {"metadata": metadata, **({"aggregationRule": rule} if aggregated else {}), "rules": rules}
