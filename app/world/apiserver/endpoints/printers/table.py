"""Server-side printing: the rows of `kubectl get` (k8s.io/apiserver `pkg/registry/rest/table.go`)."""

from __future__ import annotations

from collections.abc import Iterable

from app.flow.model import JsonObject
from app.world.apiserver.endpoints.printers import columns, pod_columns, stored_columns, workload_columns
from app.world.apiserver.types.resources import Resource

_COLUMNS = columns.COLUMNS | pod_columns.COLUMNS | workload_columns.COLUMNS | stored_columns.COLUMNS


def make_table(
    resource: Resource, bodies: Iterable[JsonObject], metadata: JsonObject, now: float, include: str
) -> JsonObject:
    """A `Table` (meta/v1) of the objects. `include` is `includeObject`: `None`, `Metadata` or `Object`."""
    shown = _COLUMNS[resource.plural]
    rows = []
    for body in bodies:
        row: JsonObject = {"cells": [column.cell(body, now) for column in shown]}
        if include == "Object":
            row["object"] = body
        elif include != "None":
            row["object"] = partial(body)
        rows.append(row)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": [
            {
                "name": column.name,
                "type": column.type,
                "format": column.format,
                "description": "",
                "priority": 1 if column.wide else 0,
            }
            for column in shown
        ],
        "rows": rows,
    }


def partial(body: JsonObject) -> JsonObject:
    """The object's metadata alone (`PartialObjectMetadata`)."""
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": body["metadata"]}
