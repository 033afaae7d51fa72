"""The path of a chip in the animated picture: along its arrow, and as far beside it as it takes to cover no name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from math import dist, hypot

from app.ui.map.geometry import Rectangle

Point = tuple[float, float]
Shares = tuple[float, float]

HEIGHT = 52
"""The height of a chip."""
_STEPS = 24
"""How many steps a piece of an arrow is divided into."""
_BETWEEN = ((0.28, 0.72), (0.28, 0.6), (0.4, 0.72), (0.5, 0.72))
"""Shares of its arrow's length between which a chip may travel, the first best."""
_NEAR, _REACH, _GRID = 80, 160, 4
"""How far beside its arrow a chip is well placed, how far it may be at most, and the step in which places are tried."""


def way(path: str, wide: float, names: Sequence[Rectangle]) -> tuple[Shares, Point]:
    """The shares of its arrow's length between which a chip of that width travels, and how far beside the arrow, to
    cover no name."""
    found = [(between, _aside(points(path, between), wide, names)) for between in _BETWEEN]
    near = (it for it in found if hypot(*it[1]) <= _NEAR)
    return next(near, min(found, key=lambda it: hypot(*it[1])))


def _aside(travelled: Sequence[Point], wide: float, names: Sequence[Rectangle]) -> Point:
    clear = (
        (across, down)
        for across, down in _offsets()
        if not any(_meets(name, (x + across, y + down), wide) for name in names for x, y in travelled)
    )
    return next(clear, (_REACH, _REACH))


def points(path: str, between: Shares) -> list[Point]:
    """Points between two shares of a path's length, in its direction: a move, then cubic curves."""
    numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
    given = list(zip(numbers[::2], numbers[1::2], strict=True))
    found = given[:1]
    for place in range(0, len(given) - 3, 3):
        found.extend(_curve(given[place : place + 4]))
    lengths = [0.0]
    for one, other in pairwise(found):
        lengths.append(lengths[-1] + dist(one, other))
    low, high = (share * lengths[-1] for share in between)
    return [point for point, length in zip(found, lengths, strict=True) if low <= length <= high]


def _curve(four: Sequence[Point]) -> Iterator[Point]:
    for step in range(1, _STEPS + 1):
        t = step / _STEPS
        shares = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
        x, y = (sum(share * point[axis] for share, point in zip(shares, four, strict=True)) for axis in (0, 1))
        yield x, y


@cache
def _offsets() -> list[Point]:
    steps = range(-_REACH, _REACH + 1, _GRID)
    return sorted(((x, y) for x in steps for y in steps), key=lambda offset: hypot(*offset))


def _meets(rectangle: Rectangle, middle: Point, wide: float) -> bool:
    left, top, width, height = rectangle
    x, y = middle
    return (
        left < x + wide / 2 and x - wide / 2 < left + width and top < y + HEIGHT / 2 and y - HEIGHT / 2 < top + height
    )
