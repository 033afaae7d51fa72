"""JSON by RFC 8259 and nothing beyond it, safe to hand on: code that prints or encodes it later cannot fail on it."""

from __future__ import annotations

import json
import math
from typing import NoReturn

from app.flow.model import JsonValue

DEEPEST = 100
"""How many lists and objects may lie in each other."""


class TooDeep(ValueError):
    """Lists and objects are nested deeper than `DEEPEST`."""


def loads(text: str) -> JsonValue:
    """The value of a JSON text.

    Raises `ValueError` where it is none, and on what Python alone takes (`NaN`), on numbers too large to be written
    back, on nesting deeper than 100 and on half a surrogate pair. What was found is then all that the error says.
    """
    try:
        value = _DECODER.decode(text)
    except RecursionError as error:
        raise TooDeep("too deep") from error
    # With fewer brackets nothing can lie that deep.
    if text.count("{") + text.count("[") >= DEEPEST and is_deep(value):
        raise TooDeep("too deep")
    if "\\u" in text or not text.isascii():
        _refuse_halves(json.dumps(value, ensure_ascii=False))
    return value


def loads_or_none(text: str) -> JsonValue:
    """The same; None for a text of which `loads` makes an error."""
    try:
        return loads(text)
    except ValueError:
        return None


def is_deep(value: JsonValue, left: int = DEEPEST) -> bool:
    """Whether lists and objects are nested deeper than `left`. Code that goes through them, as `copy.deepcopy` does,
    can then reach Python's limit of recursion."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return not left or any(is_deep(child, left - 1) for child in inside)


def _refuse_halves(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"\\u{ord(text[error.start]):04x}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(text) from None


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(text)
    return value


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_int=_whole, parse_float=_finite)
