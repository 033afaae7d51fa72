"""How many typing errors lie between two texts."""

from __future__ import annotations


def edits(one: str, other: str, *, within: int) -> int:
    """How many edits two texts are apart: characters put in, left out, replaced, or exchanged with their neighbour.

    The restricted Damerau-Levenshtein distance ("optimal string alignment"). Exact up to `within`, which saves most of
    the work: texts whose lengths differ by more are at least so far apart, and that is what is returned.
    """
    if abs(len(one) - len(other)) > within:
        return abs(len(one) - len(other))
    before: list[int] = []
    row = list(range(len(other) + 1))
    for line, left in enumerate(one, 1):
        last, before, row = before, row, [line]
        for column, right in enumerate(other, 1):
            cost = min(before[column] + 1, row[column - 1] + 1, before[column - 1] + (left != right))
            exchanged = line > 1 and column > 1 and (left, one[line - 2]) == (other[column - 2], right)
            row.append(min(cost, last[column - 2] + 1) if exchanged else cost)
    return row[-1]
