"""The rules for volumes (`ValidateVolumes` and its siblings in `pkg/apis/core/validation/validation.go`), and what they
share with those for containers."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from app.flow.model import JsonObject
from app.world.apiserver.types import names
from app.world.apiserver.types.errors import Cause
from app.world.apiserver.types.schema import TYPES
from app.world.apiserver.types.variable_validation import OF_FILES, field_reference, resource_reference

MIN_TOKEN_SECONDS = 600
MAX_TOKEN_SECONDS = 2**32
_SOURCES = TYPES["Volume"].keys() - {"name"}
_PROJECTIONS = TYPES["VolumeProjection"].keys()
_MODE_TEXT = "must be a number between 0 and 0777 (octal), both inclusive"
_HOST_PATHS = ("", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket")


def token_seconds_errors(seconds: int) -> list[str]:
    """What is wrong with the life of a token."""
    if seconds < MIN_TOKEN_SECONDS:
        return ["may not specify a duration less than 10 minutes"]
    return [] if seconds <= MAX_TOKEN_SECONDS else ["may not specify a duration larger than 2^32 seconds"]


def choice(holder: JsonObject, name: str, field: str, supported: tuple[str, ...]) -> Iterator[Cause]:
    """The cause against a field that is there and is none of these."""
    if name in holder and holder[name] not in supported:
        yield names.unsupported(f"{field}.{name}", holder[name], supported)


def labelled(value: str, field: str, seen: set[Any]) -> Iterator[Cause]:
    """The causes against a name that must be there, be a DNS label and be unique."""
    if not value:
        yield names.required(field)
        return
    yield from names.named(field, value, names.label_errors(value))
    if value in seen:
        yield names.duplicate(field, value)
    seen.add(value)


def local_path(path: str, field: str, *, reserved: bool = False) -> Iterator[Cause]:
    """The causes against a path that may not lead out of its volume. `reserved`: nor begin as the directories of the
    kubelet's atomic writer."""
    if posixpath.isabs(path):
        yield names.invalid_value(field, path, "must be a relative path")
    if ".." in path.split("/"):
        yield names.invalid_value(field, path, "must not contain '..'")
    if reserved and path.startswith("..") and not path.startswith("../"):
        yield names.invalid_value(field, path, "must not start with '..'")


def validate_volume(volume: JsonObject, field: str, seen: set[str]) -> Iterator[Cause]:
    """The causes against a volume. `seen`: the names of those before it."""
    yield from labelled(volume.get("name", ""), f"{field}.name", seen)
    for kind in sorted(_SOURCES & volume.keys())[1:]:
        yield names.forbidden(f"{field}.{kind}", "may not specify more than 1 volume type")
    if "hostPath" in volume:
        if not volume["hostPath"].get("path"):
            yield names.required(f"{field}.hostPath.path")
        yield from choice(volume["hostPath"], "type", f"{field}.hostPath", _HOST_PATHS)
    if "secret" in volume and not volume["secret"].get("secretName"):
        yield names.required(f"{field}.secret.secretName")
    if "configMap" in volume and not volume["configMap"].get("name"):
        yield names.required(f"{field}.configMap.name")
    for kind in ("secret", "configMap", "downwardAPI", "projected"):
        if (source := volume.get(kind)) is not None:
            yield from _mode(source, "defaultMode", f"{field}.{kind}")
            yield from _items(source, kind, f"{field}.{kind}")
    paths: set[str] = set()
    for index, source in enumerate(volume.get("projected", {}).get("sources", [])):
        yield from _projection(source, f"{field}.projected", index, paths)


def _mode(holder: JsonObject, name: str, field: str) -> Iterator[Cause]:
    if not 0 <= holder.get(name, 0) <= 0o777:
        yield names.invalid_value(f"{field}.{name}", holder[name], _MODE_TEXT)


def _items(source: JsonObject, kind: str, field: str) -> Iterator[Cause]:
    """The causes against the items of a ConfigMap or Secret, or the files of the downward API, which have no index."""
    for index, item in enumerate(source.get("items", [])):
        here = field if kind == "downwardAPI" else f"{field}.items[{index}]"
        if kind != "downwardAPI" and not item.get("key"):
            yield names.required(f"{here}.key")
        if not item.get("path"):
            yield names.required(f"{here}.path")
        yield from local_path(item.get("path", ""), f"{here}.path", reserved=True)
        if kind == "downwardAPI":
            yield from _downward(item, here)
        yield from _mode(item, "mode", here)


def _downward(item: JsonObject, field: str) -> Iterator[Cause]:
    if "fieldRef" in item:
        yield from field_reference(item["fieldRef"].get("fieldPath", ""), f"{field}.fieldRef", OF_FILES)
        if "resourceFieldRef" in item:
            why = "fieldRef and resourceFieldRef can not be specified simultaneously"
            yield names.invalid_value(field, "resource", why)
    elif "resourceFieldRef" in item:
        yield from resource_reference(item["resourceFieldRef"], f"{field}.resourceFieldRef", of_file=True)
    else:
        yield names.required(field, "one of fieldRef and resourceFieldRef is required")


def _projection(source: JsonObject, field: str, index: int, paths: set[str]) -> Iterator[Cause]:
    """The causes against a source of a projected volume. `paths`: those of the items before it."""
    here = f"{field}.sources[{index}]"
    for kind in ("secret", "configMap", "downwardAPI"):
        if (part := source.get(kind)) is None:
            continue
        if kind != "downwardAPI" and not part.get("name"):
            yield names.required(f"{here}.{kind}.name")
        yield from _items(part, kind, f"{here}.{kind}")
        for path in filter(None, (item.get("path") for item in part.get("items", []))):
            if path in paths:
                # The server names the volume, and the object or else the path.
                yield names.invalid_value(field, part.get("name", path), "conflicting duplicate paths")
            paths.add(path)
    if (token := source.get("serviceAccountToken")) is not None:
        where, seconds = f"{here}.serviceAccountToken.expirationSeconds", token["expirationSeconds"]
        yield from (names.invalid_value(where, seconds, why) for why in token_seconds_errors(seconds))
        # The server leaves out the source where it is about the path.
        if not token.get("path"):
            yield names.required(f"{field}.path")
        else:
            yield from local_path(token["path"], f"{field}.path", reserved=True)
    if len(_PROJECTIONS & source.keys()) > 1:
        yield names.forbidden(here, "may not specify more than 1 volume type")
