"""DELETE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.admission import webhooks
from app.world.apiserver.admission.admission_review import Attributes
from app.world.apiserver.registry import bootstrap
from app.world.apiserver.registry.ownership import FOREGROUND, disown, has_dependents
from app.world.apiserver.request.options import DeleteOptions
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types import errors
from app.world.apiserver.types.resources import Resource

if TYPE_CHECKING:
    from app.world.world import World


async def delete_object(scope: RequestScope, name: str, options: DeleteOptions) -> JsonObject:
    """DELETE: at once, unless finalizers hold the object; returns the object as it went. Raises `ApiError`."""
    world, resource, namespace = scope.world, scope.resource, scope.namespace
    stored = world.cluster.read(resource.plural, namespace, name)
    old = stored.copy()
    _check_preconditions(resource, name, old["metadata"], options)
    if resource.plural == "namespaces" and name in bootstrap.IMMORTAL_NAMESPACES:
        raise errors.forbidden(resource, name, "this namespace may not be deleted")
    attributes = Attributes(
        user=scope.user,
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
    uid = current["metadata"]["uid"]
    if options.propagation == "Orphan":
        disown(world, namespace, uid)
    elif options.propagation == "Foreground" and has_dependents(world, namespace, uid):
        leaving["finalizers"] = [*leaving.get("finalizers", []), FOREGROUND]
        current["metadata"]["finalizers"] = leaving["finalizers"]
    if current["metadata"].get("finalizers"):
        already = current["metadata"].get("deletionTimestamp")
        return current if already else world.cluster.put(resource.plural, gone)
    remove(world, resource, namespace, name)
    return gone


def _check_preconditions(resource: Resource, name: str, metadata: JsonObject, options: DeleteOptions) -> None:
    """Raises `ApiError` 409, in the words of k8s.io/apiserver `pkg/registry/rest/delete.go`."""
    for label, wanted, field, what in (
        ("UID", options.uid, "uid", "deleted and then recreated"),
        ("ResourceVersion", options.resource_version, "resourceVersion", "modified"),
    ):
        if wanted and metadata[field] != wanted:
            why = (
                f"the {label} in the precondition ({wanted}) does not match the {label} in record ({metadata[field]}). "
                f"The object might have been {what}"
            )
            kind = f"{resource.kind}.{resource.group}" if resource.group else resource.kind
            details = {"name": name, "kind": resource.kind} | ({"group": resource.group} if resource.group else {})
            message = f'Operation cannot be fulfilled on {kind} "{name}": {why}'
            raise errors.ApiError(409, "Conflict", message, details)


def remove(world: World, resource: Resource, namespace: str, name: str) -> None:
    """Takes an object out of the store, a namespace with all in it. Makes again what each of them has."""
    if resource.plural == "namespaces":
        bootstrap.empty_namespace(world, name)
    world.cluster.delete(resource.plural, namespace, name)
    if resource.plural in ("serviceaccounts", "configmaps"):
        bootstrap.fill_namespace(world, namespace)
    elif resource.plural == "services":
        bootstrap.ensure_own_service(world)
