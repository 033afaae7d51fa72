"""Values as JSON and back, by the types that their dataclasses declare. Strict both ways: nothing is guessed.

What is not declared is refused: an unknown field, a missing one, a value of another type. A missing field that has a
default takes it, because an earlier version of this app did not know the field. Files of strangers are read by
`app.flow.diagnosis_file.strict_shape`, which bounds numbers, quotes little, and knows no type that holds a secret.
"""

from __future__ import annotations

import base64
import binascii
import json
import types
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from app.flow.model import JsonValue
from app.world.keys import SigningKey
from app.world.node.container_log import ContainerLog, Piece

LONGEST = 6e10
"""The most that a kept number with a fraction may be, and with a minus the least. All of them are seconds, and Python
has no dates before the year 1 (`datetime.MINYEAR`)."""
LARGEST = 2**63 - 1
"""The same for whole numbers: those of Kubernetes have 64 bits."""
_UNREADABLE = (
    *(ValueError, TypeError, KeyError, AttributeError, OverflowError),
    *(binascii.Error, jwt.PyJWTError, UnsupportedAlgorithm, NotImplementedError),
)
"""What the readers of `_CUSTOM` raise for something else than they have written."""


class StateError(ValueError):
    """A state that cannot be read."""

    def __init__(self, where: str, got: str, expected: str) -> None:
        super().__init__(f"{where}: got {got}, expected {expected}")
        self.where, self.got, self.expected = where, got, expected


def encode(declared: Any, value: Any) -> JsonValue:
    """A value as JSON. Raises `TypeError` where it is not of the declared type."""
    if declared is Any:
        return value  # a JSON document already
    origin, inner = get_origin(declared), get_args(declared)
    if origin in (Union, types.UnionType):
        return None if value is None else encode(_member(inner, value), value)
    if origin in (list, tuple, set, frozenset, deque):
        items = [encode(inner[0], item) for item in value] if origin is not tuple or inner[1:] == (...,) else None
        if items is None:
            return [encode(each, item) for each, item in zip(inner, value, strict=True)]
        return sorted(items) if origin in (set, frozenset) else items
    if origin is dict or origin is Mapping or origin is _MAPPING:
        return {str(key): encode(inner[1], item) for key, item in value.items()}
    if declared in _CUSTOM:
        return _CUSTOM[declared][0](value)
    if is_dataclass(declared) and type(value) is declared:
        return {name: encode(kind, getattr(value, name)) for name, kind in _hints(type(value)).items()}
    if isinstance(declared, type) and issubclass(declared, Enum) and isinstance(value, declared):
        written: JsonValue = value.value
        return written
    if origin is Literal or _is_plain(declared, value):
        return value
    raise TypeError(f"{value!r} is no {declared}")


def decode(declared: Any, written: JsonValue, where: str) -> Any:
    """The value that was written. Raises `StateError`; `where` is said in it."""
    if declared is Any:
        return _document(written, where)
    origin, inner = get_origin(declared), get_args(declared)
    if origin in (Union, types.UnionType):
        if written is None and type(None) in inner:
            return None
        return decode(_readable(inner, written), written, where)
    if origin in (list, tuple, set, frozenset, deque):
        items = _of(list, written, where)
        if origin is tuple and inner[1:] != (...,):
            if len(items) != len(inner):
                raise StateError(where, f"{len(items)} items", f"{len(inner)}")
            return tuple(decode(each, item, where) for each, item in zip(inner, items, strict=True))
        return origin(decode(inner[0], item, where) for item in items)
    if origin is dict or origin is _MAPPING:
        return {key: decode(inner[1], item, f"{where}.{key}") for key, item in _of(dict, written, where).items()}
    if declared in _CUSTOM:
        try:
            return _CUSTOM[declared][1](written)
        except _UNREADABLE as error:
            raise StateError(where, f"{type(error).__name__}: {error}"[:200], declared.__name__) from error
    if is_dataclass(declared):
        return _dataclass(declared, _of(dict, written, where), where)
    if isinstance(declared, type) and issubclass(declared, Enum):
        try:
            return declared(written)
        except ValueError as error:
            raise StateError(where, repr(written)[:80], ", ".join(str(it.value) for it in declared)) from error
    if origin is Literal:
        if written not in inner:
            raise StateError(where, repr(written)[:80], ", ".join(map(str, inner)))
        return written
    if not _is_plain(declared, written):
        raise StateError(where, type(written).__name__, declared.__name__)
    if declared is float:
        return _seconds(written, where)
    if declared is int and abs(written) > LARGEST:
        raise StateError(where, f"{str(written)[:20]}…", f"a whole number, at most {LARGEST}")
    return written


