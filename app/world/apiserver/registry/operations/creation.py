"""POST, and what else creates an object."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.admission import plugins
from app.world.apiserver.admission.admission_review import Attributes
from app.world.apiserver.auth.authentication import User
from app.world.apiserver.patching.managed_fields import record_update
from app.world.apiserver.registry import bootstrap, workloads
from app.world.apiserver.registry.operations.write import WriteResult, admit
from app.world.apiserver.registry.preparation import (
    SCHEDULING_GATED,
    forget_system_fields,
    match_namespace,
    ordered,
    prepare_new,
    typed,
)
from app.world.apiserver.request.options import Options
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types import errors
from app.world.apiserver.types.defaults import apply_defaults, quality_of_service
from app.world.apiserver.types.names import random_suffix
from app.world.apiserver.types.resources import RESOURCES
from app.world.apiserver.types.validation import validate

if TYPE_CHECKING:
    from app.world.world import World


async def create(world: World, user: User, resource: str, namespace: str | None, body: JsonObject) -> JsonObject:
    """Creates the object and returns what is stored. Raises `ApiError`."""
    options = Options(field_manager="irsa-explorer")
    return (await create_object(RequestScope(world, user, RESOURCES[resource], namespace or ""), body, options)).body


async def create_object(scope: RequestScope, body: JsonObject, options: Options) -> WriteResult:
    """POST, or an apply to what does not exist yet. Raises `ApiError`."""
    world, resource, namespace = scope.world, scope.resource, scope.namespace
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
    if not options.applied:
        metadata.pop("managedFields", None)
        record_update(None, obj, manager=options.field_manager, time=now)
    workloads.complete(world, resource, obj)
    uid = metadata.get("uid") or str(uuid.uuid4())  # a Job selects its Pods by it
    # (2) Admit.
    name = metadata.get("name", "")
    if resource.namespaced:
        plugins.check_namespace(world, resource, namespace, name)
    attributes = Attributes(
        user=scope.user,
        resource=resource,
        operation="CREATE",
        namespace=namespace,
        name=name,
        dry_run=options.dry_run,
    )
    admitted, warned = await admit(world, attributes, obj)
    # (3) Name, date and validate.
    metadata = admitted["metadata"]
    if not name and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"][:58] + random_suffix()
    metadata |= {"uid": uid, "creationTimestamp": now}
    if resource.counts_generations:
        metadata["generation"] = 1
    if resource.plural == "pods":
        admitted["status"] = {"phase": "Pending", "qosClass": quality_of_service(admitted["spec"])}
        if admitted["spec"].get("schedulingGates"):
            admitted["status"]["conditions"] = [SCHEDULING_GATED]
    validate(resource, admitted)
    # (4) Store.
    if options.dry_run:
        if world.cluster.find(resource.plural, namespace, metadata["name"]) is not None:
            raise errors.already_exists(resource, metadata["name"])
        return WriteResult(body=ordered(admitted, resource), warnings=(*warnings, *warned), created=True)
    if resource.namespaced:
        plugins.check_namespace(world, resource, namespace, metadata["name"])
    stored = world.cluster.put(resource.plural, admitted, expect="")
    if resource.plural == "namespaces":
        bootstrap.fill_namespace(world, metadata["name"])
    return WriteResult(body=stored, warnings=(*warnings, *warned), created=True)
