"""What EKS runs in the namespace `kube-system` of a new cluster: three add-ons, as objects. Their programs do not run.

Source: EKS user guide, "Amazon EKS add-ons": a cluster has the Amazon VPC CNI plugin, kube-proxy and CoreDNS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
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
    """Of the ServiceAccount, and the first part of the Pods' names."""
    app: str
    """The label `k8s-app`."""
    containers: tuple[tuple[str, str], ...]
    """Name and image."""
    pods: tuple[str, ...]
    """What ends the name of each Pod, without what is random."""
    on_host: bool
    """Whether they share the node's network."""


_ADD_ONS = (
    _AddOn(
        name="aws-node",
        app="aws-node",
        containers=(("aws-node", "amazon-k8s-cni"), ("aws-eks-nodeagent", "amazon/aws-network-policy-agent")),
        pods=("",),
        on_host=True,
    ),
    _AddOn(
        name="kube-proxy",
        app="kube-proxy",
        containers=(("kube-proxy", "eks/kube-proxy"),),
        pods=("",),
        on_host=True,
    ),
    _AddOn(
        name="coredns",
        app="kube-dns",
        containers=(("coredns", "eks/coredns"),),
        pods=("7bf648ff5d-", "7bf648ff5d-"),
        on_host=False,
    ),
)


def fill(world: World) -> None:
    """Stores the ServiceAccounts and the running Pods. Other objects of a new cluster are added here."""
    host_ip = ".".join(world.node_name.removeprefix("ip-").partition(".")[0].split("-"))
    addresses = iter(range(1, 10))  # the kubelet begins at 10
    for add_on in _ADD_ONS:
        metadata = {"name": add_on.name, "namespace": NAMESPACE, "labels": {"k8s-app": add_on.app}}
        world.cluster.put("serviceaccounts", {"metadata": metadata})
        for middle in add_on.pods:
            pod_ip = host_ip if add_on.on_host else f"192.168.64.{next(addresses)}"
            world.cluster.put("pods", _pod(world, add_on, middle, host_ip=host_ip, pod_ip=pod_ip))


def _pod(world: World, add_on: _AddOn, middle: str, *, host_ip: str, pod_ip: str) -> JsonObject:
    images = {name: f"{_REGISTRY}.{world.region}.amazonaws.com/{image}:{_TAG}" for name, image in add_on.containers}
    pod: JsonObject = {
        "kind": "Pod",
        "apiVersion": "v1",
        "metadata": {
            "name": f"{add_on.name}-{middle}{random_suffix()}",
            "namespace": NAMESPACE,
            "labels": {"k8s-app": add_on.app},
        },
        "spec": {
            "serviceAccountName": add_on.name,
            "nodeName": world.node_name,
            "containers": [{"name": name, "image": image} for name, image in images.items()],
            **({"hostNetwork": True} if add_on.on_host else {}),
        },
    }
    apply_defaults(pod)
    now = world.clock.now()
    state = PodState(
        started=now, pod_ip=pod_ip, host_ip=host_ip, qos_class="BestEffort", restart_policy="Always", sandbox=True
    )
    for name, image in images.items():
        container = ContainerState(name=name, image=image)
        container.start(now)
        state.containers.append(container)
    return {**pod, "status": state.status(now)}
