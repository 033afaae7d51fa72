"""The verbs that read: get, list and watch, as objects, as metadata alone or as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from starlette.responses import Response

from app.flow.model import JsonObject
from app.world.apiserver.endpoints.chunks import list_chunk
from app.world.apiserver.endpoints.printers.table import make_table, partial
from app.world.apiserver.endpoints.responses import LimitedStream, compact, json_response
from app.world.apiserver.endpoints.watch import WATCH_LIMIT, Render, Watch
from app.world.apiserver.request.request_info import is_true
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.storage.stored import Stored
from app.world.apiserver.types import errors
from app.world.apiserver.types.resources import Resource
from app.world.apiserver.types.selectors import Predicate, parse_selectors

if TYPE_CHECKING:
    from app.world.world import World


DEFAULT_WATCH_SECONDS = 1800


def wanted_form(accept: str) -> str:
    """The form that an Accept header asks for: `Table`, `PartialObjectMetadata` (or its list), or empty for the
    objects."""
    for range_ in accept.split(","):
        media, *parameters = [part.strip() for part in range_.split(";")]
        if media not in ("application/json", "*/*", "application/*"):
            continue
        given = dict(parameter.partition("=")[::2] for parameter in parameters)
        if "as" not in given:
            return ""
        if (given.get("g"), given.get("v")) == ("meta.k8s.io", "v1"):
            return given["as"]
    return ""


def integer_parameter(query: Mapping[str, str], name: str) -> int | None:
    """An integer of the query string; None where it is missing or empty. Raises `ApiError` 400."""
    text = query.get(name)
    if not text:
        return None
    try:
        if len(text) > 19 or not text.isascii():
            raise ValueError
        return int(text)
    except ValueError:
        raise errors.bad_request(f'strconv.ParseInt: parsing "{text[:64]}": invalid syntax') from None


def get_object(scope: RequestScope, name: str, accept: str, query: Mapping[str, str]) -> Response:
    """GET of one object. Raises `ApiError` 404."""
    world, resource = scope.world, scope.resource
    stored = world.cluster.read(resource.plural, scope.namespace, name)
    form = wanted_form(accept)
    if form == "Table":
        metadata, include = _version_of(stored), query.get("includeObject", "Metadata")
        return json_response(make_table(resource, [stored.object], metadata, world.clock.now(), include))
    return json_response(partial(stored.object) if form == "PartialObjectMetadata" else stored.text)


def list_objects(scope: RequestScope, accept: str, query: Mapping[str, str]) -> Response:
    """GET of a collection, or of the next chunk of one. Raises `ApiError` 400 and 410."""
    world, resource = scope.world, scope.resource
    matches = _predicate(resource, query)
    limit, token = integer_parameter(query, "limit") or 0, query.get("continue", "")
    if _version(query) not in ("", "0") and token:
        raise errors.bad_request("specifying resource version is not allowed when using continue")
    found, metadata = list_chunk(world, resource.plural, scope.namespace, matches, limit=limit, token=token)
    form = wanted_form(accept)
    if form == "Table":
        include, bodies = query.get("includeObject", "Metadata"), [stored.object for stored in found]
        return json_response(make_table(resource, bodies, metadata, world.clock.now(), include))
    if form in ("PartialObjectMetadata", "PartialObjectMetadataList"):
        items = [partial(stored.object) for stored in found]
        return json_response(
            {
                "kind": "PartialObjectMetadataList",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": metadata,
                "items": items,
            }
        )
    return json_response(object_list(resource, [stored.text for stored in found], metadata))


def object_list(resource: Resource, texts: list[bytes], metadata: JsonObject) -> bytes:
    """The JSON of a list; its items say neither kind nor API version, the list does."""
    head = {
        "kind": f"{resource.kind}List",
        "apiVersion": resource.api_version,
        "metadata": metadata,
    }
    own = len(compact({"kind": resource.kind, "apiVersion": resource.api_version}))
    # Every stored text begins with kind and API version: the rest of it is kept, byte for byte.
    items = b",".join(b"{" + text[own:] for text in texts)
    return compact(head)[:-1] + b',"items":[' + items + b"]}"


def watch_objects(scope: RequestScope, accept: str, query: Mapping[str, str]) -> Response:
    """GET with `watch`. Raises `ApiError` 400 and 429."""
    world, resource = scope.world, scope.resource
    matches = _predicate(resource, query)
    seconds = integer_parameter(query, "timeoutSeconds") or DEFAULT_WATCH_SECONDS
    version = _version(query)
    watch = Watch(
        world,
        resource,
        scope.namespace,
        matches,
        _render(world, resource, accept, query),
        initial=is_true(query.get("sendInitialEvents")),
    )
    return LimitedStream(
        world, "watches", WATCH_LIMIT, watch.stream(version, float(max(seconds, 0))), "application/json"
    )


def _version(query: Mapping[str, str]) -> str:
    """`resourceVersion`, empty where there is none. Raises `ApiError` 400 where it is none of 64 bits."""
    version = query.get("resourceVersion", "")
    if not version:
        return ""
    digits, why = version.lstrip("0") or "0", ""
    if not (version.isascii() and version.isdecimal()):
        why = "invalid syntax"
    elif len(digits) > 20 or int(digits) >= 2**64:
        why = "value out of range"
    if why:
        shown = f'"{version[:64]}"'
        why = f"strconv.ParseUint: parsing {shown}: {why}"
        raise errors.bad_request(f"resourceVersion: Invalid value: {shown}: {why}")
    return digits


def _version_of(stored: Stored) -> JsonObject:
    """The metadata of a table of one object."""
    return {"resourceVersion": stored.object["metadata"]["resourceVersion"]}


def _predicate(resource: Resource, query: Mapping[str, str]) -> Predicate:
    return parse_selectors(resource, query.get("labelSelector", ""), query.get("fieldSelector", ""))


def _render(world: World, resource: Resource, accept: str, query: Mapping[str, str]) -> Render:
    form, include = wanted_form(accept), query.get("includeObject", "Metadata")

    def table(stored: Stored) -> Sequence[bytes]:
        rows = "None" if include == "Object" else include
        text = compact(make_table(resource, [stored.object], _version_of(stored), world.clock.now(), rows))
        # The object is the last member of the only row, which is the table's last member.
        return (text[:-3], b',"object":', stored.text, text[-3:]) if include == "Object" else (text,)

    if form == "Table":
        return table
    if form == "PartialObjectMetadata":
        return lambda stored: (compact(partial(stored.object)),)
    return lambda stored: (stored.text,)
