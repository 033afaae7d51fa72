"""What all writes share: their admission, by the in-tree plugins and then the webhooks, and what they lead to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.apiserver.admission import plugins, webhooks
from app.world.apiserver.admission.admission_review import Attributes
from app.world.apiserver.auth.escalation import refuse_escalation

if TYPE_CHECKING:
    from app.world.world import World


async def admit(world: World, attributes: Attributes, obj: JsonObject) -> tuple[JsonObject, list[str]]:
    """The object as admitted, and the webhooks' warnings. Raises `ApiError`."""
    new_pod = attributes.resource.plural == "pods" and attributes.operation == "CREATE"

    def admit_pod(pod: JsonObject) -> None:
        if new_pod:
            plugins.admit_pod(world, pod)
        elif attributes.resource.plural == "pods" and not attributes.subresource:
            plugins.default_tolerations(pod["spec"])

    admit_pod(obj)
    if attributes.resource.plural == "mutatingwebhookconfigurations":
        webhooks.check_room(world, obj)
    admitted, warned = await webhooks.mutate(world, attributes, obj, admit_pod)
    refuse_escalation(world, attributes.user, attributes.resource, admitted or obj, attributes.old)
    return admitted or obj, warned


@dataclass(frozen=True, kw_only=True)
class WriteResult:
    """What a write led to."""

    body: JsonObject
    """The object as it is stored (or, of a dry run, would be)."""
    warnings: tuple[str, ...] = ()
    """For `Warning` headers."""
    created: bool = False
