"""The OpenAPI documents: from them kubectl learns that the server validates fields itself, and `kubectl explain` takes
its texts.

The types are those of `schema.json`. The descriptions are our own, in `descriptions.json`, and only of what readers ask
for; the rest has none. Version 2 is one document, version 3 one for each group.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from app.flow.model import JsonObject
from app.world.apiserver.endpoints import openapi_protobuf
from app.world.apiserver.endpoints.responses import compact
from app.world.apiserver.types import schema
from app.world.apiserver.types.go_text import Type
from app.world.apiserver.types.resources import GROUPS, RESOURCES, REVIEWS, Resource
from app.world.apiserver.types.schema import TYPES
from app.world.apiserver.version import RELEASE

_DESCRIPTIONS: Mapping[str, Mapping[str, str]] = json.loads(
    Path(schema.__file__).with_name("descriptions.json").read_text("utf-8")
)
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Container": ("name",),
    "ContainerPort": ("containerPort",),
    "DaemonSetSpec": ("selector", "template"),
    "DeploymentSpec": ("selector", "template"),
    "EnvVar": ("name",),
    "JobSpec": ("template",),
    "LabelSelectorRequirement": ("key", "operator"),
    "MutatingWebhook": ("admissionReviewVersions", "clientConfig", "name", "sideEffects"),
    "PodSpec": ("containers",),
    "PolicyRule": ("verbs",),
    "ReplicaSetSpec": ("selector",),
    "RoleBinding": ("roleRef",),
    "ClusterRoleBinding": ("roleRef",),
    "RoleRef": ("apiGroup", "kind", "name"),
    "ServiceAccountTokenProjection": ("path",),
    "ServicePort": ("port",),
    "StatefulSetSpec": ("selector", "template"),
    "Subject": ("kind", "name"),
    "TokenRequestSpec": ("audiences",),
    "Volume": ("name",),
    "VolumeMount": ("mountPath", "name"),
}
"""Fields without which an object is refused. Source: Kubernetes' own OpenAPI description."""
_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]
_COMPONENTS = "#/components/schemas/"
_INFO = {"title": "Kubernetes", "version": RELEASE}
_SCALARS: Mapping[str, JsonObject] = {
    "any": {"type": "object"},
    "boolean": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
    "int-or-string": {"type": "string", "format": "int-or-string"},
    "integer": {"type": "integer", "format": "int64"},
    "micro-time": {"type": "string", "format": "date-time"},
    "number": {"type": "number", "format": "double"},
    "quantity": {"type": "string"},
    "string": {"type": "string"},
    "time": {"type": "string", "format": "date-time"},
}


def paths(prefix: str) -> JsonObject:
    """`/openapi/v3`: the address of each group's description. `prefix` comes before the server's paths."""
    names = ["api/v1", *(f"apis/{group}/v1" for group in GROUPS)]
    return {"paths": {name: {"serverRelativeURL": f"{prefix}/openapi/v3/{name}?hash={_HASH}"} for name in names}}


def document(name: str) -> bytes | None:
    """`/openapi/v3/{name}`, such as `api/v1`, as JSON; None where there is no such group and version."""
    if name == "api/v1":
        return _document("")
    group = name.removeprefix("apis/").removesuffix("/v1")
    return _document(group) if group in GROUPS and name == f"apis/{group}/v1" else None


@cache
def _document(group: str) -> bytes:
    """The document of a group that exists. A request for another name is not cached."""
    described: JsonObject = {}
    resources = [resource for resource in _resources() if resource.group == group]
    for resource in resources:
        described |= _resource_paths(resource)
    schemas = _schemas(resources, _COMPONENTS)
    return compact({"openapi": "3.0.0", "info": _INFO, "paths": described, "components": {"schemas": schemas}})


@cache
def swagger(*, protobuf: bool) -> bytes:
    """`/openapi/v2`, as protobuf or as JSON."""
    described: JsonObject = {}
    for resource in _resources():
        described |= _resource_paths(resource)
    definitions = _schemas(list(_resources()), "#/definitions/")
    body = {"swagger": "2.0", "info": _INFO, "paths": described, "definitions": definitions}
    return openapi_protobuf.encode(body) if protobuf else compact(body)


def _resources() -> Iterable[Resource]:
    return (*RESOURCES.values(), *REVIEWS.values())


def _resource_paths(resource: Resource) -> JsonObject:
    collection = resource.path("{namespace}" if resource.namespaced else "")
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}

    def operation(action: str) -> JsonObject:
        return {
            "parameters": _PARAMETERS,
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": kind,
            "responses": {"200": {"description": "OK"}},
        }

    described: JsonObject = {collection: {"post": operation("post")}}
    if "list" in resource.verbs:
        described[collection]["get"] = operation("list")
        described[resource.path()] = described[collection]
    if "patch" in resource.verbs:
        described[f"{collection}/{{name}}"] = {
            "get": operation("get"),
            "patch": operation("patch"),
            "put": operation("put"),
        }
    return described


def _schemas(resources: list[Resource], prefix: str) -> JsonObject:
    """The schemas of kinds and of all that they consist of."""
    kinds = {resource.kind: resource for resource in resources}
    schemas: JsonObject = {}
    pending = [resource.kind for resource in resources]
    while pending:
        name = pending.pop()
        if _full_name(name) in schemas:
            continue
        schemas[_full_name(name)] = _schema(name, prefix)
        if name in kinds:
            resource = kinds[name]
            kind = {"group": resource.group, "kind": resource.kind, "version": resource.version}
            schemas[_full_name(name)]["x-kubernetes-group-version-kind"] = [kind]
        pending.extend(inner for field in TYPES[name].values() for inner in _named(field))
    return schemas


def _named(type_: Type) -> list[str]:
    if isinstance(type_, list):
        return _named(type_[0])
    if isinstance(type_, dict):
        return _named(type_["*"])
    return [type_] if type_ in TYPES else []


def _full_name(name: str) -> str:
    return f"io.k8s.api.v1.{name}"


def _schema(name: str, prefix: str) -> JsonObject:
    words, common = _DESCRIPTIONS.get(name, {}), _DESCRIPTIONS["*"]
    is_kind = "metadata" in TYPES[name] and "apiVersion" in TYPES[name]
    properties = {}
    for field, type_ in sorted(TYPES[name].items()):
        described = words.get(field) or (common.get(field, "") if is_kind else "")
        properties[field] = ({"description": described} if described else {}) | _property(type_, prefix)
    body: JsonObject = {"type": "object", "properties": properties}
    if words.get(""):
        body["description"] = words[""]
    if name in _REQUIRED:
        body["required"] = list(_REQUIRED[name])
    return body


def _property(type_: Type, prefix: str) -> JsonObject:
    if isinstance(type_, list):
        return {"type": "array", "items": _property(type_[0], prefix)}
    if isinstance(type_, dict):
        return {"type": "object", "additionalProperties": _property(type_["*"], prefix)}
    if type_ in TYPES:
        # In version 3 nothing beside a reference counts, so the reference is wrapped there, as the API server does.
        reference = {"$ref": f"{prefix}{_full_name(type_)}"}
        return {"allOf": [reference]} if prefix == _COMPONENTS else reference
    return dict(_SCALARS[type_])


_HASH = (
    hashlib.sha256(repr((TYPES, _DESCRIPTIONS, sorted(RESOURCES), sorted(REVIEWS))).encode()).hexdigest()[:32].upper()
)
