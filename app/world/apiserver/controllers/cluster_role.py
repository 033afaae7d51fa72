"""Aggregated ClusterRoles: each has the rules of those that it selects (`pkg/controller/clusterroleaggregation`)."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.types.selectors import matches_selector

if TYPE_CHECKING:
    from app.world.world import World


async def sync(world: World, _: str, name: str) -> None:
    """Writes the rules of a ClusterRole that has an `aggregationRule`. Raises `ApiError`."""
    stored = world.cluster.find("clusterroles", "", name)
    if stored is None or "aggregationRule" not in stored.object:
        return
    found: dict[str, JsonObject] = {}
    for selector in stored.object["aggregationRule"].get("clusterRoleSelectors", []):
        await asyncio.sleep(0)  # other worlds get their turn in between
        for role in (each.object for each in world.cluster.scan("clusterroles")):  # by name
            metadata = role["metadata"]
            if metadata["name"] != name and matches_selector(selector, metadata.get("labels", {})):
                for rule in role.get("rules", []):
                    found.setdefault(json.dumps(rule, sort_keys=True), rule)
    current, rules = world.cluster.find("clusterroles", "", name), list(found.values())
    if current is not None and current.object.get("rules", []) != rules:
        world.cluster.put("clusterroles", {**current.copy(), "rules": rules})
