"""The objects of a manifest: YAML documents, JSON, or a List of either, as `kubectl apply -f` takes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.flow.errors import FlowError
from app.flow.json_access import get_object, get_str
from app.flow.manifest_documents import UnreadableDocument, documents
from app.flow.manifest_documents import objects as taken_apart
from app.flow.model import JsonValue
from app.flow.object_names import check_name, check_namespace
from app.flow.targets.kinds import KINDS, Target

SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes of a manifest: an API server takes no object of more than 3 MiB."""


class BadManifest(FlowError):
    """The text is no manifest. `got` is the place or the number of objects, `operation` what is wrong with it."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """An object that leads to a ServiceAccount, with the namespace that the manifest gives it; empty for none."""

    target: Target
    namespace: str


def objects(text: str) -> list[Found]:
    """The objects of a manifest, in its order. Raises `BadManifest`, `NotAName`."""
    try:
        read = [it for document in documents(text, "") if get_object(document.value) for it in taken_apart(document)]
    except UnreadableDocument as error:
        raise BadManifest(
            code="bad_yaml", server_message="", got=str(error.line or "?"), operation=error.problem
        ) from None
    return [found for it in read for found in _of(it.value)]


def one(found: list[Found], wanted: Target | None) -> Found:
    """The only one, or the one that is `wanted`. Raises `BadManifest`."""
    named = [it for it in found if wanted in (None, it.target)]
    if len(named) == 1:
        return named[0]
    listed = ", ".join(str(it.target) for it in found)
    if not found:
        kinds = ", ".join(it.name for it in KINDS)
        raise BadManifest(code="nothing_in_manifest", server_message="", got="", expected=kinds)
    if not named:
        raise BadManifest(code="object_not_in_manifest", server_message="", got=listed, expected=str(wanted))
    raise BadManifest(code="several_objects", server_message="", got=listed, expected=str(named[0].target))


def _of(document: JsonValue) -> Iterator[Found]:
    kind = next((it for it in KINDS if it.name == get_str(document, "kind")), None)
    name, namespace = get_str(document, "metadata", "name"), get_str(document, "metadata", "namespace")
    if kind is not None and name:
        check_name(kind.name, name)
        check_namespace(namespace)
        yield Found(target=Target(kind=kind, name=name), namespace=namespace)
