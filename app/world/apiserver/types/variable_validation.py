"""The rules for a container's variables, and for the fields and resources that variables and files take values from
(`ValidateEnv` and its siblings in `pkg/apis/core/validation/validation.go`)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.flow.model import JsonObject
from app.world.apiserver.types import names
from app.world.apiserver.types.errors import Cause

_NAME_TEXT = "a valid environment variable name must consist only of printable ASCII characters other than '='"
_OF_VARIABLES = (
    *("metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName"),
    *("status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"),
)
"""The fields of a Pod that a variable may have."""
OF_FILES = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
"""The fields of a Pod that a file may have."""
_FIELDS = {*_OF_VARIABLES, *OF_FILES, "spec.restartPolicy", "spec.schedulerName", "status.phase"}
_RESOURCES = tuple(
    f"{kind}.{name}" for kind in ("limits", "requests") for name in ("cpu", "ephemeral-storage", "memory")
)


def validate_variable(variable: JsonObject, field: str) -> Iterator[Cause]:
    """The causes against one variable."""
    name = variable.get("name", "")
    if not name:
        yield names.required(f"{field}.name")
    elif not re.fullmatch(r"[ -<>-~]+", name):
        yield names.invalid_value(f"{field}.name", name, _NAME_TEXT)
    source = variable.get("valueFrom")
    if source is None:
        return
    if variable.get("value"):
        yield names.invalid_value(f"{field}.valueFrom", "", "may not be specified when `value` is not empty")
    elif len(source) != 1:
        text = (
            "may not have more than one field specified at a time"
            if source
            else "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        )
        yield names.invalid_value(f"{field}.valueFrom", "", text)
    if "fieldRef" in source:
        path = source["fieldRef"].get("fieldPath", "")
        yield from field_reference(path, f"{field}.valueFrom.fieldRef", _OF_VARIABLES)
    if "resourceFieldRef" in source:
        yield from resource_reference(source["resourceFieldRef"], f"{field}.valueFrom.resourceFieldRef")
    for kind in ("configMapKeyRef", "secretKeyRef"):
        if (reference := source.get(kind)) is not None:
            here, owner, key = f"{field}.valueFrom.{kind}", reference.get("name", ""), reference.get("key", "")
            yield from names.named(f"{here}.name", owner, names.subdomain_errors(owner))
            if not key:
                yield names.required(f"{here}.key")
            else:
                yield from names.named(f"{here}.key", key, names.config_key_errors(key))


def validate_variables_from(sources: list[JsonObject], field: str) -> Iterator[Cause]:
    """The causes against the objects whose entries all become variables."""
    for index, source in enumerate(sources):
        prefix = source.get("prefix", "")
        if prefix and not re.fullmatch(r"[ -<>-~]+", prefix):
            yield names.invalid_value(f"{field}[{index}].prefix", prefix, _NAME_TEXT)
        kinds = [kind for kind in ("configMapRef", "secretRef") if kind in source]
        for kind in kinds:
            here, owner = f"{field}[{index}].{kind}.name", source[kind].get("name", "")
            yield from names.named(here, owner, names.subdomain_errors(owner)) if owner else [names.required(here)]
        if len(kinds) != 1:
            text = "may not have more than one field specified at a time"
            yield names.invalid_value(
                field, "", text if kinds else "must specify one of: `configMapRef` or `secretRef`"
            )


def field_reference(path: str, field: str, supported: tuple[str, ...]) -> Iterator[Cause]:
    """The causes against the field of a Pod that a variable or a file takes its value from."""
    of, opened, key = path.removesuffix("']").partition("['")  # `SplitMaybeSubscriptedPath`
    is_subscripted = bool(of and opened and path.endswith("']"))
    if not path:
        yield names.required(f"{field}.fieldPath")
    elif is_subscripted and of in ("metadata.annotations", "metadata.labels"):
        checked = key.lower() if of == "metadata.annotations" else key
        yield from names.named(field, key, names.qualified_name_errors(checked))
    elif path in _FIELDS:
        if path not in supported:
            yield names.unsupported(f"{field}.fieldPath", path, supported)
    else:
        why = "does not support subscript" if is_subscripted else "not supported"
        yield names.invalid_value(f"{field}.fieldPath", path, f"error converting fieldPath: field label {why}: {path}")


def resource_reference(reference: JsonObject, field: str, *, of_file: bool = False) -> Iterator[Cause]:
    """The causes against the limit or request of a container that a variable or a file takes its value from."""
    resource = reference.get("resource", "")
    if of_file and not reference.get("containerName"):
        yield names.required(f"{field}.containerName")
    elif not resource:
        yield names.required(f"{field}.resource")
    elif resource not in _RESOURCES and not re.match(r"(limits|requests)\.hugepages-", resource):
        yield names.unsupported(f"{field}.resource", resource, _RESOURCES)
