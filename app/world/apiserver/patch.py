"""Patches: JSON merge patch (RFC 7396), JSON patch (RFC 6902) and Kubernetes' strategic merge patch.

None of them changes its arguments. Source of the strategic one: k8s.io/apimachinery `pkg/util/strategicpatch/patch.go`.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonpatch
import jsonpointer

from app.flow.model import JsonObject, JsonValue
from app.world.apiserver import errors
from app.world.apiserver.codec import Malformed, check_shape
from app.world.apiserver.schema import LIST_KEYS, TYPES, Type

OPERATIONS_LIMIT = 10_000
"""Operations in one JSON patch (`maxJSONPatchOperations`)."""
COPY_LIMIT = 1024 * 1024
"""Bytes that the `copy` operations of one JSON patch may add."""


def merge_patch(document: JsonValue, patch: JsonValue) -> JsonValue:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def json_patch(document: JsonObject, patch: JsonValue) -> JsonValue:
    """RFC 6902. Raises `ApiError`: 400 for what is no patch, 413 for too large a one, 422 for what does not apply."""
    if not isinstance(patch, list) or not all(isinstance(operation, dict) for operation in patch):
        raise errors.bad_request("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
    if len(patch) > OPERATIONS_LIMIT:
        allowed = f"The allowed maximum operations in a JSON patch is {OPERATIONS_LIMIT}, got {len(patch)}"
        raise errors.ApiError(413, "RequestEntityTooLarge", f"Request entity too large: {allowed}")
    result: JsonValue = copy.deepcopy(document)
    copied = 0
    try:
        for operation in patch:
            if operation.get("op") == "copy":
                copied += len(json.dumps(jsonpointer.resolve_pointer(result, operation["from"])))
                if copied > COPY_LIMIT:
                    raise errors.too_large()
            result = jsonpatch.JsonPatch([operation]).apply(result, in_place=True)
        check_shape(result)
    except errors.ApiError:
        raise
    except Malformed:
        raise errors.unprocessable() from None
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, *_JUNK):
        raise errors.unprocessable() from None
    return result


_JUNK = (LookupError, TypeError, ValueError, AttributeError, RecursionError)
"""What jsonpatch lets through when an operation is nonsense."""


def strategic_merge_patch(document: JsonObject, patch: JsonValue, kind: str) -> JsonValue:
    """A strategic merge patch on an object of the schema's type `kind`. Raises `ApiError` 400 and 422."""
    if not isinstance(patch, dict):
        raise errors.bad_request("json: cannot unmarshal array into Go value of type map[string]interface {}")
    return _merge_map(document, patch, kind)


def _merge_map(document: JsonObject, patch: JsonObject, type_: Type) -> JsonObject:
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise errors.bad_request(f"unknown patch type found: {directive}")
    merged = dict(document)
    kept = patch.get("$retainKeys")
    if kept is not None:
        if not isinstance(kept, list):
            raise errors.bad_request("invalid patch format of retainKeys list")
        merged = {key: value for key, value in merged.items() if key in kept}
    for key, value in patch.items():
        if key.startswith("$"):
            _delete_primitives(merged, key, value)
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_field(merged.get(key), value, type_, key)
    for key, order in patch.items():
        if key.startswith("$setElementOrder/"):
            _order(merged, key.partition("/")[2], order, type_)
    return merged


def _field_type(type_: Type, field: str) -> Type:
    if isinstance(type_, dict):
        inner: Type = type_["*"]
        return inner
    return TYPES.get(type_, {}).get(field, "any") if isinstance(type_, str) else "any"


def _merge_key(type_: Type, field: str) -> str | None:
    return LIST_KEYS.get((type_, field), (None,))[0] if isinstance(type_, str) else None


def _merge_field(current: JsonValue, value: JsonValue, type_: Type, field: str) -> JsonValue:
    inner = _field_type(type_, field)
    if isinstance(value, dict):
        return _merge_map(current if isinstance(current, dict) else {}, value, inner)
    key = _merge_key(type_, field)
    if isinstance(value, list) and key and isinstance(inner, list):
        return _merge_list(current if isinstance(current, list) else [], value, key, inner[0])
    if isinstance(value, list) and (type_, field) == ("ObjectMeta", "finalizers"):
        present = current if isinstance(current, list) else []
        return present + [item for item in value if item not in present]
    return value


def _merge_list(current: list[Any], patch: list[Any], key: str, element: Type) -> list[Any]:
    merged = list(current)
    replace = False
    for item in patch:
        if not isinstance(item, dict):
            raise errors.bad_request(f"map: {json.dumps(patch)[:200]} does not contain declared merge key: {key}")
        if item.get("$patch") == "replace":
            replace = True
            continue
        if key not in item:
            raise errors.bad_request(f"map: {json.dumps(item)[:200]} does not contain declared merge key: {key}")
        at = next(
            (index for index, other in enumerate(merged) if isinstance(other, dict) and other.get(key) == item[key]),
            None,
        )
        if item.get("$patch") == "delete":
            merged = [other for other in merged if not (isinstance(other, dict) and other.get(key) == item[key])]
        elif at is None or replace:
            merged.append(_merge_map({}, item, element))
        else:
            merged[at] = _merge_map(merged[at], item, element)
    if replace:
        return [item for item in patch if "$patch" not in item]
    return merged


def _delete_primitives(merged: JsonObject, directive: str, values: JsonValue) -> None:
    name, _, field = directive.partition("/")
    if name == "$deleteFromPrimitiveList" and isinstance(merged.get(field), list):
        if not isinstance(values, list):
            raise errors.bad_request(f"invalid patch format of {directive}")
        merged[field] = [item for item in merged[field] if item not in values]


def _order(merged: JsonObject, field: str, order: JsonValue, type_: Type) -> None:
    """Puts the listed elements in the listed order; the others stay behind the element they followed."""
    items = merged.get(field)
    if not isinstance(order, list):
        raise errors.bad_request(f"invalid patch format of $setElementOrder/{field}")
    if not isinstance(items, list):
        return
    key = _merge_key(type_, field)

    def identity(item: JsonValue) -> JsonValue:
        return item.get(key) if key and isinstance(item, dict) else item

    wanted = [identity(item) for item in order]
    listed = sorted((item for item in items if identity(item) in wanted), key=lambda item: wanted.index(identity(item)))
    result: list[JsonValue] = []
    for item in items:
        if identity(item) in wanted:
            result.append(listed.pop(0))
        else:
            result.append(item)
    merged[field] = result
