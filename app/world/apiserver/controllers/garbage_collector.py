"""Deletes objects whose owner is gone (`pkg/controller/garbagecollector`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.controllers.owned import Writer
from app.world.apiserver.registry.ownership import FOREGROUND, dependents, has_dependents, owners
from app.world.apiserver.storage.stored import key_of

if TYPE_CHECKING:
    from app.world.world import World

OWNERS = ("daemonsets", "deployments", "jobs", "replicasets", "statefulsets")
"""The kinds that own other objects."""


async def collect(world: World, namespace: str, uid: str) -> None:
    """Deletes the objects of an owner that is gone, unless they have another owner. Raises `ApiError`."""
    writer = Writer(world, "generic-garbage-collector")
    async for plural, body in _one_by_one(world, namespace, uid):
        left = [each for each in body["metadata"]["ownerReferences"] if each.get("uid") != uid]
        if left:
            world.cluster.put(plural, {**body, "metadata": {**body["metadata"], "ownerReferences": left}})
        else:
            await writer.delete(plural, body)


async def _one_by_one(world: World, namespace: str, uid: str) -> AsyncIterator[tuple[str, JsonObject]]:
    """Copies of what an object owns, each as it is once others have had their turn."""
    for plural, key in [(plural, key_of(stored.object)) for plural, stored in dependents(world, namespace, uid)]:
        await asyncio.sleep(0)
        stored = world.cluster.find(plural, *key)
        if stored is not None and uid in owners(stored.object):
            yield plural, stored.copy()


async def finish_foreground(world: World, plural: str, namespace: str, name: str) -> None:
    """Deletes the objects of an owner that is being deleted in the foreground, and then the owner. Raises
    `ApiError`."""
    stored = world.cluster.find(plural, namespace, name)
    if stored is None or FOREGROUND not in stored.object["metadata"].get("finalizers", []):
        return
    writer, uid = Writer(world, "generic-garbage-collector"), stored.object["metadata"]["uid"]
    async for kind, dependent in _one_by_one(world, namespace, uid):
        if not dependent["metadata"].get("deletionTimestamp"):
            await writer.delete(kind, dependent, foreground=kind in OWNERS)
    stored = world.cluster.find(plural, namespace, name)
    if stored is not None and stored.object["metadata"]["uid"] == uid and not has_dependents(world, namespace, uid):
        body = stored.copy()
        finalizers = [each for each in body["metadata"].get("finalizers", []) if each != FOREGROUND]
        if finalizers:
            world.cluster.put(plural, {**body, "metadata": {**body["metadata"], "finalizers": finalizers}})
        else:
            world.cluster.delete(plural, namespace, name)
