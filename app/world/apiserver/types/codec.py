"""Bodies: bytes to documents, by Content-Type. Whatever the bytes are, the outcome is a document or an `ApiError`."""

from __future__ import annotations

import contextlib
import json
import re

from app.flow import bounded_yaml
from app.flow.model import JsonObject, JsonValue
from app.world.apiserver.types import errors, names, protobuf
from app.world.apiserver.types.go_text import json_kind
from app.world.apiserver.types.json_syntax import syntax_error
from app.world.apiserver.types.resources import Resource
from app.world.apiserver.types.schema import ITEMS_LIMIT, Decoder, TooManyItems, WrongType

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
BODIES = (JSON, YAML, PROTOBUF)
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
PATCHES = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)

DEPTH_LIMIT = 100
"""Levels of nesting; no Kubernetes object has as many as 30."""
NODE_LIMIT = 4_000
"""Values in one document, and in one object with its `managedFields`.

To decode, default, own, validate and store a value takes five to ten microseconds, all of it on the loop that serves
every world, so a request takes about 40 ms at most. A Pod of 20 containers has some 1,500 values.
"""
YAML_NODE_LIMIT = 2 * NODE_LIMIT
"""Values in one YAML document, where keys count as well."""

_TYPE_META = r'{ APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Malformed(Exception):
    """The bytes are no document."""


def media_type(content_type: str) -> str:
    """The media type of a Content-Type header, without parameters; JSON where there is none."""
    return content_type.partition(";")[0].strip().lower() or JSON


def parse_json(raw: bytes) -> JsonValue:
    """JSON as RFC 8259 has it, no deeper than `DEPTH_LIMIT`. Raises `Malformed`, and `ApiError` 413."""
    try:
        value = json.loads(raw.decode(), parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise Malformed("exceeded max depth") from None
    except ValueError as error:
        raise Malformed(syntax_error(raw) or str(error)) from None
    containers = raw.count(b"{") + raw.count(b"[")
    if (
        containers >= DEPTH_LIMIT or containers + raw.count(b",") > NODE_LIMIT
    ):  # with fewer it is neither deep nor large
        check_shape(value)
    if _SURROGATE.search(raw):
        value = json.loads(_LONE_SURROGATE.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
    return value


def parse_yaml(raw: bytes) -> JsonValue:
    """One YAML document of JSON's types. JSON itself, which is what clients mostly send, is read as JSON.

    Raises `Malformed`, and `ApiError` 413.
    """
    with contextlib.suppress(Malformed):
        return parse_json(raw)
    try:
        value = bounded_yaml.load(raw.decode(), limit=YAML_NODE_LIMIT)
        # What YAML has and JSON has not (NaN, keys that are no strings) goes here.
        return parse_json(json.dumps(value).encode())
    except (ValueError, TypeError, RecursionError) as error:
        raise Malformed(f"error converting YAML to JSON: {error}") from None


def check_shape(value: JsonValue) -> None:
    """Raises `Malformed` where the value is nested too deep, `ApiError` 413 where it holds too many values."""
    level, count = [value], 0
    for _ in range(DEPTH_LIMIT):
        deeper: list[JsonValue] = []
        for item in level:  # the types of `json` themselves, and no others
            if type(item) is dict:
                deeper.extend(item.values())
            elif type(item) is list:
                deeper.extend(item)
            else:
                continue
            if count + len(deeper) > NODE_LIMIT:
                raise errors.too_many_values(NODE_LIMIT)
        if not deeper:
            return
        count += len(deeper)
        level = deeper
    raise Malformed("exceeded max depth")


def _refuse(constant: str) -> JsonValue:
    raise ValueError(f"invalid character '{constant[0]}' looking for beginning of value")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"number {text[:32]} out of range")
    return number


def _summary(raw: bytes) -> str:
    if not raw:
        return "<empty>"
    if raw.startswith(b"{"):
        text = raw.decode(errors="replace")
        return text if len(text) <= 30 else f"{text[:30]} ..."
    return f"0x{raw.hex()}" if len(raw) <= 30 else f"0x{raw[:30].hex()} ..."


def decode_body(raw: bytes, content_type: str, kind: str) -> JsonObject:
    """The object that a POST or PUT carries, not yet typed. Raises `ApiError` 400, 413 and 415."""
    media = media_type(content_type)
    try:
        if media == PROTOBUF:
            value = protobuf.decode(raw)
        elif media == JSON:
            value = parse_json(raw)
        elif media == YAML:
            value = parse_yaml(raw)
        else:
            raise errors.unsupported_media_type(BODIES)
        if not isinstance(value, dict):
            raise Malformed(f"json: cannot unmarshal {json_kind(value)} into Go value of type struct {_TYPE_META}")
    except protobuf.UnknownMessage as error:
        raise errors.unread_protobuf(str(error)) from None
    except (Malformed, protobuf.Malformed) as error:
        reason = f"couldn't get version/kind; json parse error: {error}"
        message = f"the object provided is unrecognized (must be of type {kind}): {reason} ({_summary(raw)})"
        raise errors.bad_request(message) from None
    return value


def decode_typed(
    body: JsonObject, resource: Resource, *, kind: str = "", api_version: str = ""
) -> tuple[JsonObject, list[str]]:
    """The object as the resource's type (or `kind`), and the fields that no type knows. Raises `ApiError` 400, 422."""
    kind, api_version = kind or resource.kind, api_version or resource.api_version
    given_kind, given_version = body.get("kind") or kind, body.get("apiVersion") or api_version
    if given_version != api_version:
        reason = (
            f"the API version in the data ({given_version}) does not match the expected API version ({api_version})"
        )
        raise errors.bad_request(reason)
    version = api_version.rpartition("/")[2]
    if given_kind != kind:
        reason = f'no kind "{given_kind}" is registered for version "{api_version}"'
        raise errors.bad_request(f'{given_kind} in version "{version}" cannot be handled as a {kind}: {reason}')
    decoder = Decoder()
    try:
        typed: JsonObject = decoder.decode(kind, {**body, "kind": kind, "apiVersion": api_version})
    except TooManyItems as error:
        metadata = body.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        cause = names.too_many(error.path, error.count, ITEMS_LIMIT)
        raise errors.invalid(kind, resource.group, name if isinstance(name, str) else "", [cause]) from None
    except WrongType as error:
        raise errors.bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {error}') from None
    return typed, decoder.unknown
