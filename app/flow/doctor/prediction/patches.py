"""Two documents as the strategic merge patch that makes one of the other, as `kubectl patch` sends it.

Rule: Kubernetes documentation, "Update API Objects in Place Using kubectl patch"; the keys are the `patchMergeKey` of
k8s.io/api `core/v1/types.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.flow.json_access import get_str
from app.flow.model import JsonValue

_MERGED: Mapping[str, str] = {
    **dict.fromkeys(("containers", "initContainers", "env", "volumes"), "name"),
    "volumeMounts": "mountPath",
}
"""Lists that are merged item by item, and what their items are known by. Any other list is replaced as a whole."""


def patch_of(before: JsonValue, after: JsonValue, field: str = "") -> Any:
    """The patch; `field` is the name under which the documents stand in another one."""
    if isinstance(before, dict) and isinstance(after, dict):
        gone = {key: None for key in before if key not in after}
        return gone | {
            key: patch_of(before.get(key), after[key], key) for key in after if before.get(key) != after[key]
        }
    key = _MERGED.get(field)
    if key is None or not isinstance(before, list) or not isinstance(after, list):
        return after
    old, new = ({get_str(it, key): it for it in items if isinstance(it, dict)} for items in (before, after))
    changed = [{**patch_of(old.get(name, {}), item), key: name} for name, item in new.items() if old.get(name) != item]
    return [*changed, *({"$patch": "delete", key: name} for name in old if name not in new)]
