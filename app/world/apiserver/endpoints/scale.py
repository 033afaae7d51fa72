"""`deployments/scale` and its like: the number of replicas alone (autoscaling/v1 `Scale`).

Source: `pkg/registry/apps/deployment/storage/storage.go` (`ScaleREST`).
"""

from __future__ import annotations

from app.flow.model import JsonObject
from app.world.apiserver.endpoints.writing import Write
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types import errors, names
from app.world.apiserver.types.schema import Decoder, WrongType


def scale_of(scope: RequestScope, name: str) -> JsonObject:
    """The `Scale` of an object. Raises `ApiError` 404."""
    return _scale(scope.world.cluster.get(scope.resource.plural, scope.namespace, name))


def _scale(body: JsonObject) -> JsonObject:
    metadata, spec = body["metadata"], body["spec"]
    kept = {key: metadata[key] for key in ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")}
    labels = spec.get("selector", {}).get("matchLabels", {})
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": kept,
        "spec": {"replicas": spec.get("replicas", 1)},
        "status": {"replicas": body.get("status", {}).get("replicas", 0), "selector": selector},
    }


async def change_scale(scope: RequestScope, name: str, write: Write, *, patched: bool) -> JsonObject:
    """PUT or PATCH of a `Scale`: a change of the object's `spec.replicas`. Raises `ApiError`."""
    change, options = write.asked("Scale", patched=patched)

    def rescale(stored: JsonObject) -> JsonObject:
        try:
            wanted: JsonObject = Decoder().decode("Scale", change(_scale(stored)))
        except WrongType as error:
            raise errors.bad_request(str(error)) from None
        replicas = wanted.get("spec", {}).get("replicas", 0)
        if replicas < 0:
            cause = names.invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
            raise errors.invalid("Scale", "autoscaling", name, [cause])
        version = wanted.get("metadata", {}).get("resourceVersion") or stored["metadata"]["resourceVersion"]
        return {
            **stored,
            "metadata": {**stored["metadata"], "resourceVersion": version},
            "spec": {**stored["spec"], "replicas": replicas},
        }

    return _scale((await write.replace(name, rescale, options)).body)
