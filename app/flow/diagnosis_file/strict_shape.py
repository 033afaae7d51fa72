"""Makes frozen dataclasses of JSON values that the app does not trust, by the types of their fields.

Nothing is guessed and nothing is executed: a value has the type that its field says, or it is refused with its place.
`app.world.saved.codec` reads what this app itself wrote, keys and logs among it, and lets no field be missing.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from app.flow.model import JsonValue

T = TypeVar("T")
_QUOTED = 60
"""Characters of a refused value that are shown."""
_LARGEST = 253_402_300_799
"""The last second of the year 9999: no number in our documents is larger."""


class WrongShape(ValueError):
    """A value is not of its field's type."""

    def __init__(self, place: str, got: str, expected: str) -> None:
        super().__init__(f"{place}: got {got}, expected {expected}")
        self.place = place
        """Such as `walk.reports[2].checks[0].status`; empty for the whole."""
        self.got = got
        self.expected = expected


def read(kind: type[T], value: JsonValue, place: str = "") -> T:
    """`value` as a `kind`, a dataclass. Raises `WrongShape`."""
    found: T = _read(kind, value, place)
    return found


def _read(hint: Any, value: JsonValue, place: str) -> Any:
    if hint is Any:
        return value
    if is_dataclass(hint) and isinstance(hint, type):
        return _dataclass(hint, value, place)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        other = next(argument for argument in arguments if argument is not type(None))
        return None if value is None else _read(other, value, place)
    if origin is tuple:
        return _tuple(arguments, value, place)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        members = _typed(dict, value, place).items()
        return {name: _read(arguments[1], member, f"{place}.{name}") for name, member in members}
    if issubclass(hint, StrEnum):
        known = [str(member) for member in hint]
        if value not in known:
            raise WrongShape(place, shown(value), " | ".join(map(shown, known)))
        return hint(value)
    return _number(hint, value, place) if hint in (int, float) else _typed(hint, value, place)


def _dataclass(kind: type, value: JsonValue, place: str) -> Any:
    members = _typed(dict, value, place)
    known = {field.name: field for field in fields(kind)}
    for name in members:
        if name not in known:
            raise WrongShape(_join(place, name), cut(name), " | ".join(known))
    for name, field in known.items():
        if name not in members and field.default is MISSING and field.default_factory is MISSING:
            raise WrongShape(_join(place, name), "-", _said(_hints(kind)[name]))
    return kind(**{name: _read(_hints(kind)[name], member, _join(place, name)) for name, member in members.items()})


def _tuple(arguments: tuple[Any, ...], value: JsonValue, place: str) -> tuple[Any, ...]:
    items = _typed(list, value, place)
    if arguments[1:] == (...,):
        arguments = (arguments[0],) * len(items)
    if len(items) != len(arguments):
        raise WrongShape(place, f"{len(items)}", f"{len(arguments)}")
    return tuple(
        _read(hint, item, f"{place}[{index}]") for index, (hint, item) in enumerate(zip(arguments, items, strict=True))
    )


def _number(hint: type[int] | type[float], value: JsonValue, place: str) -> int | float:
    kinds = (int,) if hint is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not 0 <= value <= _LARGEST:
        raise WrongShape(place, shown(value), f"0 <= number <= {_LARGEST}")
    return hint(value)


def _typed(kind: type[T], value: JsonValue, place: str) -> T:
    if not isinstance(value, kind):
        raise WrongShape(place, shown(value), _said(kind))
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _join(place: str, name: str) -> str:
    return f"{place}.{cut(name)}" if place else cut(name)


def _said(hint: Any) -> str:
    """A type in words that are the same in all languages: JSON's own."""
    named = getattr(hint, "__name__", str(hint))
    return {"dict": "{…}", "list": "[…]", "tuple": "[…]", "str": '"…"', "int": "0", "float": "0"}.get(named, named)


def shown(value: JsonValue) -> str:
    """What was found instead, as JSON writes it, and short: it may be anything, and enormous."""
    if isinstance(value, dict | list):
        return "{…}" if isinstance(value, dict) else "[…]"
    return f'"{cut(value)}"' if isinstance(value, str) else cut(json.dumps(value))


def cut(words: str) -> str:
    """The beginning of a text."""
    return words if len(words) <= _QUOTED else f"{words[: _QUOTED - 1]}…"
