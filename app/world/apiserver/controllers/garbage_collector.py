"""Deletes objects whose owner is gone (`pkg/controller/garbagecollector`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.world.apiserver.controllers.owned import Writer
from app.world.apiserver.registry.ownership import FOREGROUND, dependents

if TYPE_CHECKING:
    from app.world.world import World

OWNERS = ("daemonsets", "deployments", "jobs", "replicasets", "statefulsets")
"""The kinds that own other objects."""


async def collect(world: World, namespace: str, uid: str) -> None:
    """Deletes the objects of an owner that is gone, unless they have another owner. Raises `ApiError`."""
    writer = Writer(world, "generic-garbage-collector")
    for plural, body in dependents(world, namespace, uid):
        left = [each for each in body["metadata"]["ownerReferences"] if each.get("uid") != uid]
        if left:
            world.cluster.put(plural, {**body, "metadata": {**body["metadata"], "ownerReferences": left}})
        else:
            await writer.delete(plural, body)


async def finish_foreground(world: World, plural: str, namespace: str, name: str) -> None:
    """Deletes the objects of an owner that is being deleted in the foreground, and then the owner. Raises
    `ApiError`."""
    stored = world.cluster.find(plural, namespace, name)
    if stored is None or FOREGROUND not in stored.object["metadata"].get("finalizers", []):
        return
    writer, body = Writer(world, "generic-garbage-collector"), stored.copy()
    for kind, dependent in dependents(world, namespace, body["metadata"]["uid"]):
        if not dependent["metadata"].get("deletionTimestamp"):
            await writer.delete(kind, dependent, foreground=kind in OWNERS)
    if not dependents(world, namespace, body["metadata"]["uid"]):
        finalizers = [each for each in body["metadata"]["finalizers"] if each != FOREGROUND]
        if finalizers:
            world.cluster.put(plural, {**body, "metadata": {**body["metadata"], "finalizers": finalizers}})
        elif world.cluster.find(plural, namespace, name) is not None:
            world.cluster.delete(plural, namespace, name)
