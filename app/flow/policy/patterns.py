"""Wildcards and policy variables: how a text in a policy stands for many texts of a request.

Source: IAM user guide, "IAM policy elements: Variables and tags" and "Condition operators". Matching takes time in
proportion to the text times the longest stretch between two `*`, whatever the pattern: a policy cannot hang us.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import lru_cache
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
_VARIABLE_OR_WILDCARD = re.compile(r"\$\{[^{}]*\}|[*?]")
_ESCAPED = ("*", "?", "$")


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
    if "${" not in text:
        return _plain_glob(text)
    found = pieces(text, variables, wildcards=True)
    return never if found is None else compile_pieces(found)


@lru_cache(maxsize=256)  # one of 6 KB, as a visitor may write, takes 50
def _plain_glob(text: str) -> Predicate:
    return compile_pieces(pieces(text, None, wildcards=True) or ())


def compile_pieces(found: Sequence[Piece]) -> Predicate:
    """The predicate of one pattern."""
    if not any(isinstance(piece, Wildcard) for piece in found):
        return "".join(map(str, found)).__eq__
    stretches: list[list[Piece]] = [[]]
    for piece in found:
        if piece is Wildcard.ANY_RUN:
            stretches.append([])
        else:
            stretches[-1].append(piece)
    if len(stretches) == 1:
        whole = _stretch(found)
        return lambda text: whole.fullmatch(text) is not None
    first, *middle, last = [_stretch(stretch) for stretch in stretches]
    tail = sum(1 if isinstance(piece, Wildcard) else len(piece) for piece in stretches[-1])

    def matches(text: str) -> bool:
        # Between two `*` every stretch has a fixed length, so the leftmost place for each is as good as any.
        start = first.match(text)
        if start is None:
            return False
        position = start.end()
        for stretch in middle:
            place = stretch.search(text, position)
            if place is None:
                return False
            position = place.end()
        return len(text) - tail >= position and last.fullmatch(text, len(text) - tail) is not None

    return matches


def _stretch(found: Sequence[Piece]) -> re.Pattern[str]:
    return re.compile("".join("." if isinstance(piece, Wildcard) else re.escape(piece) for piece in found), re.DOTALL)


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
