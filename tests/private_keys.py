"""RSA keys that worlds share, each by a name of its own: to make one takes half of what a world takes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from app.world import keys

KEYS = 24
"""More than any test takes, so that no two keys of a test are the same."""


def stock_private_keys() -> Callable[[], Any]:
    """From now on the worlds of this process take theirs from a stock; what made one before."""
    make, stock, numbers = keys._new_private_key, [], itertools.count()

    def next_one() -> Any:
        number = next(numbers)
        if number < KEYS:
            stock.append(make())
        return stock[number % len(stock)]

    keys._new_private_key = next_one
    return make
