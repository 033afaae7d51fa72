"""One line a figure: what it is, the figure, its target and whether it was met."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import click


def title(text: str) -> None:
    """Begins a group of figures."""
    click.echo(f"\n{click.style(text, bold=True)}")


def figure(name: str, value: float, unit: str, *, target: float | None = None, note: str = "") -> None:
    """Prints one figure. With a target: at most that is wanted."""
    against = "" if target is None else f"  target {target:g} {unit}: {'met' if value <= target else 'MISSED'}"
    click.echo(f"  {name:<52} {value:>8.1f} {unit:<3}{against}{'  ' if note else ''}{note}")


def spread(seconds: Sequence[float]) -> str:
    """The best and the 95th percentile of some times, in milliseconds."""
    return f"best {min(seconds) * 1e3:.1f}, p95 {p95(seconds) * 1e3:.1f}"


def p95(values: Sequence[float]) -> float:
    """Their 95th percentile, which is one of them."""
    return sorted(values)[int(len(values) * 0.95)]


def median_ms(seconds: Sequence[float]) -> float:
    """The median of some times, in milliseconds."""
    return statistics.median(seconds) * 1e3
