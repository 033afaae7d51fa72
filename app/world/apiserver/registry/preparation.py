"""What a write does to an object before admission sees it: types, names, and what no client may decide.

Source: k8s.io/apiserver `pkg/registry/rest/{create,update,meta}.go` and the strategies in `pkg/registry/core/`.
"""

from __future__ import annotations

import json

from app.flow.model import JsonObject
from app.world.apiserver.request.options import Options
from app.world.apiserver.types import errors
from app.world.apiserver.types.codec import check_shape, decode_typed
from app.world.apiserver.types.resources import Resource

SCHEDULING_GATED: JsonObject = {
    **{"type": "PodScheduled", "status": "False", "lastProbeTime": None, "lastTransitionTime": None},
    **{"reason": "SchedulingGated", "message": "Scheduling is blocked due to non-empty scheduling gates"},
}
"""The condition of a new Pod that has `schedulingGates` (`pkg/registry/core/pod/strategy.go`)."""


def typed(body: JsonObject, resource: Resource, options: Options) -> tuple[JsonObject, list[str]]:
    """The typed object, and a warning for each unknown field. Raises `ApiError` 400, also for those if `Strict`.

    Raises `ApiError` 413 and 422 for too large an object.
    """
    check_shape(body)
    obj, unknown = decode_typed(body, resource)
    warnings = [f'unknown field "{path}"' for path in unknown]
    if warnings and options.field_validation == "Strict":
        reason = f"strict decoding error: {', '.join(warnings)}"
        kind = resource.kind
        raise errors.bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {reason}')
    return obj, warnings if options.field_validation == "Warn" else []


def prepare_new(resource: Resource, obj: JsonObject) -> None:
    """What a creator cannot decide: the status, and a namespace's finalizer."""
    obj.pop("status", None)
    if resource.plural == "namespaces":
        obj["spec"] = {"finalizers": ["kubernetes"]}
        obj["status"] = {"phase": "Active"}


def forget_system_fields(metadata: JsonObject) -> None:
    """Drops what only the server sets, of a new object (`WipeObjectMetaSystemFields`)."""
    for field in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"):
        metadata.pop(field, None)


def match_namespace(metadata: JsonObject, resource: Resource, namespace: str) -> None:
    """Sets the namespace that the URL names. Raises `ApiError` 400 where the object names another."""
    if not resource.namespaced:
        metadata.pop("namespace", None)
    elif metadata.setdefault("namespace", namespace) != namespace:
        sentence = "the namespace of the provided object does not match the namespace sent on the request"
        raise errors.bad_request(sentence)


def match_name(metadata: JsonObject, name: str) -> None:
    """Sets the name that the URL gives. Raises `ApiError` 400 where the object has another."""
    if metadata.setdefault("name", name) != name:
        raise errors.bad_request(
            f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
        )


def keep_system_fields(old: JsonObject, new: JsonObject, resource: Resource, subresource: str) -> None:
    """An update of a subresource changes that alone, any other update all but the status; neither the object's
    identity."""
    if subresource:
        changed: JsonObject = {"status": new.get("status", {})}
        if subresource == "ephemeralcontainers":
            added = new.get("spec", {}).get("ephemeralContainers", [])
            rest = {key: value for key, value in old["spec"].items() if key != "ephemeralContainers"}
            changed = {"spec": rest | ({"ephemeralContainers": added} if added else {})}
        managed = new["metadata"].get("managedFields")
        new.clear()
        new.update({**old, **changed, "metadata": dict(old["metadata"])})
        if managed:
            new["metadata"]["managedFields"] = managed
    else:
        new.pop("status", None)
        if "status" in old:
            new["status"] = old["status"]
    metadata = new["metadata"]
    for field in (
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "generateName",
    ):
        metadata.pop(field, None)
        if field in old["metadata"]:
            metadata[field] = old["metadata"][field]
    if "managedFields" not in metadata and "managedFields" in old["metadata"]:
        metadata["managedFields"] = old["metadata"]["managedFields"]
    metadata.pop("resourceVersion", None)
    metadata.pop("selfLink", None)
    if resource.plural == "namespaces":
        new["spec"] = old.get("spec", {})


def same(new: JsonObject, old: JsonObject) -> bool:
    """Whether nothing changed but the times of field owners: then nothing is written."""

    def without_times(obj: JsonObject) -> str:
        entries = [{**entry, "time": ""} for entry in obj["metadata"].get("managedFields", [])]
        return json.dumps({**obj, "metadata": {**obj["metadata"], "managedFields": entries}}, sort_keys=True)

    return without_times(new) == without_times(old)


def ordered(obj: JsonObject, resource: Resource) -> JsonObject:
    """The object, its type and metadata first."""
    return {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": obj["metadata"], **obj}
