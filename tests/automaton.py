"""A regular expression as an automaton whose states are the places of its characters."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from re import _constants as ops
from re import _parser
from typing import Any

AS_UNBOUNDED, COPIES = 200, 4
"""A repetition up to the first number counts as one without a bound; the second is how many others are read as."""
_ESCAPES = {"DIGIT": r"\d", "NOT_DIGIT": r"\D", "SPACE": r"\s", "NOT_SPACE": r"\S", "WORD": r"\w", "NOT_WORD": r"\W"}
_CHARACTERS = {*map(chr, range(128)), *"\x85\xa0éİ٣あ漢ア。\u200b\u2028😀\ud800"}
Matches = Callable[[str], bool]
Guard = Callable[[str, str], bool]
"""Of the character before, empty at the beginning, and of the one after."""


@dataclass(eq=False)
class _State:
    """A state without a character; `ways` leads on, and `at` is the place of the character that is read here."""

    ways: list[tuple[_State, Guard | None]] = field(default_factory=list)
    at: Place | None = None
    is_end: bool = False


@dataclass(eq=False)
class Place:
    """A character of the expression, the atomic groups and the loops that it is in, and the state after it."""

    matches: Matches
    atomic: frozenset[int]
    is_in_loop: bool
    after: _State
    follows: list[tuple[Place, tuple[Guard, ...]]] = field(default_factory=list)
    ends: list[tuple[Guard, ...]] = field(default_factory=list)
    letters: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class _Within:
    flags: int
    atomic: frozenset[int] = frozenset()
    is_in_loop: bool = False


class Automaton:
    """The automaton of one expression. `is_search`: it may begin anywhere; `to_the_end`: it has to match to the end.

    `begin` is no character of the expression. In a search it is a loop over those before a match.
    """

    def __init__(self, expression: str | bytes, flags: int = 0, *, is_search: bool, to_the_end: bool) -> None:
        tree = _parser.parse(expression, flags & ~re.DEBUG)
        self.places: list[Place] = []
        self._wanted: list[Matches] = []
        self._signs = set(_CHARACTERS)
        start, end = _State(), _State(is_end=True)
        within = _Within(tree.state.flags)
        self._sequence(tree, start, within).ways.append((end, None))
        self.begin = Place(lambda _: is_search, frozenset(), is_in_loop=is_search, after=start)
        self.places.append(self.begin)
        for place in self.places:
            self._follow(place)
        if is_search:
            self.begin.follows.append((self.begin, ()))
        letters = self._letters()
        for place in self.places:
            place.letters = frozenset(filter(place.matches, letters))
        for place in self.places if to_the_end else ():
            if (place, ()) not in place.follows or len(place.letters) < len(letters):
                place.ends = []

    def _letters(self) -> list[str]:
        """One character of each kind that the expression distinguishes."""
        kinds: dict[tuple[bool, ...], str] = {}
        tests = [*(place.matches for place in self.places), *self._wanted]
        for sign in sorted(self._signs):
            kinds.setdefault(tuple(test(sign) for test in tests), sign)
        return list(kinds.values())

    # (1) from the tree to states

    def _sequence(self, tree: Any, state: _State, within: _Within) -> _State:
        for operation, value in tree:
            state = self._item(operation, value, state, within)
        return state

    def _item(self, operation: Any, value: Any, state: _State, within: _Within) -> _State:
        end = _State()
        if operation is ops.BRANCH:
            for branch in value[1]:
                self._begins(branch, state, within).ways.append((end, None))
        elif operation is ops.SUBPATTERN:
            _, added, removed, inner = value
            flags = within.flags & ~removed | added
            return self._sequence(inner, state, _Within(flags, within.atomic, within.is_in_loop))
        elif operation is ops.ATOMIC_GROUP:
            return self._sequence(value, state, self._in_atomic(within))
        elif operation in (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT):
            within = self._in_atomic(within) if operation is ops.POSSESSIVE_REPEAT else within
            return self._repeat(*value, state, within)
        elif operation is ops.AT:
            state.ways.append((end, self._at(value, within.flags)))
        elif operation in (ops.ASSERT, ops.ASSERT_NOT):
            self._look(value, state, end, within, wanted=operation is ops.ASSERT)
        elif operation is ops.GROUPREF_EXISTS:
            for branch in value[1:]:
                self._begins(branch or [], state, within).ways.append((end, None))
        elif operation in (ops.GROUPREF, ops.GROUPREF_IGNORE, ops.GROUPREF_UNI_IGNORE, ops.GROUPREF_LOC_IGNORE):
            return self._repeat(0, ops.MAXREPEAT, [(ops.ANY, None)], state, within)
        else:
            matches = self._matcher(operation, value, within.flags)
            place = Place(matches, within.atomic, within.is_in_loop, end)
            self.places.append(place)
            state.ways.append((_State(at=place), None))
        return end

    def _begins(self, tree: Any, state: _State, within: _Within) -> _State:
        first = _State()
        state.ways.append((first, None))
        return self._sequence(tree, first, within)

    def _in_atomic(self, within: _Within) -> _Within:
        return _Within(within.flags, within.atomic | {len(self.places)}, within.is_in_loop)

    def _repeat(self, least: int, most: Any, body: Any, state: _State, within: _Within) -> _State:
        """Where there is a bound, `COPIES` repetitions stand for more."""
        end = _State()
        if is_loop := most is ops.MAXREPEAT or most >= AS_UNBOUNDED:
            within = _Within(within.flags, within.atomic, is_in_loop=True)
        for number in range(1 if is_loop else min(most, COPIES)):
            if number >= least:
                state.ways.append((end, None))
            first = _State()
            state.ways.append((first, None))
            state = self._sequence(body, first, within)
            if is_loop:
                state.ways.append((first, None))
        state.ways.append((end, None))
        return end

    def _look(self, value: Any, state: _State, end: _State, within: _Within, *, wanted: bool) -> None:
        """What looks ahead is read to no end. One character before or after is a condition; more are none."""
        direction, inner = value
        guard: Guard | None = lambda before, after: True  # noqa: E731
        items = list(inner)
        one = len(items) == 1 and items[0][0] in (ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN)
        if one:
            matches = self._matcher(*items[0], within.flags)
            self._wanted.append(matches)
            if direction < 0:
                guard = lambda before, after: (before != "" and matches(before)) is wanted  # noqa: E731
            else:
                guard = lambda before, after: matches(after) is wanted  # noqa: E731
        elif direction > 0:
            self._begins(inner, state, within)
        state.ways.append((end, guard))

    def _at(self, code: Any, flags: int) -> Guard:
        lines = flags & re.MULTILINE
        word = self._matcher(ops.IN, [(ops.CATEGORY, ops.CATEGORY_WORD)], flags)
        self._wanted.append(word)
        if code is ops.AT_BEGINNING_STRING or code is ops.AT_BEGINNING:
            return lambda before, after: before == "" or bool(lines and code is ops.AT_BEGINNING and before == "\n")
        if code in (ops.AT_BOUNDARY, ops.AT_NON_BOUNDARY):
            return lambda before, after: (
                ((before != "" and word(before)) is not word(after)) is (code is ops.AT_BOUNDARY)
            )
        return lambda before, after: code is ops.AT_END and after == "\n"

    def _matcher(self, operation: Any, value: Any, flags: int) -> Matches:
        """Whether one character is meant, as the flags say."""
        items = value if operation is ops.IN else [(operation, value)]
        for kind, what in items:
            ends = what if kind is ops.RANGE else (what,) if kind in (ops.LITERAL, ops.NOT_LITERAL) else ()
            near = {code + step for code in ends for step in (-1, 0, 1)}
            self._signs |= {chr(code) for code in near if 0 <= code <= 0x10FFFF}

        def is_one(sign: str) -> bool:
            found = False
            for kind, what in items:
                if kind is ops.NEGATE:
                    continue
                found = found or _is_of(kind, what, sign, flags)
            return found is not (items[0][0] is ops.NEGATE)

        if not flags & re.IGNORECASE:
            return is_one
        negated = items[0][0] is ops.NEGATE or operation is ops.NOT_LITERAL
        quantifier = all if negated else any
        return lambda sign: quantifier(is_one(case) for case in {sign, sign.lower()[:1], sign.upper()[:1]})

    # (2) from states to places

    def _follow(self, place: Place) -> None:
        waiting: list[tuple[_State, tuple[Guard, ...], frozenset[int]]] = [(place.after, (), frozenset())]
        while waiting:
            state, guards, seen = waiting.pop()
            if id(state) in seen:
                continue
            if state.at is not None:
                place.follows.append((state.at, guards))
            if state.is_end:
                place.ends.append(guards)
            for way, guard in state.ways:
                waiting.append((way, guards if guard is None else (*guards, guard), seen | {id(state)}))


def _is_of(kind: Any, what: Any, sign: str, flags: int) -> bool:
    if kind is ops.LITERAL:
        return ord(sign) == what
    if kind is ops.NOT_LITERAL:
        return ord(sign) != what
    if kind is ops.RANGE:
        return bool(what[0] <= ord(sign) <= what[1])
    if kind is ops.CATEGORY:
        return re.fullmatch(_ESCAPES[str(what).removeprefix("CATEGORY_")], sign, flags & re.ASCII) is not None
    return bool(flags & re.DOTALL) or sign != "\n"
