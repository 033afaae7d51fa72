"""PUT, PATCH and apply."""

from __future__ import annotations

from collections.abc import Callable

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.admission.admission_review import Attributes
from app.world.apiserver.patching.managed_fields import record_update
from app.world.apiserver.registry import workloads
from app.world.apiserver.registry.operations.deletion import remove
from app.world.apiserver.registry.operations.write import WriteResult, admit
from app.world.apiserver.registry.preparation import (
    keep_system_fields,
    match_name,
    match_namespace,
    ordered,
    same,
    typed,
)
from app.world.apiserver.request.options import Options
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types import errors, names
from app.world.apiserver.types.defaults import apply_defaults
from app.world.apiserver.types.validation import validate

ATTEMPTS = 5
"""How often an update is tried when the object changes meanwhile."""
Change = Callable[[JsonObject], JsonObject]
"""From the stored object to the one that is to replace it, not yet typed."""


async def update_object(scope: RequestScope, name: str, change: Change, options: Options) -> WriteResult:
    """PUT, PATCH and apply: replaces the stored object by what `change` makes of it. Raises `ApiError`.

    A resource version that `change` leaves and that is not the stored one is a 409. Where another writer comes in
    between, it is tried again.
    """
    for _ in range(ATTEMPTS):
        try:
            return await _update_once(scope, name, change, options)
        except _Overtaken:
            continue
    raise errors.conflict(scope.resource, name, errors.MODIFIED)


class _Overtaken(Exception):
    """The object changed while webhooks were being asked."""


async def _update_once(scope: RequestScope, name: str, change: Change, options: Options) -> WriteResult:
    world, resource, namespace = scope.world, scope.resource, scope.namespace
    # (1) Make the new object.
    stored = world.cluster.read(resource.plural, namespace, name)
    old = stored.copy()
    version = old["metadata"]["resourceVersion"]
    obj, warnings = typed(change(stored.copy()), resource, options)
    metadata = obj.setdefault("metadata", {})
    match_name(metadata, name)
    match_namespace(metadata, resource, namespace)
    other_uid = metadata.get("uid") not in (None, old["metadata"]["uid"])
    if other_uid and not options.patched:
        why = (
            f"Precondition failed: UID in precondition: {metadata['uid']}, UID in object meta: {old['metadata']['uid']}"
        )
        raise errors.conflict(resource, name, why)
    if metadata.get("resourceVersion") not in (None, version):
        raise errors.conflict(resource, name, errors.MODIFIED)
    if other_uid:
        cause = names.invalid_value("metadata.uid", metadata["uid"], "field is immutable")
        raise errors.invalid(resource.kind, resource.group, name, [cause])
    # (2) What this request may not change stays as it is.
    keep_system_fields(old, obj, resource, scope.subresource)
    workloads.keep(world, resource, old, obj)
    apply_defaults(obj)
    now = timestamp(world.clock.now())
    if not options.applied:
        record_update(old, obj, manager=options.field_manager, subresource=scope.subresource, time=now)
    # (3) Admit and validate.
    attributes = Attributes(
        user=scope.user,
        resource=resource,
        subresource=scope.subresource,
        operation="UPDATE",
        namespace=namespace,
        name=name,
        dry_run=options.dry_run,
        old=old,
    )
    admitted, warned = await admit(world, attributes, obj)
    validate(resource, admitted, old, subresource=scope.subresource)
    # (4) Store, unless nothing changed.
    admitted["metadata"]["resourceVersion"] = version
    changing = {key: value for key, value in admitted.items() if key not in ("metadata", "status")}
    if resource.counts_generations and any(old.get(key) != value for key, value in changing.items()):
        admitted["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
    outcome = WriteResult(body=ordered(admitted, resource), warnings=(*warnings, *warned))
    current = world.cluster.read(resource.plural, namespace, name)
    if current.object["metadata"]["resourceVersion"] != version:
        raise _Overtaken
    if options.dry_run or same(admitted, old):
        return outcome
    if old["metadata"].get("deletionTimestamp") and not admitted["metadata"].get("finalizers"):
        remove(world, resource, namespace, name)
        return outcome
    return WriteResult(body=world.cluster.put(resource.plural, admitted, expect=version), warnings=outcome.warnings)