def _seconds(written: Any, where: str) -> float:
    if not abs(written) <= LONGEST:  # not a number (NaN) is not, either
        raise StateError(where, str(written)[:20], f"a number of seconds, at most {LONGEST:.0f}")
    return float(written)


def _document(written: JsonValue, where: str) -> JsonValue:
    """Raises `StateError` for what Python's `json` reads and no JSON has: NaN, infinity."""
    try:
        json.dumps(written, allow_nan=False)
    except ValueError as error:
        raise StateError(where, str(error)[:80], "a JSON document") from error
    return written


_MAPPING = get_origin(Mapping[str, str])


def _dataclass(declared: Any, written: Mapping[str, JsonValue], where: str) -> Any:
    hints = _hints(declared)
    for name in [*written.keys() - hints.keys(), *required(declared) - written.keys()]:
        got = "an unknown field" if name in written else "nothing"
        raise StateError(f"{where}.{name}", got, ", ".join(hints) if name in written else "a value")
    return declared(**{name: decode(hints[name], it, f"{where}.{name}") for name, it in written.items()})


@cache
def required(declared: Any) -> frozenset[str]:
    """The fields of a dataclass that have no default. One that is added later has one, else no kept world is read."""
    return frozenset(it.name for it in fields(declared) if it.default is MISSING and it.default_factory is MISSING)


@cache
def _hints(declared: Any) -> dict[str, Any]:
    hints = get_type_hints(declared)
    return {field.name: hints[field.name] for field in fields(declared)}


def _of(kind: type, written: JsonValue, where: str) -> Any:
    if not isinstance(written, kind):
        raise StateError(where, type(written).__name__, kind.__name__)
    return written


def _is_plain(declared: Any, value: Any) -> bool:
    if declared is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return declared in (str, int, bool, type(None)) and type(value) is declared


def _member(kinds: tuple[Any, ...], value: Any) -> Any:
    """The one of a union's types that a value has: by its class, so no union may have two of the same."""
    return next(kind for kind in kinds if _is_plain(kind, value) or type(value) is (get_origin(kind) or kind))


def _readable(kinds: tuple[Any, ...], written: JsonValue) -> Any:
    """The one of a union's types that a written value is read as."""
    others = [kind for kind in kinds if kind is not type(None)]
    if len(others) == 1:
        return others[0]
    return next((kind for kind in others if isinstance(written, get_origin(kind) or kind)), others[0])


def _key_text(key: SigningKey) -> JsonValue:
    return {"kid": key.kid, "private_key": key.private_pem}


def _signing_key(written: JsonValue) -> SigningKey:
    private_key = load_pem_private_key(written["private_key"].encode(), password=None)
    if not isinstance(private_key, rsa.RSAPrivateKey) or written.keys() != {"kid", "private_key"}:
        raise ValueError("no RSA key with its kid")
    return SigningKey(private_key, kid=written["kid"])


def _jwk(key: jwt.PyJWK) -> JsonValue:
    written: dict[str, Any] = key.Algorithm.to_jwk(key.key, as_dict=True)
    return {**written, "kid": key.key_id, "alg": key.algorithm_name}


def _log_text(log: ContainerLog) -> JsonValue:
    return {"pieces": [[time, text] for time, text in log.after()], "written": log.written, "ended": log.ended}


def _log(written: JsonValue) -> ContainerLog:
    log = ContainerLog()
    pieces = [Piece(_seconds(time, "pieces"), str(text)) for time, text in written["pieces"]]
    log.recall(pieces, int(written["written"]))
    if written["ended"]:
        log.end()
    return log


_CUSTOM: Mapping[Any, tuple[Callable[[Any], JsonValue], Callable[[JsonValue], Any]]] = {
    bytes: (lambda data: base64.b64encode(data).decode(), lambda text: base64.b64decode(text, validate=True)),
    SigningKey: (_key_text, _signing_key),
    jwt.PyJWK: (_jwk, jwt.PyJWK),
    ContainerLog: (_log_text, _log),
}
"""Types that are no dataclasses, or hold what JSON has no word for."""
