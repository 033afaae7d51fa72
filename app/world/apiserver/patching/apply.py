"""Server-side apply: what one manager wants, merged into what is stored, with conflicts reported.

Source: sigs.k8s.io/structured-merge-diff `merge/update.go`, k8s.io/apimachinery `pkg/util/managedfields`.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from app.flow.model import JsonObject, JsonValue
from app.world.apiserver.patching.managed_fields import (
    APPLY,
    Manager,
    Path,
    find_manager,
    flatten,
    list_key,
    read_managers,
    write_managers,
)
from app.world.apiserver.types.codec import Malformed, parse_json
from app.world.apiserver.types.errors import ApiError, bad_request
from app.world.apiserver.types.go_text import Type
from app.world.apiserver.types.schema import LIST_KEYS, TYPES, Decoder, WrongType, is_atomic

KUBECTL = "kubectl"
"""The manager of `kubectl apply --server-side`, unless another name is given."""
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def apply(live: JsonObject, wanted: JsonObject, *, manager: str, force: bool, time: str) -> JsonObject:
    """`live` with all fields of `wanted`, owned by `manager`; both are typed. Raises `ApiError` 400 and 409.

    What the manager applied before and no longer wants is removed, unless another manager owns it too.
    """
    kind = wanted["kind"]
    _check_keys(wanted, kind, "")
    applied = flatten(wanted, kind, parents=False)
    before = flatten(live, kind, parents=True)
    managers = read_managers(live["metadata"])
    own = find_manager(managers, manager, APPLY, wanted["apiVersion"], "")
    others = [other for other in managers if other is not own]
    # (1) Which other managers own a field that this would change?
    changed = {path for path, value in applied.items() if path in before and before[path] != value}
    conflicts = [(other, path) for other in others for path in sorted(changed & other.paths)]
    if conflicts and not force:
        allowed = _applied_by_clients(live, kind, before) if manager == KUBECTL else set()
        if refused := [(other, path) for other, path in conflicts if path not in allowed]:
            raise _conflict(refused)
    for other in others:
        other.paths = {path for path in other.paths if path not in changed}
    # (2) Merge, then drop what is no longer wanted.
    merged: JsonObject = _merge(live, wanted, kind)
    kept = _with_parents(set(applied).union(*(other.paths for other in others)))
    merged = _without(merged, _tree(own.paths - kept), kind)
    # (3) Ownership: unchanged where nothing changed, so that applying twice is no change.
    if own.paths != applied.keys() or merged != live or not own.time:
        own.paths, own.time = set(applied), time
    write_managers(merged["metadata"], managers)
    return merged


def _applied_by_clients(live: JsonObject, kind: str, fields: Mapping[Path, JsonValue]) -> set[Path]:
    """The fields that `kubectl apply` without `--server-side` has set and that no one has changed: with the same file,
    kubectl takes them over (`managedfields/internal/lastappliedmanager.go`)."""
    text = live["metadata"].get("annotations", {}).get(_LAST_APPLIED, "")
    try:
        applied = Decoder().decode(kind, parse_json(text.encode()))
    except (Malformed, WrongType, ApiError):
        return set()
    return {path for path, value in flatten(applied, kind, parents=False).items() if fields.get(path) == value}


def _path_text(path: Path) -> str:
    text = ""
    for element in path:
        kind, _, value = element.partition(":")
        if kind == "f":
            text += f".{value}"
        elif kind == "k":
            pairs = ",".join(f"{key}={json.dumps(item)}" for key, item in json.loads(value).items())
            text += f"[{pairs}]"
        else:
            text += f"[={value}]"
    return text


def _manager_text(manager: Manager) -> str:
    text = json.dumps(manager.name)
    if manager.subresource:
        text += f" with subresource {json.dumps(manager.subresource)}"
    return text if manager.operation == APPLY else f"{text} using {manager.api_version}"


def _conflict(conflicts: Sequence[tuple[Manager, Path]]) -> ApiError:
    if len(conflicts) == 1:
        (manager, path) = conflicts[0]
        message = f"Apply failed with 1 conflict: conflict with {_manager_text(manager)}: {_path_text(path)}"
    else:
        by_manager: dict[str, list[str]] = defaultdict(list)
        for manager, path in conflicts:
            by_manager[_manager_text(manager)].append(_path_text(path))
        lines = []
        for name in sorted(by_manager):
            lines += [f"conflicts with {name}:", *(f"- {path}" for path in by_manager[name])]
        message = f"Apply failed with {len(conflicts)} conflicts: " + "\n".join(lines)
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {_manager_text(manager)}",
            "field": _path_text(path),
        }
        for manager, path in conflicts
    ]
    return ApiError(409, "Conflict", message, {"causes": causes})


def _check_keys(value: JsonValue, type_: Type, path: str, owner: str = "", name: str = "") -> None:
    """Raises `ApiError` 400 where an element of a list with keys lacks its key or repeats one."""
    if isinstance(value, dict) and isinstance(type_, str) and type_ in TYPES:
        for key, item in value.items():
            _check_keys(item, TYPES[type_][key], f"{path}.{key}", type_, key)
    elif isinstance(value, list) and isinstance(type_, list):
        keys = LIST_KEYS.get((owner, name))
        seen = set()
        for index, item in enumerate(value):
            _check_keys(item, type_[0], f"{path}[{index}]")
            if keys is None:
                continue
            element = list_key(item, keys)
            if element is None:
                missing = next(key for key in keys if key not in item)
                why = f'element {index}: associative list with keys has an element that omits key field "{missing}"'
                raise bad_request(f"failed to create typed patch object: {path}: {why}")
            if element in seen:
                raise bad_request(
                    f"failed to create typed patch object: {path}: duplicate entries for key {element[0][2:]}"
                )
            seen.add(element)


def _merge(live: JsonValue, wanted: JsonValue, type_: Type, owner: str = "", name: str = "") -> JsonValue:
    if isinstance(wanted, dict) and isinstance(live, dict) and not is_atomic(type_):
        merged = dict(live)
        for key, item in wanted.items():
            inner = type_["*"] if isinstance(type_, dict) else TYPES[str(type_)][key]
            merged[key] = _merge(live.get(key), item, inner, str(type_), key)
        return merged
    keys = LIST_KEYS.get((owner, name))
    if isinstance(wanted, list) and isinstance(live, list) and isinstance(type_, list) and keys:
        merged_list = list(live)
        places = {list_key(item, keys): index for index, item in enumerate(live)}
        for item in wanted:
            at = places.get(list_key(item, keys))
            if at is None:
                merged_list.append(item)
            else:
                merged_list[at] = _merge(merged_list[at], item, type_[0])
        return merged_list
    if (owner, name) == ("ObjectMeta", "finalizers") and isinstance(live, list):
        return live + [item for item in wanted if item not in live]
    return wanted


def _with_parents(paths: Iterable[Path]) -> set[Path]:
    """The paths, and every path on the way to one of them."""
    found: set[Path] = set()
    for path in paths:
        while path and path not in found:
            found.add(path)
            path = path[:-1]
    return found


def _tree(paths: Iterable[Path]) -> JsonObject:
    """The paths as nested dicts; None stands for the end of one."""
    root: JsonObject = {}
    for path in sorted(paths):  # a path that contains another one comes first
        node = root
        for element in path[:-1]:
            node = node.setdefault(element, {})
            if node is None:
                break
        else:
            node[path[-1]] = None
    return root


def _without(value: JsonValue, gone: JsonObject, type_: Type, owner: str = "", name: str = "") -> JsonValue:
    """The value without what `gone` (see `_tree`) names; what is left as it is is shared, not copied."""
    if not gone:
        return value
    if isinstance(value, dict) and not is_atomic(type_):
        left: JsonObject = {}
        for key, item in value.items():
            inner = type_["*"] if isinstance(type_, dict) else TYPES[str(type_)][key]
            below = gone.get(f"f:{key}", {})
            if below is not None:
                left[key] = _without(item, below, inner, str(type_), key)
        return left
    if isinstance(value, list) and isinstance(type_, list):
        keys = LIST_KEYS.get((owner, name))
        kept = []
        for item in value:
            element = list_key(item, keys) if keys else (f"v:{json.dumps(item)}",)
            below = gone.get(element[0], {}) if element else {}
            if below is not None:
                kept.append(_without(item, below, type_[0]))
        return kept
    return value
