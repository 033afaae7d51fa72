"""Few of many cases: each value of each axis once in `make test`, all their combinations in `make test-all`."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest


def by_turns(*axes: Sequence[object]) -> list[object]:
    """Parameters for `parametrize`: all combinations, those marked `large` that no axis needs.

    The longest axis is gone through once and the others go round beside it, so every value of every axis is kept.
    """
    longest = max(map(len, axes))
    kept = {tuple(turn % len(axis) for axis in axes) for turn in range(longest)}
    return [
        pytest.param(
            *(axis[place] for axis, place in zip(axes, places, strict=True)),
            marks=() if places in kept else pytest.mark.large,
        )
        for places in product(*(range(len(axis)) for axis in axes))
    ]
