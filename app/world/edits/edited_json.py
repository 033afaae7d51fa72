"""From what was typed to a document: JSON of a bearable size, without anything that one cannot see."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterator
from typing import NoReturn, TypeAlias, TypeVar

from app.flow.model import JsonObject, JsonValue
from app.world.edits.refusal import EditRefused

T = TypeVar("T")
_Place: TypeAlias = tuple[str | int, ...]
"""Names of members and numbers of items from the top down: a text of it repeats what may be a name of 64 KB."""
SIZE_LIMIT = 64 * 1024
"""Bytes of a text; a longer one is not read. The largest that makes sense is a webhook's configuration, with 3 KiB."""
DEPTH_LIMIT = 30
"""Levels of nesting."""
_LAYOUT = frozenset("\t\n\r")
"""Control characters that a script in a Pod may contain."""
_TYPES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "number", float: "number"}


def read(text: str) -> JsonObject:
    """The JSON object in a text. Raises `EditRefused`."""
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > SIZE_LIMIT:
        raise EditRefused("too_large", got=str(size), expected=str(SIZE_LIMIT))
    if not text.strip():
        raise EditRefused("empty")
    try:
        document = json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        code = "not_json" if text[error.pos :].strip() else "cut_short"
        where = f"{error.lineno}:{error.colno}"
        raise EditRefused(code, got=text[error.pos : error.pos + 1], where=where) from None
    except RecursionError:
        raise EditRefused("too_deep", expected=str(DEPTH_LIMIT)) from None
    except ValueError:  # Python reads no integer of more digits
        raise EditRefused("long_number", expected=str(sys.get_int_max_str_digits())) from None
    for place, item in _walk(document):
        _check_characters(place, item)
    if not isinstance(document, dict):
        raise EditRefused("no_object", got=type_name(document), expected=type_name({}))
    return document


def only(document: JsonObject, where: str, *names: str) -> None:
    """Raises `EditRefused` for a member with another name than these."""
    for name in document:
        if name not in names:
            path = f"{where}.{name}" if where else name
            raise EditRefused("unknown_member", got=name, expected=", ".join(names), where=path)


def member(document: JsonObject, where: str, name: str, type_: type[T]) -> T:
    """A member that has to be there, of that type. Raises `EditRefused`."""
    path = f"{where}.{name}" if where else name
    if name not in document:
        raise EditRefused("missing_member", expected=name, where=path)
    value = document[name]
    if not isinstance(value, type_) or (type_ is int and isinstance(value, bool)):
        raise wrong_type(path, value, type_)
    return value


def texts(document: JsonObject, name: str) -> list[str]:
    """A member of the document that is a list of strings. Raises `EditRefused`."""
    items = member(document, "", name, list)
    for index, item in enumerate(items):
        if not isinstance(item, str):
            raise wrong_type(f"{name}[{index}]", item, str)
    return list(items)


def same_name(given: str, name: str, where: str) -> None:
    """Raises `EditRefused` for another name: that would be another object."""
    if given != name:
        raise EditRefused("other_name", got=given, expected=name, where=where)


def wrong_type(where: str, value: JsonValue, wanted: type) -> EditRefused:
    """The refusal of a value that is of another type than it has to be."""
    return EditRefused("wrong_type", got=type_name(value), expected=_TYPES[wanted], where=where)


def type_name(value: JsonValue) -> str:
    """What JSON calls a value of this type."""
    return _TYPES.get(type(value), "null")


def _object(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    made: JsonObject = {}
    for name, value in pairs:
        if name in made:  # JSON's readers take the last one; the learner may look at the first
            raise EditRefused("twice", got=name, where=name)
        made[name] = value
    return made


def _constant(name: str) -> NoReturn:
    raise EditRefused("number", got=name)


def _walk(document: JsonValue) -> Iterator[tuple[_Place, str]]:
    """Every string in a document, names of members among them, with the place of it."""
    pending: list[tuple[_Place, JsonValue, int]] = [((), document, 1)]
    while pending:
        place, value, depth = pending.pop()
        if depth > DEPTH_LIMIT:
            raise EditRefused("too_deep", expected=str(DEPTH_LIMIT), where=_path(place))
        if isinstance(value, dict):
            yield from ((place, name) for name in value)
            pending += [((*place, name), item, depth + 1) for name, item in value.items()]
        elif isinstance(value, list):
            pending += [((*place, index), item, depth + 1) for index, item in enumerate(value)]
        elif isinstance(value, str):
            yield place, value
        elif isinstance(value, float) and value in (float("inf"), float("-inf")):
            raise EditRefused("number", got=str(value), where=_path(place))


def _path(place: _Place) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")


def _check_characters(place: _Place, text: str) -> None:
    """Refuses control characters, in an ARN also those of the layout, and halves of characters."""
    allowed = frozenset() if text.lstrip().startswith("arn:") else _LAYOUT
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cs") and char not in allowed:
            raise EditRefused("control_character", got=char, where=_path(place))
