"""Which object belongs to which: `metadata.ownerReferences`, and what a DELETE does to those that belong to the object.

Source: k8s.io/apiserver `pkg/registry/generic/registry/store.go` (`deletionFinalizersForGarbageCollection`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject

if TYPE_CHECKING:
    from app.world.world import World

FOREGROUND = "foregroundDeletion"
"""The finalizer of an object that waits for what belongs to it to go first."""
_DEPENDENT_KINDS = ("pods", "replicasets", "jobs", "endpointslices", "configmaps", "secrets", "services")


def dependents(world: World, namespace: str, uid: str) -> list[tuple[str, JsonObject]]:
    """Copies of what has an object among its owners, each with the plural name of its kind."""
    return [
        (plural, stored.copy())
        for plural in _DEPENDENT_KINDS
        for stored in world.cluster.scan(plural, namespace)
        if any(each.get("uid") == uid for each in stored.object["metadata"].get("ownerReferences", []))
    ]


def disown(world: World, namespace: str, uid: str) -> None:
    """Takes an owner away from all that belongs to it: `--cascade=orphan`."""
    for plural, body in dependents(world, namespace, uid):
        metadata = body["metadata"]
        metadata["ownerReferences"] = [each for each in metadata["ownerReferences"] if each.get("uid") != uid]
        if not metadata["ownerReferences"]:
            del metadata["ownerReferences"]
        world.cluster.put(plural, body)
