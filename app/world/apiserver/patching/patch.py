"""Patches: JSON merge patch (RFC 7396), JSON patch (RFC 6902) and Kubernetes' strategic merge patch.

None of them changes its arguments. Source of the strategic one: k8s.io/apimachinery `pkg/util/strategicpatch/patch.go`.
"""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Hashable
from typing import Any

import jsonpatch
import jsonpointer

from app.flow.model import JsonObject, JsonValue
from app.world.apiserver.types import errors
from app.world.apiserver.types.codec import Malformed, check_shape
from app.world.apiserver.types.go_text import Type, as_go, json_kind
from app.world.apiserver.types.schema import LIST_KEYS, TYPES

OPERATIONS_LIMIT = 10_000
"""Operations in one JSON patch (`maxJSONPatchOperations`)."""
COPY_LIMIT = 64 * 1024
"""Bytes that the `copy` operations of one JSON patch may add; in kube-apiserver it is 3 MiB."""
STEPS_LIMIT = 20_000
"""Parts of all paths of one JSON patch together: each is a step to walk, and these take about 30 ms."""
REPEATS_LIMIT = 50
"""How often the elements of one list may come again in one strategic merge patch: each time, all that was merged into
the element before is copied."""
NO_OBJECT = "json: cannot unmarshal {} into Go value of type map[string]interface {{}}"
"""What Go says where a patch is no object, with the kind of JSON that it is."""


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
    steps = sum(str(operation.get(path)).count("/") for operation in patch for path in ("path", "from"))
    if steps > STEPS_LIMIT:
        allowed = f"The allowed maximum parts of all paths in a JSON patch is {STEPS_LIMIT}, got {steps}"
        raise errors.ApiError(413, "RequestEntityTooLarge", f"Request entity too large: {allowed}")
    result: JsonValue = json.loads(json.dumps(document))  # a copy, in a third of the time of `copy.deepcopy`
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
"""The errors that jsonpatch does not catch for an invalid operation."""


def strategic_merge_patch(document: JsonObject, patch: JsonValue, kind: str) -> JsonValue:
    """A strategic merge patch on an object of the schema's type `kind`. Raises `ApiError` 400 and 422."""
    if patch is None:
        return document
    if not isinstance(patch, dict):
        raise errors.bad_request(NO_OBJECT.format(json_kind(patch)))
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
        names = {_identity(key) for key in kept}
        merged = {key: value for key, value in merged.items() if key in names}
    for key, value in patch.items():
        if key.startswith("$"):
            _delete_primitives(merged, key, value)
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge_field(merged.get(key), value, type_, key)
    for key, order in patch.items():
        if key.startswith("$setElementOrder/"):
            field = key.partition("/")[2]
            if not isinstance(order, list):
                raise errors.bad_request(f"invalid patch format of {key}")
            if isinstance(merged.get(field), list):
                merged[field] = _ordered(merged[field], order, document.get(field), _merge_key(type_, field))
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
        if not isinstance(current, list):
            return [item for item in value if not isinstance(item, dict) or "$patch" not in item]
        return _ordered(_merge_list(current, value, key, inner[0]), value, current, key)
    if isinstance(value, list) and (type_, field) == ("ObjectMeta", "finalizers"):
        present = current if isinstance(current, list) else []
        return _ordered(list({_identity(item): item for item in (*present, *value)}.values()), value, present, None)
    return value


def _merge_list(current: list[Any], patch: list[Any], key: str, element: Type) -> list[Any]:
    merged: list[Any] = list(current)  # with None instead of a deleted element
    places: dict[Hashable, list[int]] = defaultdict(list)
    for index, item in enumerate(current):
        if isinstance(item, dict):
            places[_identity(item.get(key))].append(index)
    replace = False
    patched: set[int] = set()
    repeats = 0
    for item in patch:
        if not isinstance(item, dict):
            raise errors.bad_request(f"map: {as_go(patch)[:200]} does not contain declared merge key: {key}")
        if item.get("$patch") == "replace":
            replace = True
            continue
        if key not in item:
            raise errors.bad_request(f"map: {as_go(item)[:200]} does not contain declared merge key: {key}")
        found = places[_identity(item[key])]
        if item.get("$patch") == "delete":
            for index in found:
                merged[index] = None
            found.clear()
        elif not found or replace:
            found.append(len(merged))
            patched.add(found[0])
            merged.append(_merge_map({}, item, element))
        else:
            repeats += found[0] in patched
            if repeats > REPEATS_LIMIT:
                raise errors.too_large()
            patched.add(found[0])
            merged[found[0]] = _merge_map(merged[found[0]], item, element)
    if replace:
        return [item for item in patch if "$patch" not in item]
    return [item for item in merged if item is not None]


def _identity(value: JsonValue) -> Hashable:
    """A key that equal JSON values share, by which an element is found in one step, however many there are."""
    return value if isinstance(value, str) else (json.dumps(value, sort_keys=True),)


def _delete_primitives(merged: JsonObject, directive: str, values: JsonValue) -> None:
    name, _, field = directive.partition("/")
    if name == "$deleteFromPrimitiveList" and isinstance(merged.get(field), list):
        if not isinstance(values, list):
            raise errors.bad_request(f"invalid patch format of {directive}")
        gone = {_identity(item) for item in values}
        merged[field] = [item for item in merged[field] if _identity(item) not in gone]


def _ordered(merged: list[Any], wanted: list[Any], current: JsonValue, key: str | None) -> list[Any]:
    """The elements in the order of `wanted`. One that is not in it stands before the first of the next ones that it
    stood before, in the `current` list. So a new element comes before those that are not in the patch.

    Rule: `normalizeElementOrder` and `mergeSortedSlice`.
    """

    def places(items: JsonValue) -> dict[Hashable, int]:
        found: dict[Hashable, int] = {}
        for place, item in enumerate(items if isinstance(items, list) else []):
            found.setdefault(identity(item), place)
        return found

    def identity(item: JsonValue) -> Hashable:
        return _identity(item.get(key) if key and isinstance(item, dict) else item)

    asked, before = places(wanted), places(current)
    named = sorted((item for item in merged if identity(item) in asked), key=lambda item: asked[identity(item)])
    others = deque(item for item in merged if identity(item) not in asked)
    result = []
    for item in named:
        place = before.get(identity(item), -1)
        while others and before.get(identity(others[0]), place) < place:
            result.append(others.popleft())
        result.append(item)
    return [*result, *others]
