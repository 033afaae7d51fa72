"""The cluster's objects: ServiceAccount, webhook, Pod. All by the verbs of the API server, as an administrator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.webhook import CONFIGURATION
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.apiserver.request.options import Options
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types.codec import decode_typed
from app.world.apiserver.types.defaults import apply_defaults
from app.world.apiserver.types.resources import RESOURCES, Resource
from app.world.edits.edited_json import member, only, same_name
from app.world.edits.refusal import EditRefused
from app.world.lifecycle.world_operations import delete, pod_of
from app.world.setup.owner_manifest import written

if TYPE_CHECKING:
    from app.world.world import World

_METADATA = ("name", "namespace", "labels", "annotations")
_MEMBERS = {
    "serviceaccounts": ("automountServiceAccountToken", "imagePullSecrets"),
    "mutatingwebhookconfigurations": ("webhooks",),
    "pods": ("spec",),
}
"""What can be edited of an object, beside its metadata."""
_EDITOR = Options(field_manager="kubectl-edit")


def service_account(world: World) -> JsonObject | None:
    """The ServiceAccount, without the fields that only the server writes."""
    return _shown(world, "serviceaccounts", world.chain.service_account)


async def write_service_account(world: World, document: JsonObject, typed: str) -> None:
    """PUT, or POST where there is none. Its Pods stay as they are."""
    await _write(world, "serviceaccounts", world.chain.service_account, document)


def webhook(world: World) -> JsonObject | None:
    """The webhook's registration."""
    return _shown(world, "mutatingwebhookconfigurations", CONFIGURATION)


async def write_webhook(world: World, document: JsonObject, typed: str) -> None:
    """PUT, or POST where there is none."""
    await _write(world, "mutatingwebhookconfigurations", CONFIGURATION, document)


def pod(world: World) -> JsonObject | None:
    """The Pod as its owner wrote it: what the webhook adds comes by itself."""
    stored = world.cluster.find("pods", *pod_of(world))
    return None if stored is None else {"apiVersion": "v1", "kind": "Pod", **_without_defaults(written(stored.copy()))}


async def write_pod(world: World, document: JsonObject, typed: str) -> None:
    """DELETE and POST: hardly anything of a Pod can be changed while it lives."""
    namespace, name = pod_of(world)
    _check(world, RESOURCES["pods"], name, document)
    if world.cluster.find("pods", namespace, name) is not None:
        await delete(world, "pods", namespace, name)
    await operations.create_object(RequestScope(world, ADMIN, RESOURCES["pods"], namespace), document, _EDITOR)


def _shown(world: World, plural: str, name: str) -> JsonObject | None:
    resource = RESOURCES[plural]
    stored = world.cluster.find(plural, _namespace(world, resource), name)
    if stored is None:
        return None
    document = stored.copy()
    metadata = {key: value for key, value in document["metadata"].items() if key in _METADATA}
    members = {key: value for key, value in document.items() if key in _MEMBERS[plural]}
    return {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, **members}


def _without_defaults(pod: JsonObject) -> JsonObject:
    """The manifest without what the API server would write into it anyway."""
    bare = _bare(pod["spec"], "serviceAccountName")
    for member_name in ("containers", "initContainers"):
        if member_name in pod["spec"]:
            bare[member_name] = [_bare(container, "image") for container in pod["spec"][member_name]]
    defaulted = json.loads(json.dumps(bare))
    apply_defaults({"kind": "Pod", "spec": defaulted})
    _drop_added(pod["spec"], bare, defaulted)
    for member_name in bare.keys() & {"containers", "initContainers"}:
        for parts in zip(pod["spec"][member_name], bare[member_name], defaulted[member_name], strict=True):
            _drop_added(*parts)
    return pod


def _bare(part: JsonObject, decisive: str) -> JsonObject:
    """Only the member on which defaults depend."""
    return {decisive: part[decisive]} if decisive in part else {}


def _drop_added(part: JsonObject, bare: JsonObject, defaulted: JsonObject) -> None:
    for name in defaulted.keys() - bare.keys():
        if part.get(name) == defaulted[name]:
            del part[name]


async def _write(world: World, plural: str, name: str, document: JsonObject) -> None:
    resource = RESOURCES[plural]
    _check(world, resource, name, document)
    scope = RequestScope(world, ADMIN, resource, _namespace(world, resource))
    if world.cluster.find(plural, scope.namespace, name) is None:
        await operations.create_object(scope, document, _EDITOR)
        return

    def change(stored: JsonObject) -> JsonObject:
        kept = {key: value for key, value in stored.items() if key not in _MEMBERS[plural]}
        metadata = {key: value for key, value in stored["metadata"].items() if key not in _METADATA}
        return {**kept, **document, "metadata": {**metadata, **document["metadata"]}}

    await operations.update_object(scope, name, change, _EDITOR)


def _check(world: World, resource: Resource, name: str, document: JsonObject) -> None:
    """Checks that the document has what may be edited, and nothing else.

    Raises `EditRefused`, and `ApiError` for a value of a wrong type.
    """
    only(document, "", "apiVersion", "kind", "metadata", *_MEMBERS[resource.plural])
    metadata = member(document, "", "metadata", dict)
    only(metadata, "metadata", *(key for key in _METADATA if resource.namespaced or key != "namespace"))
    same_name(member(metadata, "metadata", "name", str), name, "metadata.name")
    if resource.namespaced:
        namespace = member(metadata, "metadata", "namespace", str)
        same_name(namespace, world.chain.namespace, "metadata.namespace")
    for field in decode_typed(document, resource)[1]:
        raise EditRefused("unknown_field", got=field.rpartition(".")[2], where=field)


def _namespace(world: World, resource: Resource) -> str:
    return world.chain.namespace if resource.namespaced else ""
