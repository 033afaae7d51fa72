"""What every cluster has: namespaces with a ServiceAccount `default` and the root CA, a node, roles, one Service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.world.apiserver.registry.default_objects import default_roles, kubernetes_service, node
from app.world.apiserver.types.resources import RESOURCES

if TYPE_CHECKING:
    from app.world.world import World

INITIAL_NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
IMMORTAL_NAMESPACES = frozenset({"default", "kube-public", "kube-system"})
"""What may not be deleted (`plugin/pkg/admission/namespace/lifecycle`)."""


def bootstrap(world: World) -> None:
    """Creates the namespaces that every cluster has, with their contents. The first thing to do in a new world."""
    for name in INITIAL_NAMESPACES:
        labels = {"kubernetes.io/metadata.name": name}
        namespace = {"metadata": {"name": name, "labels": labels}, "spec": {"finalizers": ["kubernetes"]}}
        world.cluster.put("namespaces", {**namespace, "status": {"phase": "Active"}})
        fill_namespace(world, name)
    world.cluster.put("nodes", node(world))
    for resource, body in default_roles():
        world.cluster.put(resource, body)
    ensure_own_service(world)


def ensure_own_service(world: World) -> None:
    """Creates the API server's own Service where it is missing (`pkg/controlplane/controller/kubernetesservice`)."""
    for resource, body in kubernetes_service():
        if world.cluster.find(resource, body["metadata"]["namespace"], body["metadata"]["name"]) is None:
            world.cluster.put(resource, body)


def fill_namespace(world: World, namespace: str) -> None:
    """Creates what a namespace must have and lacks: ServiceAccount `default`, ConfigMap `kube-root-ca.crt`."""
    if world.cluster.find("serviceaccounts", namespace, "default") is None:
        world.cluster.put("serviceaccounts", {"metadata": {"name": "default", "namespace": namespace}})
    if world.cluster.find("configmaps", namespace, "kube-root-ca.crt") is None:
        description = (
            "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as "
            "the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of "
            "Kubernetes clusters."
        )
        metadata = {
            "name": "kube-root-ca.crt",
            "namespace": namespace,
            "annotations": {"kubernetes.io/description": description},
        }
        world.cluster.put("configmaps", {"metadata": metadata, "data": {"ca.crt": world.root_ca_pem.decode()}})


def empty_namespace(world: World, namespace: str) -> None:
    """Removes all that is in a namespace, what makes Pods first, then Pods."""

    def turn(plural: str) -> tuple[bool, bool]:
        return RESOURCES[plural].group not in ("apps", "batch"), plural != "pods"

    for resource in sorted((plural for plural, kind in RESOURCES.items() if kind.namespaced), key=turn):
        for stored in list(world.cluster.scan(resource, namespace)):
            world.cluster.delete(resource, namespace, stored.object["metadata"]["name"])
