"""Label selectors (text of a query, object of a webhook) and field selectors.

Source: k8s.io/apimachinery `pkg/labels`, `pkg/fields`, `pkg/apis/meta/v1/validation`.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from app.flow.model import JsonObject
from app.world.apiserver.types import errors, names
from app.world.apiserver.types.errors import Cause
from app.world.apiserver.types.resources import Resource

REQUIREMENTS_LIMIT = 50
"""Requirements in one selector of a query: each is looked at for every object of the collection."""

Labels = Mapping[str, str]
Predicate = Callable[[JsonObject], bool]

# Of a requirement without spaces around it. Two repetitions of spaces never touch: that would take quadratic time.
_SET = re.compile(r"(\S+?)\s+(in|notin)\s*\(([^()]*)\)")
_EQUALITY = re.compile(r"([^\s=!,()]+)\s*(==|=|!=)\s*([^\s=!,()]*)")
_EXISTS = re.compile(r"(?:(!)\s*)?([^\s=!,()]+)")


def everything(body: JsonObject) -> bool:
    """The predicate of no selector."""
    return True


def match_requirement(labels: Labels, key: str, operator: str, values: Collection[str]) -> bool:
    """Whether one requirement of a LabelSelector holds."""
    if operator == "In":
        return key in labels and labels[key] in values
    if operator == "NotIn":
        return key not in labels or labels[key] not in values
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


def _split(text: str) -> list[str]:
    """The requirements of a label selector. Raises `ApiError` 400 for too many."""
    parts = list(itertools.islice(_parts(text), REQUIREMENTS_LIMIT + 1))
    if len(parts) > REQUIREMENTS_LIMIT:
        raise _too_many()
    return parts


def _too_many() -> errors.ApiError:
    return errors.bad_request(
        f"unable to parse requirement: this simulated API server takes at most {REQUIREMENTS_LIMIT} in a selector"
    )


def _parts(text: str) -> Iterator[str]:
    depth, start = 0, 0
    for at, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]


def _label_requirement(text: str) -> tuple[str, str, frozenset[str]]:
    text = text.strip()
    if match := _SET.fullmatch(text):
        operator = "In" if match[2] == "in" else "NotIn"
        return match[1], operator, frozenset(value.strip() for value in match[3].split(","))
    if match := _EQUALITY.fullmatch(text):
        return match[1], "NotIn" if match[2] == "!=" else "In", frozenset({match[3]})
    if match := _EXISTS.fullmatch(text):
        return match[2], "DoesNotExist" if match[1] else "Exists", frozenset()
    raise errors.bad_request(
        f"unable to parse requirement: found '{text}', expected: identifier, !, in, notin, =, ==, !="
    )


def parse_label_selector(text: str) -> Predicate | None:
    """The predicate of `labelSelector=`; None for the empty one. Raises `ApiError` 400."""
    if not text.strip():
        return None
    wanted = [_label_requirement(part) for part in _split(text)]
    for key, _, values in wanted:
        wrong = names.qualified_name_errors(key) + [why for value in values for why in names.label_value_errors(value)]
        if wrong:
            raise errors.bad_request(f'unable to parse requirement: <nil>: Invalid value: "{key}": {wrong[0]}')
    return lambda body: all(
        match_requirement(body["metadata"].get("labels", {}), key, operator, values) for key, operator, values in wanted
    )


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
    "namespaces": ("status.phase",),
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
}


def _look_up(body: JsonObject, field: str) -> str:
    if field == "source":
        return str(body.get("source", {}).get("component", ""))
    value: Any = body
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "false" if field == "spec.hostNetwork" else ""
    return str(value)


def parse_field_selector(text: str, resource: Resource) -> Predicate | None:
    """The predicate of `fieldSelector=`; None for the empty one. Raises `ApiError` 400."""
    wanted: list[tuple[str, bool, str]] = []
    parts = text.split(",") if text else []
    if len(parts) > REQUIREMENTS_LIMIT:
        raise _too_many()
    for part in parts:
        match = re.fullmatch(r"([^=!]*)(==|=|!=)(.*)", part, re.DOTALL)
        if not match:
            raise errors.bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
        field = match[1]
        if field not in ("metadata.name", "metadata.namespace", *_FIELDS.get(resource.plural, ())):
            raise errors.bad_request(f"field label not supported: {field}")
        wanted.append((field, match[2] != "!=", match[3]))
    if not wanted:
        return None
    return lambda body: all((_look_up(body, field) == value) == equal for field, equal, value in wanted)


def parse_selectors(resource: Resource, labels: str, fields: str) -> Predicate:
    """Both selectors of a list, watch or deletecollection. Raises `ApiError` 400."""
    predicates = [
        predicate
        for predicate in (parse_label_selector(labels), parse_field_selector(fields, resource))
        if predicate is not None
    ]
    return (lambda body: all(predicate(body) for predicate in predicates)) if predicates else everything
