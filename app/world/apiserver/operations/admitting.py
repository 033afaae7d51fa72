"""Admission of a write: the in-tree plugins, then the webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver import admission, webhooks
from app.world.apiserver.admission_review import Attributes

if TYPE_CHECKING:
    from app.world.world import World


async def admit(world: World, attributes: Attributes, obj: JsonObject) -> tuple[JsonObject, list[str]]:
    """The object as admitted, and the webhooks' warnings. Raises `ApiError`."""
    new_pod = attributes.resource.plural == "pods" and attributes.operation == "CREATE"

    def plugins(pod: JsonObject) -> None:
        if new_pod:
            admission.admit_pod(world, pod)

    plugins(obj)
    if attributes.resource.plural == "mutatingwebhookconfigurations":
        webhooks.check_room(world, obj)
    admitted, said = await webhooks.mutate(world, attributes, obj, plugins)
    return admitted or obj, said
