"""The verbs on stored objects: the one path that HTTP requests, the kubelet and the scenario take."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from app.world.apiserver import errors
from app.world.apiserver.authentication import User
from app.world.apiserver.resources import RESOURCES
from app.world.apiserver.state import timestamp

if TYPE_CHECKING:
    from app.world.world import World

JsonObject = dict[str, Any]


async def create(
    world: World, user: User, resource: str, namespace: str | None, body: JsonObject, *, dry_run: bool = False
) -> JsonObject:
    """Creates the object and returns what is stored; a dry run returns what would have been."""
    served = RESOURCES[resource]
    metadata = dict(body.get("metadata") or {})
    if served.namespaced:
        metadata["namespace"] = namespace
        if world.cluster.find("namespaces", None, namespace or "") is None:
            raise errors.not_found(RESOURCES["namespaces"], namespace or "")
    metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": timestamp(world.clock.now())}
    body = {**body, "kind": served.kind, "apiVersion": served.api_version, "metadata": metadata}
    return body if dry_run else world.cluster.put(resource, body, expect="")
