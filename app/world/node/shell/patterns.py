"""Shell patterns: `*`, `?`, `[…]`. Source: POSIX.1-2017, Shell Command Language, 2.13.

Matching keeps a set of positions in the pattern and looks at each character once, so that no pattern takes long.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence

from app.world.node.shell.limits import Limits

CLASSES: dict[str, Callable[[str], bool]] = {
    "alpha": str.isalpha,
    "digit": lambda c: c in "0123456789",
    "alnum": str.isalnum,
    "upper": str.isupper,
    "lower": str.islower,
    "space": str.isspace,
    "blank": lambda c: c in " \t",
    "punct": lambda c: c.isascii() and c.isprintable() and not c.isalnum() and c != " ",
    "print": str.isprintable,
    "xdigit": lambda c: c in "0123456789abcdefABCDEF",
    "cntrl": lambda c: ord(c) < 32 or ord(c) == 127,
}

Characters = Sequence[tuple[str, bool]]
"""A pattern's characters, each with whether it was quoted."""
_Test = Callable[[str], bool]
_MANY = None
"""Stands for `*`."""


class Pattern:
    """A compiled pattern."""

    def __init__(self, characters: Characters, limits: Limits) -> None:
        """Raises `Killed` where it would take too long: for each `[` its `]` is looked for."""
        limits.examine(len(characters), 1 + characters.count(("[", False)))
        self._parts: list[_Test | None] = list(_parts(characters))

    def matches(self, text: str, limits: Limits) -> bool:
        """Whether the whole text matches."""
        return len(text) in self.ends(text, limits)

    def ends(self, text: str, limits: Limits) -> list[int]:
        """Each possible number of characters from the start that match, the smallest first."""
        limits.examine(len(text), len(self._parts))
        return list(self._ends(self._parts, text))

    def starts(self, text: str, limits: Limits) -> list[int]:
        """Each possible number of characters before the end that match, the smallest first."""
        limits.examine(len(text), len(self._parts))
        return list(self._ends(self._parts[::-1], text[::-1]))

    @staticmethod
    def _ends(parts: list[_Test | None], text: str) -> Iterator[int]:
        states = _closed({0}, parts)
        if len(parts) in states:
            yield 0
        for number, character in enumerate(text, 1):
            following = set()
            for state in states:
                if state == len(parts):
                    continue
                part = parts[state]
                if part is _MANY:
                    following.add(state)
                elif part(character):
                    following.add(state + 1)
            states = _closed(following, parts)
            if not states:
                return
            if len(parts) in states:
                yield number


def _closed(states: set[int], parts: list[_Test | None]) -> set[int]:
    """With the positions after each `*` that matches nothing."""
    found = set()
    for start in states:
        state = start
        while state not in found:
            found.add(state)
            if state < len(parts) and parts[state] is _MANY:
                state += 1
    return found


def _parts(characters: Characters) -> Iterator[_Test | None]:
    position = 0
    while position < len(characters):
        character, quoted = characters[position]
        position += 1
        if not quoted and character == "*":
            yield _MANY
        elif not quoted and character == "?":
            yield lambda _: True
        elif not quoted and character == "[" and (end := _bracket_end(characters, position)):
            yield bracket(characters[position:end])
            position = end + 1
        elif not quoted and character == "\\" and position < len(characters):
            yield characters[position][0].__eq__
            position += 1
        else:
            yield character.__eq__


def _bracket_end(characters: Characters, start: int) -> int:
    """The index of the `]`; 0 where there is none, so that `[` is an ordinary character."""
    position = start
    text = "".join(character for character, _ in characters)
    last_class = text.rfind(":]")
    if position < len(characters) and characters[position] in (("!", False), ("^", False)):
        position += 1
    first = position
    while position < len(characters):
        character, quoted = characters[position]
        if character == "/":
            return 0
        if character == "]" and not quoted and position > first:
            return position
        if character == "[" and not quoted and characters[position + 1 : position + 2] == [(":", False)]:
            if position + 2 <= last_class:
                position = text.find(":]", position + 2) + 1
        position += 1
    return 0


def bracket(characters: Characters) -> _Test:
    """The test for the characters between `[` and `]`, in a shell's pattern (`!`) or a regular expression (`^`)."""
    negated = bool(characters) and characters[0] in (("!", False), ("^", False))
    if negated:
        characters = characters[1:]
    text = "".join(character for character, _ in characters)
    last_class = text.rfind(":]")
    spans: list[tuple[str, str]] = []
    classes: set[str] = set()
    position = 0
    while position < len(characters):
        character, quoted = characters[position]
        if character == "[" and not quoted and text[position + 1 : position + 2] == ":" and position + 2 <= last_class:
            end = text.find(":]", position + 2)
            classes.add(text[position + 2 : end])
            position = end + 2
        elif position + 2 < len(text) and characters[position + 1] == ("-", False):
            spans.append((character, text[position + 2]))
            position += 3
        else:
            spans.append((character, character))
            position += 1
    starts, ends = _merged(spans)
    tests = [CLASSES[name] for name in classes if name in CLASSES]

    def contains(c: str) -> bool:
        place = bisect_right(starts, c) - 1
        return (place >= 0 and c <= ends[place]) or any(test(c) for test in tests)

    return lambda c: contains(c) != negated


def _merged(spans: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """The first and the last characters of the spans, in order, where those that overlap are one."""
    starts: list[str] = []
    ends: list[str] = []
    for low, high in sorted(spans):
        if ends and low <= ends[-1]:
            ends[-1] = max(ends[-1], high)
        elif low <= high:
            starts.append(low)
            ends.append(high)
    return starts, ends


def has_pattern(characters: Characters) -> bool:
    """Whether the characters contain a special one."""
    return any(not quoted and character in "*?[" for character, quoted in characters)
