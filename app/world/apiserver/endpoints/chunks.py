"""Lists in chunks: `limit` and `continue` (k8s.io/apiserver `pkg/storage/continue.go`).

All chunks of a list are of one moment, that of the first, as long as the changes since then are remembered.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.token import base64url, unpadded
from app.world.apiserver.endpoints.responses import compact
from app.world.apiserver.storage.stored import Stored, key_of
from app.world.apiserver.types import errors
from app.world.apiserver.types.selectors import Predicate, everything

if TYPE_CHECKING:
    from app.world.world import World

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter."
)
_API = "meta.k8s.io/v1"


def list_chunk(
    world: World, plural: str, namespace: str, matches: Predicate, *, limit: int, token: str
) -> tuple[list[Stored], JsonObject]:
    """The next objects of a list, and the list's `metadata`. Raises `ApiError` 400 and 410."""
    newest = world.cluster.changes.version
    version, after = _decode(token) if token else (newest, ("", ""))
    present = _at(world, plural, namespace, version) if version != newest else _now(world, plural, namespace)
    keys = sorted(key for key, stored in present.items() if key > after and matches(stored.object))
    metadata: JsonObject = {"resourceVersion": str(version)}
    if 0 < limit < len(keys):
        metadata["continue"] = _encode(version, keys[limit - 1])
        if matches is everything:
            metadata["remainingItemCount"] = len(keys) - limit
        keys = keys[:limit]
    return [present[key] for key in keys], metadata


def _now(world: World, plural: str, namespace: str) -> dict[tuple[str, str], Stored]:
    return {key_of(stored.object): stored for stored in world.cluster.scan(plural, namespace)}


def _at(world: World, plural: str, namespace: str, version: int) -> dict[tuple[str, str], Stored]:
    """The objects as they were at a version: the changes after it are undone. Raises `ApiError` 410."""
    present, changes = _now(world, plural, namespace), world.cluster.changes
    if version + 1 < changes.oldest or version > changes.version:
        raise errors.expired(_TOO_OLD)
    for change in changes.since(version):
        if change.resource != plural or (namespace and change.namespace != namespace):
            continue
        if change.previous is None:
            present.pop(key_of(change.stored.object), None)
        else:
            present[key_of(change.previous.object)] = change.previous
    return present


def _encode(version: int, last: tuple[str, str]) -> str:
    body = {"v": _API, "rv": version, "start": "/".join(last)}
    return base64url(compact(body))


def _decode(token: str) -> tuple[int, tuple[str, str]]:
    """The version and the last key of a token of ours. Raises `ApiError` 400."""
    try:
        body: Mapping[str, object] = json.loads(unpadded(token))
        version, start = body["rv"], body["start"]
        if body["v"] != _API or not isinstance(version, int) or not isinstance(start, str):
            raise ValueError
        namespace, slash, name = start.partition("/")
        if not slash:
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise errors.bad_request("continue key is not valid: invalid continue token") from None
    return version, (namespace, name)
