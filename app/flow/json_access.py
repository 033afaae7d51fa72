"""Reading JSON documents whose shape is not certain: a wrong type is an absence, never an exception."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from app.flow.model import JsonObject, JsonValue
from app.flow.redaction import mask_text

TEXT_LIMIT = 2000
"""Characters of a value that a check quotes; a longer one is cut and ends in `…`."""


def get(document: JsonValue, *path: str) -> Any:
    """The value under nested object keys, or None as soon as a key or an object is missing."""
    for key in path:
        if not isinstance(document, (dict, Mapping)):  # a dict alone is known as a Mapping in a third of the time
            return None
        document = document.get(key)
    return document


def get_str(document: JsonValue, *path: str) -> str:
    """The string under nested keys; empty when it is absent or no string."""
    value = get(document, *path)
    return value if isinstance(value, str) else ""


def get_object(document: JsonValue, *path: str) -> JsonObject:
    """The object under nested keys; empty when it is absent or no object."""
    value = get(document, *path)
    return dict(value) if isinstance(value, Mapping) else {}


def get_list(document: JsonValue, *path: str) -> list[Any]:
    """The list under nested keys; empty when it is absent or no list."""
    value = get(document, *path)
    return list(value) if isinstance(value, list | tuple) else []


def strings(value: JsonValue) -> list[str]:
    """A string or the strings of a list, as IAM and JWT allow both for one value."""
    if isinstance(value, str):
        return [value]
    return [item for item in value if isinstance(item, str)] if isinstance(value, list | tuple) else []


def seconds(document: JsonValue, *path: str) -> float | None:
    """The number of seconds under nested keys; None when it is absent or no number."""
    value = get(document, *path)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return None


def whole_number(text: str) -> int | None:
    """The number that decimal digits write; None for any other text, and for more digits than a number has here."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


def unix_time(document: JsonValue, *path: str) -> float | None:
    """The time (RFC 3339) under nested keys as Unix seconds; None when it is absent or something else, such as a time
    without its zone."""
    try:
        moment = datetime.fromisoformat(get_str(document, *path))
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


def shown(value: JsonValue) -> str:
    """A value as a check quotes it: strings as they are, lists joined (an empty text in one as `""`), the rest as JSON;
    secrets masked.
    """
    if isinstance(value, str):
        words = value
    elif isinstance(value, list | tuple) and value and all(isinstance(item, str) for item in value):
        words = ", ".join(item or '""' for item in value)
    else:
        words = json.dumps(value, ensure_ascii=False, default=str)
    words = mask_text(_printable(words))
    return words if len(words) <= TEXT_LIMIT else words[: TEXT_LIMIT - 1] + "…"


def masked(document: JsonValue) -> JsonValue:
    """A copy of a document in which every secret that `redaction` knows is masked; dataclasses become objects."""
    return json.loads(mask_text(_printable(_ENCODER.encode(document))))


def _plain(value: Any) -> JsonValue:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return str(value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_plain)


def _printable(words: str) -> str:
    """Lone surrogates, which JSON may carry and UTF-8 may not, become question marks."""
    return words if words.isascii() else words.encode("utf-8", "replace").decode("utf-8")
