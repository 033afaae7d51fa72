"""What two texts have in common, character by character, where they part, and how many typing errors lie between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

LONGEST = 120
"""Characters of the differing middle that are aligned; a longer one, which no one would read, is one difference. The
work may be the cube of it, as with `aaaa…` and `abab…`."""

FEWEST = 3
"""Characters between two differences that have to agree to stand out as common."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of both texts: the same in both, or what each has in its place (either may be empty)."""

    left: str
    right: str

    @property
    def same(self) -> bool:
        """Whether both texts agree here."""
        return self.left == self.right


def difference(left: str, right: str) -> tuple[Span, ...]:
    """The spans of both texts, in order: joined they are `left` and `right` again; all are the same iff these are."""
    # (1) What both begin and end with, so that only the middle has to be aligned.
    head, tail = common_ends(left, right)
    middles = left[head : len(left) - tail], right[head : len(right) - tail]

    # (2) The middle.
    if max(map(len, middles)) > LONGEST:
        between = [Span(*middles)]
    else:
        codes = SequenceMatcher(None, *middles, autojunk=False).get_opcodes()
        between = _calmed([Span(middles[0][a:b], middles[1][c:d]) for _, a, b, c, d in codes])
    around = Span(left[:head], right[:head]), Span(left[len(left) - tail :], right[len(right) - tail :])
    return tuple(span for span in (around[0], *between, around[1]) if span.left or span.right)


def _calmed(spans: list[Span]) -> list[Span]:
    """The spans of a middle, those that agree by chance (`default` and `other` share an `e`) joined to their sides."""
    made: list[Span] = []
    for span in spans:
        chance = span.same and len(span.left) < FEWEST
        if made and not made[-1].same and (chance or not span.same):
            made[-1] = Span(made[-1].left + span.left, made[-1].right + span.right)
        else:
            made.append(span)
    return made


def common_ends(left: Sequence[object], right: Sequence[object]) -> tuple[int, int]:
    """How many characters, or lines, both begin with, and with how many of the others both end."""
    head = _common(left, right)
    return head, _common(left[head:][::-1], right[head:][::-1])


def _common(left: Sequence[object], right: Sequence[object]) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((index for index, (one, other) in pairs if one != other), min(len(left), len(right)))


def likeness(left: str, right: str) -> float:
    """How much two texts have in common, from 0 to 1: the characters that agree, of all."""
    total = len(left) + len(right)
    return 2 * sum(len(span.left) for span in difference(left, right) if span.same) / total if total else 1.0


def shared(left: str, right: str) -> float:
    """The same without regard to their order, which is at least as much and takes no alignment."""
    total = len(left) + len(right)
    return 2 * (Counter(left) & Counter(right)).total() / total if total else 1.0


def edits(one: str, other: str, *, within: int) -> int:
    """How many edits two texts are apart: characters put in, left out, replaced, or exchanged with their neighbour.

    The restricted Damerau-Levenshtein distance ("optimal string alignment"). Exact up to `within`, which saves most of
    the work: no more than that many characters to the left and to the right of its own place is a character looked for.
    Texts whose lengths differ by more are at least so far apart, and that is what is returned.
    """
    if abs(len(one) - len(other)) > within:
        return abs(len(one) - len(other))
    far = within + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for line, left in enumerate(one, 1):
        last, before, row = before, row, [line, *[far] * len(other)]
        band = slice(max(line - within, 0), line + within + 1)
        for column in range(max(band.start, 1), min(band.stop, len(row))):
            right = other[column - 1]
            cost = min(before[column] + 1, row[column - 1] + 1, before[column - 1] + (left != right))
            exchanged = line > 1 and column > 1 and (left, one[line - 2]) == (other[column - 2], right)
            row[column] = min(cost, last[column - 2] + 1) if exchanged else cost
        if min(row[band] + before[band]) > within:
            return far
    return row[-1]
