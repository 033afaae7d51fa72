"""What the learners of a room saw: how long each message took, and what went wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["turn", "button", "fetch"]
"""A page was turned to; a button on it was pressed; a text that it names was fetched."""


@dataclass(frozen=True, kw_only=True)
class Took:
    """One message, or one text."""

    kind: Kind
    page: str
    """The page on which it ended."""
    seconds: float
    """From the sending to the end of the script's run; of a text, to its last byte."""


@dataclass(kw_only=True)
class Record:
    """Of all learners together."""

    took: list[Took] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    """By page and what went wrong there, how often."""
    rounds: int = 0
    """How many times somebody has seen all pages."""

    def seconds(self, *kinds: Kind, page: str = "") -> list[float]:
        """Of these kinds, and of one page where it is named."""
        return [it.seconds for it in self.took if it.kind in kinds and page in ("", it.page)]


def percentile(seconds: Sequence[float], share: float) -> float:
    """The least of these that `share` of them do not exceed (the nearest rank), NaN of none."""
    ordered = sorted(seconds)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def milliseconds(seconds: Iterable[float]) -> dict[str, float]:
    """How many, and the percentiles, in milliseconds."""
    known = list(seconds)
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {"count": len(known), **{name: round(percentile(known, at) * 1e3, 1) for name, at in shares.items()}}
