"""Field ownership: `metadata.managedFields`, and how an update changes it.

A path is a tuple of elements as FieldsV1 writes them: `f:name`, `k:{"name":"app"}`, `v:"x"`. Source of the format and
the rules: sigs.k8s.io/structured-merge-diff and k8s.io/apimachinery `pkg/util/managedfields`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from app.flow.model import JsonObject, JsonValue
from app.world.apiserver.types.go_text import Type
from app.world.apiserver.types.schema import KEY_DEFAULTS, LIST_KEYS, TYPES, is_atomic

Path = tuple[str, ...]

APPLY = "Apply"
UPDATE = "Update"

_UNOWNED = frozenset(
    {
        ("f:apiVersion",),
        ("f:kind",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "creationTimestamp",
                "deletionGracePeriodSeconds",
                "deletionTimestamp",
                "generateName",
                "generation",
                "managedFields",
                "name",
                "namespace",
                "resourceVersion",
                "selfLink",
                "uid",
            )
        ),
    }
)
"""Fields without an owner (`stripmeta.go`)."""

_ALWAYS_THERE = frozenset({("PodSpec", "containers")})
"""Lists that an empty object has too (no `omitempty`): their presence has no owner."""

MEMBER = object()
"""The value of a path that means that an element or a map exists, and has no value itself."""


@dataclass
class Manager:
    """One entry of `managedFields`."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""
    time: str = ""
    paths: set[Path] = field(default_factory=set)


def list_key(item: JsonObject, keys: tuple[str, ...]) -> Path | None:
    """The path element of one element of a list with keys; None where it lacks one."""
    values = {key: item.get(key, KEY_DEFAULTS.get(key)) for key in keys}
    return None if None in values.values() else (f"k:{json.dumps(values, separators=(',', ':'))}",)


def flatten(value: JsonValue, type_: Type, *, parents: bool) -> dict[Path, JsonValue]:
    """Each owned path of a typed value, with the value there. `parents` adds the maps and lists themselves."""
    paths: dict[Path, JsonValue] = {}
    _walk(value, type_, (), "", "", parents, paths)
    for path in [path for path in paths if path in _UNOWNED or path[:2] in _UNOWNED]:
        del paths[path]
    return paths


def _walk(
    value: JsonValue, type_: Type, path: Path, owner: str, name: str, parents: bool, paths: dict[Path, JsonValue]
) -> None:
    if isinstance(value, dict) and value and not is_atomic(type_):
        is_map = isinstance(type_, dict)
        if is_map and parents:
            paths[path] = MEMBER
        for key, item in value.items():
            inner = type_["*"] if isinstance(type_, dict) else TYPES[str(type_)][key]
            _walk(item, inner, (*path, f"f:{key}"), "" if is_map else str(type_), key, parents, paths)
        return
    keys = LIST_KEYS.get((owner, name))
    if isinstance(value, list) and isinstance(type_, list) and keys:
        elements = [list_key(item, keys) for item in value]
        if None not in elements and len(set(elements)) == len(elements):
            if parents and (owner, name) not in _ALWAYS_THERE:
                paths[path] = MEMBER
            for element, item in zip(elements, value, strict=True):
                inner_path = path + (element or ())
                _walk(item, type_[0], inner_path, "", "", parents, paths)
                paths.setdefault(inner_path, MEMBER)
            return
    if (owner, name) == ("ObjectMeta", "finalizers"):
        if parents:
            paths[path] = MEMBER
        for item in value:
            paths[(*path, f"v:{json.dumps(item)}")] = MEMBER
        return
    paths[path] = value


def to_fields(paths: Iterable[Path]) -> JsonObject:
    """FieldsV1 of a set of paths."""
    ordered = sorted(paths)
    fields: JsonObject = {}
    for path in ordered:
        node = fields
        for element in path:
            node = node.setdefault(element, {})
        node["."] = {}
    return {key: _without_lone_dots(node) for key, node in fields.items()}


def _without_lone_dots(node: JsonObject) -> JsonObject:
    if node.keys() == {"."}:
        return {}
    return {key: {} if key == "." else _without_lone_dots(inner) for key, inner in node.items()}


def from_fields(fields: JsonValue) -> set[Path]:
    """The paths of a FieldsV1. What is no FieldsV1 has none."""
    return set(_paths(fields, ())) if isinstance(fields, dict) else set()


def _paths(node: JsonObject, path: Path) -> Iterator[Path]:
    if path and (not node or "." in node):
        yield path
    for key, inner in node.items():
        if isinstance(inner, dict) and _is_element(key):
            yield from _paths(inner, (*path, key))


def _is_element(text: str) -> bool:
    kind, _, value = text.partition(":")
    if kind == "f":
        return True
    try:
        return (kind == "k" and isinstance(json.loads(value), dict)) or (kind == "v" and json.loads(value) is not None)
    except (ValueError, RecursionError):
        return False


def read_managers(metadata: JsonObject) -> list[Manager]:
    """The managers that an object's metadata names."""
    return [
        Manager(
            name=entry.get("manager", ""),
            operation=entry.get("operation", UPDATE),
            api_version=entry.get("apiVersion", ""),
            subresource=entry.get("subresource", ""),
            time=entry.get("time", ""),
            paths=from_fields(entry.get("fieldsV1")),
        )
        for entry in metadata.get("managedFields", [])
    ]


def write_managers(metadata: JsonObject, managers: Iterable[Manager]) -> None:
    """Sets `managedFields`, appliers first; managers of nothing are left out."""
    entries = []
    for manager in sorted(managers, key=lambda manager: (manager.operation != APPLY, manager.time)):
        if not manager.paths:
            continue
        entry: JsonObject = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": manager.api_version,
            "time": manager.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": to_fields(manager.paths),
        }
        entries.append(entry | ({"subresource": manager.subresource} if manager.subresource else {}))
    metadata.pop("managedFields", None)
    if entries:
        metadata["managedFields"] = entries


def find_manager(managers: list[Manager], name: str, operation: str, api_version: str, subresource: str) -> Manager:
    """The entry of that manager, added where there is none."""
    for manager in managers:
        if (manager.name, manager.operation, manager.subresource) == (name, operation, subresource):
            return manager
    managers.append(Manager(name=name, operation=operation, api_version=api_version, subresource=subresource))
    return managers[-1]


def record_update(old: JsonObject | None, new: JsonObject, *, manager: str, subresource: str = "", time: str) -> None:
    """Makes `manager` the owner of every field that differs between `old` and `new`; removed fields lose their owner.
    Changes `new`."""
    kind = new["kind"]
    before: Mapping[Path, JsonValue] = flatten(old, kind, parents=True) if old else {}
    after = flatten(new, kind, parents=True)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    managers = read_managers(new["metadata"])
    for other in managers:
        lost = changed if (other.name, other.operation) != (manager, UPDATE) else frozenset()
        other.paths = {path for path in other.paths if path in after and path not in lost}
    if changed:
        own = find_manager(managers, manager, UPDATE, new["apiVersion"], subresource)
        own.paths |= changed
        own.time = time
    write_managers(new["metadata"], managers)
