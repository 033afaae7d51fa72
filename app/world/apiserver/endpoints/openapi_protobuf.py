"""Version 2 of the OpenAPI document as protobuf, which is how kubectl and client-go ask for it.

Field numbers: `openapiv2/OpenAPIv2.proto` of github.com/google/gnostic-models. It has the definitions and no paths.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from app.flow.model import JsonObject

ACCEPTED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
"""The media type that clients ask for."""
MEDIA_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""The media type of the response, because the other one is not valid (k8s.io/kube-openapi `pkg/handler`)."""


def encode(document: JsonObject) -> bytes:
    """The document of `openapi.swagger`."""
    info = _text(1, document["info"]["title"]) + _text(2, document["info"]["version"])
    definitions = b"".join(_named(1, name, _schema(body)) for name, body in document["definitions"].items())
    return _text(1, document["swagger"]) + _message(2, info) + _message(9, definitions)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _text(field: int, text: str) -> bytes:
    return _message(field, text.encode())


def _texts(field: int, texts: Iterable[str]) -> bytes:
    return b"".join(_text(field, text) for text in texts)


def _named(field: int, name: str, content: bytes) -> bytes:
    return _message(field, _text(1, name) + _message(2, content))


def _schema(body: JsonObject) -> bytes:
    encoded = b""
    for field, name in ((1, "$ref"), (2, "format"), (4, "description")):
        if name in body:
            encoded += _text(field, body[name])
    encoded += _texts(19, body.get("required", ()))
    if "additionalProperties" in body:
        encoded += _message(21, _message(1, _schema(body["additionalProperties"])))
    if "type" in body:
        encoded += _message(22, _text(1, body["type"]))
    if "items" in body:
        encoded += _message(23, _message(1, _schema(body["items"])))
    if "properties" in body:
        named = (_named(1, name, _schema(inner)) for name, inner in body["properties"].items())
        encoded += _message(25, b"".join(named))
    for name in (name for name in body if name.startswith("x-")):
        encoded += _message(31, _text(1, name) + _message(2, _text(2, json.dumps(body[name]))))
    return encoded
