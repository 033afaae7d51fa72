"""Which object belongs to which: `metadata.ownerReferences`, and what a DELETE does to those that belong to the object.

Source: k8s.io/apiserver `pkg/registry/generic/registry/store.go` (`deletionFinalizersForGarbageCollection`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.storage.stored import Stored

if TYPE_CHECKING:
    from app.world.world import World

FOREGROUND = "foregroundDeletion"
"""The finalizer of an object that waits for what belongs to it to go first."""
_DEPENDENT_KINDS = (
    *("pods", "replicasets", "controllerrevisions", "jobs", "endpointslices", "configmaps", "secrets", "services"),
)


def dependents(world: World, namespace: str, uid: str) -> Iterator[tuple[str, Stored]]:
    """What has an object among its owners, each with the plural name of its kind."""
    for plural in _DEPENDENT_KINDS:
        for stored in world.cluster.scan(plural, namespace):
            if uid in owners(stored.object):
                yield plural, stored


def has_dependents(world: World, namespace: str, uid: str) -> bool:
    """Whether an object is among the owners of any other."""
    return any(True for _ in dependents(world, namespace, uid))


def owners(body: JsonObject) -> list[str]:
    """The uids of an object's owners."""
    return [each.get("uid", "") for each in body["metadata"].get("ownerReferences", [])]


def disown(world: World, namespace: str, uid: str) -> None:
    """Takes an owner away from all that belongs to it: `--cascade=orphan`."""
    for plural, stored in list(dependents(world, namespace, uid)):
        body = stored.copy()
        metadata = body["metadata"]
        metadata["ownerReferences"] = [each for each in metadata["ownerReferences"] if each.get("uid") != uid]
        if not metadata["ownerReferences"]:
            del metadata["ownerReferences"]
        world.cluster.put(plural, body)
