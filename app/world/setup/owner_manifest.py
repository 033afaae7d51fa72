"""A Pod as its owner wrote it: without what the API server and its webhooks have added.

`managedFields` tells: they were recorded before admission. The same is done by client-go's `ExtractPod`
(`applyconfigurations/core/v1/pod.go`).
"""

from __future__ import annotations

import json

from app.flow.model import JsonObject, JsonValue


def written(pod: JsonObject) -> JsonObject:
    """The manifest of a stored Pod: labels, annotations and spec, as far as a field manager owns them."""
    owned: JsonObject = {}
    for entry in pod["metadata"].get("managedFields", []):
        if not entry.get("subresource"):
            _merge(owned, entry["fieldsV1"])
    names = {key: pod["metadata"][key] for key in ("name", "namespace")}
    kept = _kept({key: pod[key] for key in ("metadata", "spec")}, owned)
    return {"metadata": {**kept.get("metadata", {}), **names}, "spec": kept["spec"]}


def _merge(fields: JsonObject, others: JsonObject) -> None:
    for key, inner in others.items():
        _merge(fields.setdefault(key, {}), inner)


def _kept(value: JsonValue, fields: JsonObject) -> JsonValue:
    """The part of a value that FieldsV1 names; all of it where they go no deeper."""
    inner = {key: below for key, below in fields.items() if key != "."}
    if not inner:
        return value
    if isinstance(value, list):
        keys = [(json.loads(key.removeprefix("k:")), below) for key, below in inner.items()]
        return [
            _kept(item, below) for item in value for key, below in keys if all(item.get(k) == v for k, v in key.items())
        ]
    named = {key.removeprefix("f:"): below for key, below in inner.items()}
    return {key: _kept(value[key], below) for key, below in named.items() if key in value}
