"""Where in a JSON text each of its values stands, so that a drawing can point at it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[str, ...]
"""Member names and list positions from the top down, such as `("Statement", "0", "Effect")`."""

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class Place:
    """Offsets in the text, in characters; the end is the first one after."""

    start: int
    """Where it begins; a member begins with its name."""
    value: int
    end: int


def places(text: str) -> dict[Path, Place]:
    """The place of every value. `text` has to be JSON (`strict_json.loads`); of members of one name the last counts."""
    found: dict[Path, Place] = {}
    first = _skip(text, 0)
    _read(text, first, first, (), found)
    return found


def _skip(text: str, position: int) -> int:
    """Where the next character stands that is no space."""
    return _SPACE.match(text, position).end()  # type: ignore[union-attr]  # the expression matches everywhere


def _read(text: str, start: int, position: int, path: Path, found: dict[Path, Place]) -> int:
    """Notes the place of the value at `position` and of all within it. Returns where it ends."""
    opening = text[position]
    if opening not in "{[":
        _, end = _DECODER.raw_decode(text, position)
    else:
        end, index = _skip(text, position + 1), 0
        while text[end] not in "}]":
            name, begins = str(index), end
            if opening == "{":
                name, end = _DECODER.raw_decode(text, end)
                end = _skip(text, _skip(text, end) + 1)  # the colon
            end = _skip(text, _read(text, begins, end, (*path, name), found))
            if text[end] == ",":
                end = _skip(text, end + 1)
            index += 1
        end += 1
    found[path] = Place(start, position, end)
    return end
