"""ControllerRevisions: the templates that a DaemonSet or StatefulSet has had, for `kubectl rollout history` and `undo`.

Source: `pkg/controller/history/controller_history.go`, `pkg/controller/daemon/update.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.controllers.owned import REVISION_LABEL, Writer, owned

if TYPE_CHECKING:
    from app.world.world import World

PLURAL = "controllerrevisions"


async def record(world: World, writer: Writer, owner: JsonObject, name: str, label: JsonObject) -> None:
    """Records the present template as the newest revision, under this name and with this label, and removes those that
    are too old. Raises `ApiError`."""
    metadata, spec = owner["metadata"], owner["spec"]
    found = sorted(owned(world, PLURAL, owner), key=lambda each: int(each.get("revision", 0)))
    newest = found[-1].get("revision", 0) if found else 0
    current = next((each for each in found if each["metadata"]["name"] == name), None)
    if current is None:
        labels = {**spec["template"].get("metadata", {}).get("labels", {}), **label}
        made = {"name": name, "labels": labels, "annotations": metadata.get("annotations", {})}
        data = {"spec": {"template": {**spec["template"], "$patch": "replace"}}}
        await writer.create(PLURAL, owner, {"metadata": made, "data": data, "revision": newest + 1})
    elif current.get("revision", 0) < newest:
        world.cluster.put(PLURAL, {**current, "revision": newest + 1})
    used = {pod["metadata"].get("labels", {}).get(REVISION_LABEL) for pod in owned(world, "pods", owner)}
    prefix = f"{metadata['name']}-"
    others = [each for each in found if each["metadata"]["name"] != name]
    idle = [it for it in others if not used & {it["metadata"]["name"], it["metadata"]["name"].removeprefix(prefix)}]
    for each in idle[: max(len(idle) - spec["revisionHistoryLimit"], 0)]:
        await writer.delete(PLURAL, each)
