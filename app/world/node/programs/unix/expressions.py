"""Regular expressions of POSIX, basic and extended, for `grep` and `sed`.

A set of places in the expression looks at each character once, so none takes long on any text; Python's own may take
for ever. Of several matches the leftmost is found, of these the longest. Back-references are not there.
Source: POSIX.1-2017, Base Definitions, 9; the method: Thompson 1968, with captures as by Pike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.world.node.programs.unix.options import UsageProblem
from app.world.node.shell.limits import Limits
from app.world.node.shell.patterns import bracket

SIZE_LIMIT = 1_000
"""Instructions of one expression at most."""
DEPTH_LIMIT = 20
"""Groups inside each other at most."""


@dataclass(slots=True)
class _Instruction:
    kind: str
    """`char`, `split`, `jump`, `save`, `start`, `end`, `word`, `match`."""
    test: Callable[[str], bool] | None = None
    x: int = 0
    y: int = 0


_Node = tuple[Any, ...]


class Expression:
    """A compiled expression. Raises `UsageProblem` for a text that is none."""

    def __init__(self, text: str, *, extended: bool, ignore_case: bool = False) -> None:
        self._text = text
        self._extended = extended
        self._ignore_case = ignore_case
        self._last_class = text.rfind(":]")
        self._position = 0
        self._depth = 0
        self.groups = 0
        special = "\\[].*^$" + ("+?(){}|" if extended else "")
        self._plain = text if text and not set(text) & set(special) and not ignore_case else ""
        self._program: list[_Instruction] = []
        self._compiled = 0
        node = self._alternatives()
        if self._position < len(text):
            raise UsageProblem("Unmatched ) or \\)")
        self._compile(("save", 0, node))
        self._add("match")

    # (1) Searching

    def search(self, text: str, limits: Limits, start: int = 0) -> list[int] | None:
        """The leftmost, longest match from `start` on: begin and end, then those of each group (-1 where it has none).

        Raises `Killed` where it would take too long.
        """
        if self._plain:
            limits.examine(len(text))
            found = text.find(self._plain, start)
            return None if found < 0 else [found, found + len(self._plain)]
        limits.examine(len(text) - start + 1, 2 * len(self._program))
        best: list[int] | None = None
        threads: list[tuple[int, list[int]]] = []
        slots = [-1] * (2 * self.groups + 2)
        for position in range(start, len(text) + 1):
            following: list[tuple[int, list[int]]] = []
            seen: set[int] = set()
            for place, saved in threads:
                self._follow(place, saved, position, text, following, seen)
            if best is None:
                self._follow(0, slots, position, text, following, seen)
            threads = []
            for place, saved in following:
                instruction = self._program[place]
                if instruction.kind == "match":
                    if best is None or saved[0] < best[0] or (saved[0] == best[0] and saved[1] > best[1]):
                        best = saved
                elif position < len(text) and instruction.test is not None and instruction.test(text[position]):
                    if best is None or saved[0] <= best[0]:
                        threads.append((place + 1, saved))
            if best is not None and not threads:
                break
        return best

    def _follow(
        self, place: int, saved: list[int], position: int, text: str, found: list[tuple[int, list[int]]], seen: set[int]
    ) -> None:
        pending = [(place, saved)]
        while pending:
            place, saved = pending.pop()
            if place in seen:
                continue
            seen.add(place)
            instruction = self._program[place]
            match instruction.kind:
                case "jump":
                    pending.append((instruction.x, saved))
                case "split":
                    pending += [(instruction.y, saved), (instruction.x, saved)]
                case "save":
                    copy = list(saved)
                    copy[instruction.x] = position
                    pending.append((place + 1, copy))
                case "start":
                    if position == 0:
                        pending.append((place + 1, saved))
                case "end":
                    if position == len(text):
                        pending.append((place + 1, saved))
                case "word":
                    before = position > 0 and _is_word(text[position - 1])
                    after = position < len(text) and _is_word(text[position])
                    wanted = {"b": before != after, "<": after and not before, ">": before and not after}
                    if wanted["b<>"[instruction.x]]:
                        pending.append((place + 1, saved))
                case _:
                    found.append((place, saved))

    # (2) Compiling

    def _add(self, kind: str, test: Callable[[str], bool] | None = None, x: int = 0, y: int = 0) -> int:
        if len(self._program) >= SIZE_LIMIT:
            raise UsageProblem("Regular expression too big")
        self._program.append(_Instruction(kind, test, x, y))
        return len(self._program) - 1

    def _compile(self, node: _Node) -> None:
        self._compiled += 1
        if self._compiled > 4 * SIZE_LIMIT:  # also where nothing is added, as for `x{0}{999}{999}`
            raise UsageProblem("Regular expression too big")
        match node:
            case ("char", test):
                self._add("char", test)
            case ("start",) | ("end",):
                self._add(node[0])
            case ("word", which):
                self._add("word", x=which)
            case ("all", *nodes):
                for each in nodes:
                    self._compile(each)
            case ("save", number, inner):
                self._add("save", x=2 * number)
                self._compile(inner)
                self._add("save", x=2 * number + 1)
            case ("either", first, second):
                split = self._add("split")
                self._compile(first)
                jump = self._add("jump")
                self._program[split].x, self._program[split].y = split + 1, jump + 1
                self._compile(second)
                self._program[jump].x = len(self._program)
            case ("repeat", inner, low, high):
                for _ in range(low):
                    self._compile(inner)
                if high is None:
                    split = self._add("split")
                    self._compile(inner)
                    self._add("jump", x=split)
                    self._program[split].x, self._program[split].y = split + 1, len(self._program)
                else:
                    splits = []
                    for _ in range(high - low):
                        splits.append(self._add("split"))
                        self._compile(inner)
                    for split in splits:
                        self._program[split].x, self._program[split].y = split + 1, len(self._program)

    # (3) Reading

    def _next(self, count: int = 1) -> str:
        return self._text[self._position : self._position + count]

    def _take(self, extended: str) -> bool:
        """Whether an operator stands here: `(` in extended expressions is `\\(` in basic ones."""
        wanted = extended if self._extended else f"\\{extended}"
        if self._next(len(wanted)) != wanted:
            return False
        self._position += len(wanted)
        return True

    def _alternatives(self) -> _Node:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise UsageProblem("Regular expression too big")
        node = self._sequence()
        while self._take("|"):
            node = ("either", node, self._sequence())
        self._depth -= 1
        return node

    def _sequence(self) -> _Node:
        nodes: list[_Node] = []
        while self._position < len(self._text) and not self._ends():
            atom = self._atom(first=not nodes)
            while (times := self._repetition(atom)) is not None:
                atom = ("repeat", atom, *times)
            nodes.append(atom)
        return ("all", *nodes)

    def _ends(self) -> bool:
        if self._extended:
            return self._next() == "|" or (self._next() == ")" and self._depth > 1)
        return self._next(2) in ("\\|", "\\)")

    def _repetition(self, atom: _Node) -> tuple[int, int | None] | None:
        if self._next() == "*" and atom[0] != "start":
            self._position += 1
            return 0, None
        if self._take("+"):
            return 1, None
        if self._take("?"):
            return 0, 1
        if self._take("{"):
            end = self._text.find("}" if self._extended else "\\}", self._position)
            low, comma, high = self._text[self._position : max(end, 0)].partition(",")
            low = low or ("0" if comma else "")
            if end < 0 or not low.isdigit() or not (high.isdigit() or not high) or max(len(low), len(high)) > 3:
                raise UsageProblem("Invalid content of \\{\\}")
            self._position = end + (1 if self._extended else 2)
            most = int(low) if not comma else int(high) if high else None
            if most is not None and most < int(low):
                raise UsageProblem("Invalid content of \\{\\}")
            return int(low), most
        return None

    def _atom(self, *, first: bool) -> _Node:
        if self._take("("):
            self.groups += 1
            number = self.groups
            inner = self._alternatives()
            if not self._take(")"):
                raise UsageProblem("Unmatched ( or \\(")
            return ("save", number, inner)
        character = self._next()
        self._position += 1
        if character == "^" and (self._extended or first):
            return ("start",)
        if character == "$" and (self._extended or self._position == len(self._text) or self._ends()):
            return ("end",)
        if character == ".":
            return ("char", lambda _: True)
        if character == "[":
            return ("char", self._bracket())
        if character == "\\":
            return self._escape()
        return ("char", self._same(character))

    def _escape(self) -> _Node:
        character = self._next()
        self._position += 1
        if not character:
            raise UsageProblem("Trailing backslash")
        if character in "b<>":
            return ("word", "b<>".index(character))
        if character.isdigit():
            raise UsageProblem("back-references are not in this simulated image")
        tests: dict[str, Callable[[str], bool]] = {
            "w": _is_word,
            "W": lambda c: not _is_word(c),
            "s": str.isspace,
            "S": lambda c: not c.isspace(),
            "n": "\n".__eq__,
            "t": "\t".__eq__,
        }
        return ("char", tests.get(character) or self._same(character))

    def _same(self, character: str) -> Callable[[str], bool]:
        if not self._ignore_case:
            return character.__eq__
        lower = character.lower()
        return lambda c: c.lower() == lower

    def _bracket(self) -> Callable[[str], bool]:
        start = self._position
        position = start + (self._next() == "^")
        position += self._text[position : position + 1] == "]"
        while position < len(self._text) and self._text[position] != "]":
            if self._text[position : position + 2] == "[:" and position < self._last_class:
                position = self._text.find(":]", position) + 1
            position += 1
        if position >= len(self._text):
            raise UsageProblem("Unmatched [, [^, [:, [., or [=")
        self._position = position + 1
        test = bracket([(character, False) for character in self._text[start:position]])
        if not self._ignore_case:
            return test
        either = all if self._text[start] == "^" else any  # `[^x]` matches what is `x` in neither case
        return lambda c: either(map(test, (c.lower(), c.upper())))


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
