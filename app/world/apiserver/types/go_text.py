"""How Go writes values and types, which the API server's clients see in its error messages."""

from __future__ import annotations

from typing import Any

from app.flow.model import JsonValue

Type = str | list[Any] | dict[str, Any]
"""A type of `schema.json`."""

_LONG = frozenset(
    {
        "activeDeadlineSeconds",
        "deletionGracePeriodSeconds",
        "expirationSeconds",
        "fsGroup",
        "generation",
        "gid",
        "gracePeriodSeconds",
        "observedGeneration",
        "runAsGroup",
        "runAsUser",
        "seconds",
        "sizeBytes",
        "startingDeadlineSeconds",
        "supplementalGroups",
        "terminationGracePeriodSeconds",
        "tolerationSeconds",
        "uid",
    }
)
"""The fields of 64 bits; all other integers have 32."""
_JSON_OF_TYPE = {"time": "string", "micro-time": "string", "int-or-string": "int32"}
"""What a type of Kubernetes that reads its own JSON reads it as."""
_ESCAPES = dict(zip('"\\\a\b\f\n\r\t\v', '"\\abfnrtv', strict=True))


def json_kind(value: JsonValue) -> str:
    """What Go's `encoding/json` calls a value of this type."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def go_type(type_: Type, field: str) -> str:
    """The type that a field has in Go."""
    if isinstance(type_, list):
        return f"[]{go_type(type_[0], field)}"
    if isinstance(type_, dict):
        return f"map[string]{go_type(type_['*'], field)}"
    integer = "int64" if field in _LONG else "int32"
    names = {"string": "string", "integer": integer, "number": "float64", "boolean": "bool", "bytes": "[]uint8"}
    return names.get(type_, f"v1.{type_}")


def cannot_unmarshal(type_: Type, value: JsonValue, owner: str, dotted: str) -> str:
    """What decoding JSON says of a value of another type; `dotted` is where it stands in the struct `owner`."""
    kind = json_kind(value)
    if isinstance(type_, str) and type_ in _JSON_OF_TYPE:
        return f"json: cannot unmarshal {kind} into Go value of type {_JSON_OF_TYPE[type_]}"
    where = f"Go struct field {owner}.{dotted}" if owner else "Go value"
    return f"json: cannot unmarshal {kind} into {where} of type {go_type(type_, dotted.rpartition('.')[2])}"


def cannot_restore(type_: Type, value: JsonValue, field: str) -> str:
    """What a strategic merge patch says of a value of another type; empty where it says what decoding JSON does.

    Source: k8s.io/apimachinery `pkg/runtime/converter.go`.
    """
    given = _value_type(value)
    if isinstance(type_, list) or type_ == "bytes":
        return f"cannot restore slice from {given}"
    if isinstance(type_, dict):
        return f"cannot restore map from {given}"
    if type_[0].isupper():
        return f"cannot restore struct from: {given}"
    if type_ not in ("boolean", "integer", "number", "string"):
        return ""
    wanted = go_type(type_, field)
    if (given == "int64" and type_ == "string") or (given == "float64" and type_ == "integer"):
        return f"cannot convert {given} to {wanted}"
    return f"unrecognized type: {wanted}"


def _value_type(value: JsonValue) -> str:
    if isinstance(value, (bool, str)):
        return "bool" if isinstance(value, bool) else "string"
    if isinstance(value, (int, float)):
        return "int64" if isinstance(value, int) else "float64"
    return "slice" if isinstance(value, list) else "map"


def as_go(value: JsonValue) -> str:
    """A value as `%v` of Go's `fmt` writes it, such as `map[spec:map[replicas:2]]`."""
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{as_go(item)}' for key, item in sorted(value.items()))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(as_go, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "<nil>" if value is None else str(value)


def go_quoted(text: str) -> str:
    """A text as `%q` of Go's `fmt` writes it (`strconv.Quote`)."""
    return f'"{"".join(map(_in_quotes, text))}"'


def _in_quotes(character: str) -> str:
    if character in _ESCAPES:
        return f"\\{_ESCAPES[character]}"
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
