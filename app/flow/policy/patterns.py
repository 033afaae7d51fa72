"""Wildcards and policy variables: how a text in a policy stands for many texts of a request.

Source: IAM user guide, "IAM policy elements: Variables and tags" and "Condition operators". No regular expressions are
made: thousands of patterns would take longer to compile than to match. What is longer than the text is not looked at:
white space is free in a policy's quota, and a variable that is repeated stands for megabytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import cache, lru_cache
from typing import TypeAlias

Values: TypeAlias = tuple[str, ...]
"""What a request says of one condition key. Never empty: a key without a value is an absent key."""
Keys: TypeAlias = Mapping[str, Values]
"""The request's condition keys, in lower case: their names are case-insensitive."""
Predicate: TypeAlias = Callable[[str], bool]


class Wildcard(Enum):
    """The two signs that stand for other characters."""

    ANY_RUN = "*"
    ANY_ONE = "?"


Piece: TypeAlias = str | Wildcard
_WILDCARD = re.compile(r"[*?]")
_VARIABLE = re.compile(r"\$\{[^{}]*\}")
_VARIABLE_OR_WILDCARD = re.compile(r"\$\{[^{}]*\}|[*?]")
_ESCAPED = ("*", "?", "$")
_KEPT = 200
"""Characters of a pattern that is kept once it is read: that takes up to 50 times as many bytes."""


def never(_: str) -> bool:
    """The predicate of a text that nothing equals, such as one with a variable that has no value."""
    return False


def pieces(text: str, variables: Keys | None, *, wildcards: bool) -> tuple[Piece, ...] | None:
    """`text` as literals and wildcards, its policy variables replaced; `None` where a variable has no value.

    `variables` is `None` under `Version` 2008-10-17, which knows none: `${aws:username}` is then a literal text.
    `${*}`, `${?}` and `${$}` are those very characters. What a variable brings in is literal, wildcards too.
    """
    found: list[Piece] = []
    position = 0
    for token in (_WILDCARD if variables is None else _VARIABLE_OR_WILDCARD).finditer(text):
        sign = token[0]
        if sign in ("*", "?"):
            if not wildcards:
                continue
            piece: Piece | None = Wildcard(sign)
        else:
            piece = _variable(sign[2:-1], variables or {})
        if piece is None:
            return None
        found += (text[position : token.start()], piece)
        position = token.end()
    return (*found, text[position:])


def variable_names(text: str) -> list[str]:
    """The keys of the policy variables in `text`, as written; `${*}`, `${?}` and `${$}` are none."""
    bodies = (found[0][2:-1] for found in _VARIABLE_OR_WILDCARD.finditer(text) if len(found[0]) > 1)
    return [body.partition(",")[0].strip() for body in bodies if body not in _ESCAPED]


def _variable(body: str, variables: Keys) -> str | None:
    """The value of `key` or `key, 'default'`. A key with several values cannot be a variable."""
    if body in _ESCAPED:
        return body
    key, comma, default = body.partition(",")
    values = variables.get(key.strip().lower(), ())
    if len(values) == 1:
        return values[0]
    default = default.strip()
    if comma and len(default) >= 2 and default[0] == default[-1] == "'":
        return default[1:-1]
    return None


def literal(text: str, variables: Keys | None) -> str | None:
    """`text` with its policy variables replaced and `*` and `?` as themselves; `None` where one has no value."""
    if "${" not in text:
        return text
    found = pieces(text, variables, wildcards=False)
    return None if found is None else "".join(map(str, found))


def glob(text: str, variables: Keys | None) -> Predicate:
    """Matches the texts that `text` stands for: `*` is any run of characters, the empty one too, `?` any one."""
    if len(text) <= _KEPT and "${" not in text:
        return _plain_glob(text)
    least = least_length(text, variables)

    @cache
    def compiled() -> Predicate:
        found = pieces(text, variables, wildcards=True)
        return never if found is None else compile_pieces(found)

    return lambda got: len(got) >= least and compiled()(got)


def least_length(text: str, variables: Keys | None) -> int:
    """How many characters a text that `text` stands for has at least."""
    return len(text if variables is None else _VARIABLE.sub("", text)) - text.count("*")


@lru_cache(maxsize=256)
def _plain_glob(text: str) -> Predicate:
    return compile_pieces(pieces(text, None, wildcards=True) or ())


def compile_pieces(found: Sequence[Piece]) -> Predicate:
    """The predicate of one pattern."""
    runs: list[list[Piece]] = [[]]
    for piece in found:
        if piece is Wildcard.ANY_RUN:
            runs.append([])
        elif piece:
            runs[-1].append(piece)
    first, *middle, last = map(_Stretch, runs) if len(runs) > 1 else (_Stretch(runs[0]), _Stretch([]))
    if len(runs) == 1:
        return lambda text: len(text) == first.length and first.stands_at(text, 0)
    between = [stretch for stretch in middle if stretch.length]

    def matches(text: str) -> bool:
        # Between two `*` every stretch has a fixed length, so the leftmost place for each is as good as any.
        position, end = first.length, len(text) - last.length
        if position > end or not first.stands_at(text, 0) or not last.stands_at(text, end):
            return False
        for stretch in between:
            place = stretch.find(text, position)
            if place < 0:
                return False
            position = place + stretch.length
        return position <= end

    return matches


class _Stretch:
    """What stands between two `*`: texts, each at its distance from the beginning, and any characters between them."""

    def __init__(self, found: Sequence[Piece]) -> None:
        self.length = 0
        self._texts: list[tuple[int, str]] = []
        for piece in found:
            if isinstance(piece, Wildcard):
                self.length += 1
            else:
                self._texts.append((self.length, piece))
                self.length += len(piece)

    def stands_at(self, text: str, position: int) -> bool:
        return all(text.startswith(it, position + distance) for distance, it in self._texts)

    def find(self, text: str, position: int) -> int:
        """The leftmost place from `position` on; -1 where there is none."""
        if len(text) - position < self.length:
            return -1
        if len(self._texts) == 1 and len(self._texts[0][1]) == self.length:
            return text.find(self._texts[0][1], position)
        # One bit for each place where it may stand: of all places at once, those whose next character is another go.
        places, left = _places(text), (1 << len(text) - self.length + 1) - (1 << position)
        for distance, it in self._texts:
            for index, character in enumerate(it, distance):
                left &= places.get(character, 0) >> index
                if not left:
                    return -1
        return (left & -left).bit_length() - 1


@lru_cache(maxsize=8)  # the text that many patterns are compared with, and an ARN's parts
def _places(text: str) -> dict[str, int]:
    """By character: the places where it stands, one bit each."""
    found: dict[str, int] = {}
    for index, character in enumerate(text):
        found[character] = found.get(character, 0) | 1 << index
    return found


def split_at_colons(found: Sequence[Piece], count: int) -> list[list[Piece]]:
    """The pieces of at most `count` parts that colons part; further colons belong to the last."""
    parts: list[list[Piece]] = [[]]
    for piece in found:
        if isinstance(piece, Wildcard):
            parts[-1].append(piece)
            continue
        head, *rest = piece.split(":", count - len(parts))
        parts[-1].append(head)
        parts += [[text] for text in rest]
    return parts
