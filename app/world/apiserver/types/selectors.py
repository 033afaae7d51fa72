"""Label selectors (of a query, and as objects in a webhook or a workload) and field selectors.

Source: k8s.io/apimachinery `pkg/labels`, `pkg/fields`, `pkg/apis/meta/v1/validation`; the fields of each kind are in
`pkg/apis/*/v1/conversion.go` of Kubernetes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from app.flow.model import JsonObject
from app.world.apiserver.types import errors, label_query, names
from app.world.apiserver.types.errors import Cause
from app.world.apiserver.types.resources import Resource

REQUIREMENTS_LIMIT = 50
"""Requirements in one selector of a query: each is looked at for every object of the collection."""

Labels = Mapping[str, str]
Predicate = Callable[[JsonObject], bool]


def everything(body: JsonObject) -> bool:
    """The predicate of no selector."""
    return True


def match_requirement(labels: Labels, key: str, operator: str, values: Collection[str]) -> bool:
    """Whether one requirement of a selector holds. A query alone has `Gt` and `Lt`, with one number."""
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
    if operator in ("Gt", "Lt"):
        (bound,) = map(label_query.integer, values)
        number = label_query.integer(labels.get(key, ""))
        return number is not None and bound is not None and (number > bound if operator == "Gt" else number < bound)
    return (key in labels) == (operator == "Exists")


def matches_selector(selector: JsonObject, labels: Labels) -> bool:
    """Whether a LabelSelector object holds; the empty one always does."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        match_requirement(labels, wanted["key"], wanted["operator"], wanted.get("values", []))
        for wanted in selector.get("matchExpressions", [])
    )


def validate_selector(selector: JsonObject, field: str) -> Iterator[Cause]:
    """The causes against a LabelSelector object."""
    yield from names.validate_labels(selector.get("matchLabels", {}), f"{field}.matchLabels")
    for index, wanted in enumerate(selector.get("matchExpressions", [])):
        here = f"{field}.matchExpressions[{index}]"
        operator, values = wanted.get("operator", ""), wanted.get("values", [])
        yield from names.named(f"{here}.key", wanted.get("key", ""), names.qualified_name_errors(wanted.get("key", "")))
        if operator in ("In", "NotIn"):
            if not values:
                yield names.required(f"{here}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                yield names.forbidden(
                    f"{here}.values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                )
        else:
            yield names.invalid_value(f"{here}.operator", operator, "not a valid selector operator")


def parse_label_selector(text: str) -> Predicate | None:
    """The predicate of `labelSelector=`; None for the empty one. Raises `ApiError` 400."""
    wanted = label_query.parse(text, REQUIREMENTS_LIMIT)
    if not wanted:
        return None
    return lambda body: all(
        match_requirement(body["metadata"].get("labels", {}), key, operator, values) for key, operator, values in wanted
    )


_TERM = re.compile(r"(?:\\.|[^,\\]|\\$)+", re.DOTALL)
_NAMES = ("metadata.name", "metadata.namespace")
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "events": (
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "jobs": ("status.successful",),
    "namespaces": ("status.phase",),
    "nodes": ("spec.unschedulable",),
    "pods": (
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ),
    "secrets": ("type",),
    "services": ("spec.clusterIP", "spec.type"),
}
"""Beside name and namespace, by the plural name."""


def _look_up(body: JsonObject, field: str) -> str:
    if field == "source":
        return str(body.get("source", {}).get("component", ""))
    if field == "status.successful":
        return str(body.get("status", {}).get("succeeded", 0))
    value: Any = body
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "false" if field in ("spec.hostNetwork", "spec.unschedulable") else ""
    return str(value)


def parse_field_selector(text: str, resource: Resource) -> Predicate | None:
    """The predicate of `fieldSelector=`; None for the empty one. Raises `ApiError` 400."""
    wanted = _requirements(text)
    for field, _, _ in wanted:
        if field not in (*_NAMES, *_FIELDS.get(resource.plural, ())):
            raise errors.bad_request(_unknown_field(resource, field))
    if not wanted:
        return None
    return lambda body: all((_look_up(body, field) == value) == equal for field, equal, value in wanted)


def selected_name(text: str) -> str:
    """The name to which `fieldSelector=` limits a collection (`RequiresExactMatch`); empty where it does not, or where
    it cannot be read."""
    try:
        wanted = _requirements(text)
    except errors.ApiError:
        return ""
    return next((value for field, equal, value in wanted if equal and field == "metadata.name"), "")


def _requirements(text: str) -> list[tuple[str, bool, str]]:
    """Each field, whether it has to be equal, and the value. Raises `ApiError` 400."""
    wanted = []
    parts = _TERM.findall(text)
    if len(parts) > REQUIREMENTS_LIMIT:
        why = f"this simulated API server takes at most {REQUIREMENTS_LIMIT} in a selector"
        raise errors.bad_request(f"unable to parse requirement: {why}")
    for part in parts:
        match = re.fullmatch(r"(.*?)(!=|==|=)(.*)", part, re.DOTALL)
        if not match:
            raise errors.bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        wanted.append((match[1], match[2] != "!=", _unescaped(match[3])))
    return wanted


def _unknown_field(resource: Resource, field: str) -> str:
    quoted = json.dumps(field, ensure_ascii=False)
    if resource.plural not in _FIELDS:
        return f'{quoted} is not a known field selector: only "metadata.name", "metadata.namespace"'
    if resource.plural == "jobs":
        return f"field label {quoted} not supported for batchv1.Job"
    return f"field label not supported: {field}"


def _unescaped(value: str) -> str:
    """The value without the backslashes that protect a backslash, a comma or an equals sign. Raises `ApiError` 400."""
    characters = iter(value)
    unescaped = []
    for character in characters:
        if character == "\\":
            character = next(characters, "")
            if character not in ("\\", ",", "="):
                raise errors.bad_request(f"invalid field selector: invalid escape sequence: \\{character}")
        elif character in ",=":
            raise errors.bad_request(f"invalid field selector: unescaped character in value: {ord(character)}")
        unescaped.append(character)
    return "".join(unescaped)


def parse_selectors(resource: Resource, labels: str, fields: str) -> Predicate:
    """Both selectors of a list, watch or deletecollection. Raises `ApiError` 400."""
    predicates = [
        predicate
        for predicate in (parse_label_selector(labels), parse_field_selector(fields, resource))
        if predicate is not None
    ]
    return (lambda body: all(predicate(body) for predicate in predicates)) if predicates else everything
