"""What EKS runs in the namespace `kube-system` of a new cluster: three add-ons, as objects. Their programs do not run.

Source: EKS user guide, "Amazon EKS add-ons": a cluster has the Amazon VPC CNI plugin and kube-proxy, each a DaemonSet,
and CoreDNS, a Deployment with the Service `kube-dns`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.controllers import daemon_set, deployment, endpoints, replica_set
from app.world.apiserver.controllers.owned import reference_to
from app.world.apiserver.registry.workloads import CLUSTER_DNS
from app.world.apiserver.types.defaults import apply_defaults
from app.world.apiserver.types.names import random_suffix
from app.world.node.pod_status import ContainerState, PodState

if TYPE_CHECKING:
    from app.world.world import World

NAMESPACE = "kube-system"
_REGISTRY = "602401143452.dkr.ecr"
"""The account of EKS's own images in most regions (EKS user guide, "Amazon container image registries")."""
_TAG = "irsa-explorer"
"""No version is simulated."""


@dataclass(frozen=True, kw_only=True)
class _AddOn:
    name: str
    """The name of the workload and of its ServiceAccount, and the first part of the Pods' names."""
    app: str
    """The label `k8s-app`."""
    containers: tuple[tuple[str, str], ...]
    """Name and image."""
    replicas: int
    """How many Pods a Deployment has; 0 for a DaemonSet, whose Pods share the node's network."""


_ADD_ONS = (
    _AddOn(
        name="aws-node",
        app="aws-node",
        containers=(("aws-node", "amazon-k8s-cni"), ("aws-eks-nodeagent", "amazon/aws-network-policy-agent")),
        replicas=0,
    ),
    _AddOn(name="kube-proxy", app="kube-proxy", containers=(("kube-proxy", "eks/kube-proxy"),), replicas=0),
    _AddOn(name="coredns", app="kube-dns", containers=(("coredns", "eks/coredns"),), replicas=2),
)


async def fill(world: World) -> None:
    """Stores the ServiceAccounts, the workloads and their running Pods. Raises `ApiError`."""
    host_ip = ".".join(world.node_name.removeprefix("ip-").partition(".")[0].split("-"))
    addresses = iter(range(1, 10))  # the kubelet begins at 10
    for add_on in _ADD_ONS:
        metadata = {"name": add_on.name, "namespace": NAMESPACE, "labels": {"k8s-app": add_on.app}}
        world.cluster.put("serviceaccounts", {"metadata": metadata})
        if add_on.replicas:
            owner = _replica_set(world, add_on, metadata)
            for _ in range(add_on.replicas):
                _run(world, owner, owner["spec"]["template"], host_ip, f"192.168.64.{next(addresses)}")
            await replica_set.sync(world, NAMESPACE, owner["metadata"]["name"])
            await deployment.sync(world, NAMESPACE, add_on.name)
        else:
            body = _workload(world, "DaemonSet", add_on, metadata, {})
            owner = world.cluster.put("daemonsets", body)
            _run(world, owner, daemon_set.bound(owner["spec"]["template"], world.node_name), host_ip, host_ip)
            await daemon_set.sync(world, NAMESPACE, add_on.name)
    world.cluster.put("services", _name_server())
    await endpoints.sync(world, NAMESPACE, _name_server()["metadata"]["name"])


def _name_server() -> JsonObject:
    """The Service of CoreDNS, whose address each Pod has in its `/etc/resolv.conf`. By its labels, which are those of
    EKS, `kubectl cluster-info` finds it."""
    labels = {"k8s-app": "kube-dns", "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}
    labels["eks.amazonaws.com/component"] = "kube-dns"
    metadata = {"name": "kube-dns", "namespace": NAMESPACE, "labels": labels}
    ports = (("dns", "UDP", 53), ("dns-tcp", "TCP", 53), ("metrics", "TCP", 9153))
    service: JsonObject = {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": metadata,
        "spec": {
            "clusterIP": CLUSTER_DNS,
            "clusterIPs": [CLUSTER_DNS],
            "selector": {"k8s-app": "kube-dns"},
            "ports": [{"name": name, "protocol": protocol, "port": port} for name, protocol, port in ports],
        },
        "status": {"loadBalancer": {}},
    }
    apply_defaults(service)
    return service


def _workload(world: World, kind: str, add_on: _AddOn, metadata: JsonObject, more: JsonObject) -> JsonObject:
    images = [(name, f"{_REGISTRY}.{world.region}.amazonaws.com/{image}:{_TAG}") for name, image in add_on.containers]
    labels = {"k8s-app": add_on.app}
    pod = {
        "serviceAccountName": add_on.name,
        "containers": [{"name": name, "image": image} for name, image in images],
        **({} if add_on.replicas else {"hostNetwork": True}),
    }
    spec = {**more, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    body: JsonObject = {"kind": kind, "apiVersion": "apps/v1", "metadata": {**metadata, "generation": 1}, "spec": spec}
    apply_defaults(body)
    return body


def _replica_set(world: World, add_on: _AddOn, metadata: JsonObject) -> JsonObject:
    """The Deployment's first one, already with all its Pods."""
    body = _workload(world, "Deployment", add_on, metadata, {"replicas": add_on.replicas})
    owner = world.cluster.put("deployments", body)
    made: JsonObject = deployment.new_replica_set_of(owner, replicas=add_on.replicas)
    made |= {"kind": "ReplicaSet", "apiVersion": "apps/v1"}
    made["metadata"] |= {"namespace": NAMESPACE, "generation": 1, "ownerReferences": [reference_to(owner)]}
    return world.cluster.put("replicasets", made)


def _run(world: World, owner: JsonObject, template: JsonObject, host_ip: str, pod_ip: str) -> None:
    """A Pod of that workload, as if it had started."""
    pod: JsonObject = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": f"{owner['metadata']['name']}-{random_suffix()}",
            "namespace": NAMESPACE,
            "labels": template["metadata"]["labels"],
            "ownerReferences": [reference_to(owner)],
        },
        "spec": {**template["spec"], "nodeName": world.node_name},
    }
    apply_defaults(pod)
    now = world.clock.now()
    state = PodState(
        started=now, pod_ip=pod_ip, host_ip=host_ip, qos_class="BestEffort", restart_policy="Always", sandbox=True
    )
    for each in _containers(pod):
        each.start(now)
        state.containers.append(each)
    world.cluster.put("pods", {**pod, "status": state.status(now, sidecars=())})


def _containers(pod: JsonObject) -> Iterator[ContainerState]:
    for each in pod["spec"]["containers"]:
        yield ContainerState(name=each["name"], image=each["image"])
