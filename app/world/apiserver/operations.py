"""The verbs that write: the one path that HTTP requests and the scenario take, admission and webhooks included.

Each has the order of k8s.io/apiserver `pkg/endpoints/handlers/` and `pkg/registry/generic/registry/store.go`. A dry run
does all of it but the write. Whoever calls has been authorised.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.world.apiserver import admission, controllers, errors, webhooks
from app.world.apiserver.admission_review import Attributes
from app.world.apiserver.authentication import User
from app.world.apiserver.defaults import apply_defaults, quality_of_service
from app.world.apiserver.managed_fields import record_update
from app.world.apiserver.names import random_suffix
from app.world.apiserver.options import DeleteOptions, Options
from app.world.apiserver.preparation import (
    forget_system_fields,
    keep_system_fields,
    match_name,
    match_namespace,
    ordered,
    prepare_new,
    same,
    typed,
)
from app.world.apiserver.resources import RESOURCES, Resource
from app.world.apiserver.times import timestamp
from app.world.apiserver.validation import validate

if TYPE_CHECKING:
    from app.world.world import World

JsonObject = dict[str, Any]

ATTEMPTS = 5
"""How often an update is tried when the object changes meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a write led to."""

    body: JsonObject
    """The object as it is stored (or, of a dry run, would be)."""
    warnings: tuple[str, ...] = ()
    """For `Warning` headers."""
    created: bool = False


async def create(
    world: World, user: User, resource: str, namespace: str | None, body: JsonObject, *, dry_run: bool = False
) -> JsonObject:
    """Creates the object and returns what is stored; a dry run returns what would have been. Raises `ApiError`."""
    options = Options(dry_run=dry_run, field_manager="irsa-explorer")
    return (await create_object(world, user, RESOURCES[resource], namespace or "", body, options)).body


async def create_object(
    world: World,
    user: User,
    resource: Resource,
    namespace: str,
    body: JsonObject,
    options: Options,
    *,
    applied: bool = False,
) -> Outcome:
    """POST, or an apply to what does not exist yet: then `applied` says that field owners are settled.

    Raises `ApiError`.
    """
    # (1) Decode, default, and note who owns what.
    obj, warnings = typed(body, resource, options)
    metadata = obj.setdefault("metadata", {})
    if metadata.get("resourceVersion"):
        raise errors.bad_request("resourceVersion should not be set on objects to be created")
    match_namespace(metadata, resource, namespace)
    forget_system_fields(metadata)
    prepare_new(resource, obj)
    apply_defaults(obj)
    now = timestamp(world.clock.now())
    if not applied:
        metadata.pop("managedFields", None)
        record_update(None, obj, manager=options.field_manager, time=now)
    # (2) Admit.
    name = metadata.get("name", "")
    if resource.namespaced:
        admission.check_namespace(world, resource, namespace, name)
    attributes = Attributes(
        user=user, resource=resource, operation="CREATE", namespace=namespace, name=name, dry_run=options.dry_run
    )
    admitted, said = await _admit(world, attributes, obj)
    # (3) Name, date and validate.
    metadata = admitted["metadata"]
    if not name and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"][:58] + random_suffix()
    metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": now}
    if resource.plural == "mutatingwebhookconfigurations":
        metadata["generation"] = 1
    if resource.plural == "pods":
        admitted["status"] = {"phase": "Pending", "qosClass": quality_of_service(admitted["spec"])}
    validate(resource, admitted)
    # (4) Store.
    if options.dry_run:
        if world.cluster.find(resource.plural, namespace, metadata["name"]) is not None:
            raise errors.already_exists(resource, metadata["name"])
        return Outcome(body=ordered(admitted, resource), warnings=(*warnings, *said), created=True)
    if resource.namespaced:
        admission.check_namespace(world, resource, namespace, metadata["name"])
    stored = world.cluster.put(resource.plural, admitted, expect="")
    if resource.plural == "namespaces":
        controllers.fill_namespace(world, metadata["name"])
    return Outcome(body=stored, warnings=(*warnings, *said), created=True)


Change = Callable[[JsonObject], JsonObject]
"""From the stored object to the one that is to replace it, not yet typed."""


async def update_object(
    world: World,
    user: User,
    resource: Resource,
    namespace: str,
    name: str,
    change: Change,
    options: Options,
    *,
    subresource: str = "",
    applied: bool = False,
) -> Outcome:
    """PUT, PATCH and apply: replaces the stored object by what `change` makes of it. Raises `ApiError`.

    A resource version that `change` leaves and that is not the stored one is a 409. `applied` says that `change` has
    settled the field owners itself. Where another writer comes in between, it is tried again.
    """
    for _ in range(ATTEMPTS):
        try:
            return await _update_once(world, user, resource, namespace, name, change, options, subresource, applied)
        except _Overtaken:
            continue
    raise errors.conflict(resource, name, errors.MODIFIED)


class _Overtaken(Exception):
    """The object changed while webhooks were being asked."""


async def _update_once(
    world: World,
    user: User,
    resource: Resource,
    namespace: str,
    name: str,
    change: Change,
    options: Options,
    subresource: str,
    applied: bool,
) -> Outcome:
    # (1) Make the new object.
    stored = world.cluster.read(resource.plural, namespace, name)
    old = stored.copy()
    version = old["metadata"]["resourceVersion"]
    obj, warnings = typed(change(stored.copy()), resource, options)
    metadata = obj.setdefault("metadata", {})
    match_name(metadata, name)
    match_namespace(metadata, resource, namespace)
    if metadata.get("uid") not in (None, old["metadata"]["uid"]):
        why = (
            f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {old['metadata']['uid']}"
        )
        raise errors.conflict(resource, name, why)
    if metadata.get("resourceVersion") not in (None, version):
        raise errors.conflict(resource, name, errors.MODIFIED)
    # (2) What this request may not change stays as it is.
    keep_system_fields(old, obj, resource, subresource)
    apply_defaults(obj)
    now = timestamp(world.clock.now())
    if not applied:
        record_update(old, obj, manager=options.field_manager, subresource=subresource, time=now)
    # (3) Admit and validate.
    attributes = Attributes(
        user=user,
        resource=resource,
        subresource=subresource,
        operation="UPDATE",
        namespace=namespace,
        name=name,
        dry_run=options.dry_run,
        old=old,
    )
    admitted, said = await _admit(world, attributes, obj)
    validate(resource, admitted, old)
    # (4) Store, unless nothing changed.
    admitted["metadata"]["resourceVersion"] = version
    if resource.plural == "mutatingwebhookconfigurations" and admitted.get("webhooks") != old.get("webhooks"):
        admitted["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    outcome = Outcome(body=ordered(admitted, resource), warnings=(*warnings, *said))
    current = world.cluster.read(resource.plural, namespace, name)
    if current.object["metadata"]["resourceVersion"] != version:
        raise _Overtaken
    if options.dry_run or same(admitted, old):
        return outcome
    if old["metadata"].get("deletionTimestamp") and not admitted["metadata"].get("finalizers"):
        _remove(world, resource, namespace, name)
        return outcome
    return Outcome(body=world.cluster.put(resource.plural, admitted, expect=version), warnings=outcome.warnings)


async def delete_object(
    world: World, user: User, resource: Resource, namespace: str, name: str, options: DeleteOptions
) -> JsonObject:
    """DELETE: at once, unless finalizers hold the object; returns the object as it went. Raises `ApiError`."""
    stored = world.cluster.read(resource.plural, namespace, name)
    old = stored.copy()
    _check_preconditions(resource, name, old["metadata"], options)
    if resource.plural == "namespaces" and name in controllers.IMMORTAL_NAMESPACES:
        raise errors.forbidden(resource, name, "this namespace may not be deleted")
    attributes = Attributes(
        user=user,
        resource=resource,
        operation="DELETE",
        namespace=namespace,
        name=name,
        dry_run=options.dry_run,
        old=old,
    )
    await webhooks.mutate(world, attributes, None)
    current = world.cluster.get(resource.plural, namespace, name)
    _check_preconditions(resource, name, current["metadata"], options)
    leaving = {
        **current["metadata"],
        "deletionTimestamp": timestamp(world.clock.now()),
        "deletionGracePeriodSeconds": 0,
    }
    gone = {**current, "metadata": leaving}
    if resource.plural == "namespaces":
        gone["status"] = {"phase": "Terminating"}
    if options.dry_run:
        return gone
    if current["metadata"].get("finalizers"):
        already = current["metadata"].get("deletionTimestamp")
        return current if already else world.cluster.put(resource.plural, gone)
    _remove(world, resource, namespace, name)
    return gone


async def _admit(world: World, attributes: Attributes, obj: JsonObject) -> tuple[JsonObject, list[str]]:
    new_pod = attributes.resource.plural == "pods" and attributes.operation == "CREATE"

    def plugins(pod: JsonObject) -> None:
        if new_pod:
            admission.admit_pod(world, pod)

    plugins(obj)
    admitted, said = await webhooks.mutate(world, attributes, obj, plugins)
    return admitted or obj, said


def _check_preconditions(resource: Resource, name: str, metadata: JsonObject, options: DeleteOptions) -> None:
    for told, wanted, field in (
        ("UID", options.uid, "uid"),
        ("ResourceVersion", options.resource_version, "resourceVersion"),
    ):
        if wanted and metadata[field] != wanted:
            why = f"Precondition failed: {told} in precondition: {wanted}, {told} in object meta: {metadata[field]}"
            raise errors.conflict(resource, name, why)


def _remove(world: World, resource: Resource, namespace: str, name: str) -> None:
    if resource.plural == "namespaces":
        controllers.empty_namespace(world, name)
    world.cluster.delete(resource.plural, namespace, name)
    if resource.plural in ("serviceaccounts", "configmaps"):
        controllers.fill_namespace(world, namespace)
