"""The places of everything in a token: its parts, header fields, claims and their members, byte by byte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.flow.redaction import MASK
from app.flow.token import PARTS, decode, json_text, split

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()
_DEEPEST = 8
"""Levels of members that the anatomy distinguishes; `kubernetes.io.pod.name` is on the third."""


@dataclass(frozen=True, slots=True)
class TokenField:
    """A header field or claim: `"name":value`."""

    name: str
    start: int
    """The first byte in the part's decoded JSON (UTF-8)."""
    stop: int
    """The byte after the last."""
    compact_start: int
    """The first character of the compact token that carries a bit of it; its neighbour may share that character."""
    compact_stop: int
    json: str
    """The text between `start` and `stop`."""
    fields: tuple[TokenField, ...] = ()
    """The members of a value that is an object itself, by their dotted names: `kubernetes.io.pod.name`."""


@dataclass(frozen=True, slots=True)
class TokenPart:
    """One of the three parts between the dots."""

    name: str
    """`header`, `payload` or `signature`."""
    start: int
    """The first character in the compact token."""
    stop: int
    """The character after the last: the dot or the end."""
    base64url: str
    """As sent; for the signature a mask."""
    json: str
    """As decoded; empty for the signature."""
    fields: tuple[TokenField, ...]


def anatomy(token: str) -> tuple[TokenPart, ...]:
    """Where each part lies in the token, and each header field, claim and member of a claim in its JSON.

    Raises `MalformedToken`.
    """
    decode(token)
    parts: list[TokenPart] = []
    start = 0
    for name, encoded in zip(PARTS, split(token), strict=True):
        stop = start + len(encoded)
        if name == "signature":
            parts.append(TokenPart(name, start, stop, MASK, "", ()))
        else:
            text = json_text(name, encoded)
            parts.append(TokenPart(name, start, stop, encoded, text, tuple(_fields(text, start, 0, "", _DEEPEST))))
        start = stop + 1
    return tuple(parts)


def _fields(text: str, part_start: int, opening: int, prefix: str, levels: int) -> Iterator[TokenField]:
    """The members of the JSON object that opens in `text` at `opening` and is known to be one."""
    position = _skip(text, _skip(text, opening) + 1)
    while text[position] != "}":
        begin = position
        name, position = _DECODER.raw_decode(text, begin)
        value = _skip(text, _skip(text, position) + 1)
        _, end = _DECODER.raw_decode(text, value)
        start, stop = (len(text[:index].encode()) for index in (begin, end))
        dotted = f"{prefix}{name}"
        below = text[value] == "{" and levels > 1
        yield TokenField(
            dotted,
            start,
            stop,
            part_start + start * 8 // 6,
            part_start + -(-stop * 8 // 6),
            text[begin:end],
            tuple(_fields(text, part_start, value, f"{dotted}.", levels - 1)) if below else (),
        )
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return match.end() if match else position
