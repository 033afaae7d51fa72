"""Secrets in what is shown to be edited: masked there, and put back when they come back masked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from app.flow.model import JsonObject, JsonValue
from app.flow.redaction import MASK, mask_text
from app.world.edits.refusal import EditRefused

Path = tuple[str, ...]


def masked(document: JsonObject) -> JsonObject:
    """The document as it may be shown."""
    shown: JsonObject = json.loads(mask_text(json.dumps(document, ensure_ascii=False)))
    return shown


def revealed(document: JsonObject, before: JsonObject | None, text: str) -> tuple[JsonObject, str]:
    """The document with the secrets of `before` where they are still masked, and the text of it.

    Raises `EditRefused` for a masked secret in a place where none was shown.
    """
    if MASK not in text and MASK not in json.dumps(document, ensure_ascii=False):
        return document, text
    originals = dict(_strings(before or {}))
    shown = dict(_strings(masked(before or {})))

    def reveal(value: JsonValue, path: Path) -> JsonValue:
        if isinstance(value, dict):
            return {name: reveal(item, (*path, name)) for name, item in value.items()}
        if isinstance(value, list):
            return [reveal(item, (*path, _place(index, item))) for index, item in enumerate(value)]
        if not isinstance(value, str) or MASK not in value:
            return value
        if shown.get(path) != value:
            raise EditRefused("masked", got=value, where=".".join(path))
        return originals[path]

    whole: Any = reveal(document, ())
    return whole, json.dumps(whole, ensure_ascii=False)


def _strings(value: JsonValue, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _strings(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _strings(item, (*path, _place(index, item)))
    elif isinstance(value, str):
        yield path, value


def _place(index: int, item: JsonValue) -> str:
    """A list's member by its name, where it has one: others may be typed in before it."""
    name = item.get("name") if isinstance(item, dict) else None
    return name if isinstance(name, str) else str(index)
