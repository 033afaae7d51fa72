"""The least OpenAPI that lets `kubectl apply` and `kubectl create` validate by default.

kubectl looks up whether the server validates fields itself (the query parameter `fieldValidation`), and then leaves it
to the server, which knows the types from `schema.json`. `kubectl explain`, which wants every type described, does not
work.
"""

from __future__ import annotations

import hashlib

from app.flow.model import JsonObject
from app.world.apiserver.types.resources import GROUPS, RESOURCES, REVIEWS, Resource

_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]


def paths(prefix: str) -> JsonObject:
    """`/openapi/v3`: where the description of each group is. `prefix` comes before the server's paths."""
    names = ["api/v1", *(f"apis/{group}/v1" for group in GROUPS)]
    return {"paths": {name: {"serverRelativeURL": f"{prefix}/openapi/v3/{name}?hash={_HASH}"} for name in names}}


def document(name: str) -> JsonObject | None:
    """`/openapi/v3/{name}`, such as `api/v1`; None where there is no such group and version."""
    group = "" if name == "api/v1" else name.removeprefix("apis/").removesuffix("/v1")
    if name != "api/v1" and (group not in GROUPS or name != f"apis/{group}/v1"):
        return None
    described: JsonObject = {}
    for resource in (*RESOURCES.values(), *REVIEWS.values()):
        if resource.group == group:
            described |= _resource_paths(name, resource)
    info = {"title": "Kubernetes", "version": "v1.33.5"}
    return {"openapi": "3.0.0", "info": info, "paths": described, "components": {"schemas": {}}}


def _resource_paths(name: str, resource: Resource) -> JsonObject:
    scope = "/namespaces/{namespace}" if resource.namespaced else ""
    collection = f"/{name}{scope}/{resource.plural}"
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}

    def operation(action: str) -> JsonObject:
        return {
            "parameters": _PARAMETERS,
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": kind,
            "responses": {"200": {"description": "OK"}},
        }

    described: JsonObject = {collection: {"post": operation("post")}}
    if "patch" in resource.verbs:
        described[f"{collection}/{{name}}"] = {"patch": operation("patch"), "put": operation("put")}
    return described


_HASH = hashlib.sha256(repr((sorted(RESOURCES), sorted(REVIEWS))).encode()).hexdigest()[:32].upper()
