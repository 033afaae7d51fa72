"""The objects of a manifest: YAML documents, JSON, or a List of either, as `kubectl apply -f` takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.flow import bounded_yaml
from app.flow.errors import FlowError
from app.flow.json_access import get_list, get_str
from app.flow.model import JsonValue
from app.flow.object_names import check_name, check_namespace
from app.flow.targets.kinds import KINDS, Target

SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes of a manifest: an API server takes no object of more than 3 MiB."""
_VALUES_LIMIT = 200_000
_BETWEEN = re.compile(r"^---(?=\s|$)", re.M)


class BadManifest(FlowError):
    """The text is no manifest. `got` is the place or the number of objects, `operation` what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """An object that leads to a ServiceAccount, with the namespace that the manifest gives it; empty for none."""

    target: Target
    namespace: str


def objects(text: str) -> list[Found]:
    """Those of a manifest, in its order. Raises `BadManifest`, `NotAName`."""
    return [found for document in _documents(text) for found in _of(document)]


def one(found: list[Found], wanted: Target | None) -> Found:
    """The only one, or the one that is `wanted`. Raises `BadManifest`."""
    named = [it for it in found if wanted in (None, it.target)]
    if len(named) == 1:
        return named[0]
    listed = ", ".join(str(it.target) for it in found)
    if not named:
        raise BadManifest(
            code="object_not_in_manifest", server_message="", got=listed or "-", expected=str(wanted or "")
        )
    raise BadManifest(code="several_objects", server_message="", got=listed, expected=str(named[0].target))


def _documents(text: str) -> Iterator[JsonValue]:
    """Each with its place in the file known, so that an error names the file's line."""
    begins = [0, *(match.start() for match in _BETWEEN.finditer(text))]
    for begin, end in zip(begins, [*begins[1:], len(text)], strict=True):
        try:
            yield bounded_yaml.load(text[begin:end], limit=_VALUES_LIMIT)
        except bounded_yaml.BrokenYaml as error:
            line = error.line + text.count("\n", 0, begin) if error.line else 0
            raise BadManifest(
                code="bad_yaml", server_message="", got=str(line or "?"), operation=error.problem
            ) from None


def _of(document: JsonValue) -> Iterator[Found]:
    if get_str(document, "kind").endswith("List"):
        for item in get_list(document, "items"):
            yield from _of(item)
        return
    kind = next((it for it in KINDS if it.name == get_str(document, "kind")), None)
    name, namespace = get_str(document, "metadata", "name"), get_str(document, "metadata", "namespace")
    if kind is not None and name:
        check_name(kind.name, name)
        check_namespace(namespace)
        yield Found(target=Target(kind=kind, name=name), namespace=namespace)
