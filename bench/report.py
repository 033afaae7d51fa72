"""One line a figure: what it is, the figure, its target and whether it was met; and all of them as JSON."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import click

from app.flow.model import JsonObject


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What was measured once."""

    group: str
    """The title that it stands below."""
    name: str
    value: float
    unit: str
    target: float | None
    at_least: bool
    note: str

    @property
    def met(self) -> bool | None:
        """Nothing where nothing is wanted."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    def as_json(self) -> JsonObject:
        """As `bench.json` has it. What is wanted is `at most` or `at least` some value, in the same unit."""
        wanted: JsonObject = {}
        if self.target is not None:
            wanted = {"at least" if self.at_least else "at most": self.target, "met": self.met}
        note: JsonObject = {"note": self.note} if self.note else {}
        return {
            "group": self.group,
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            **wanted,
            **note,
        }


figures: list[Figure] = []
"""What this process has printed so far."""
_titles: list[str] = []


def title(text: str) -> None:
    """Begins a group of figures."""
    _titles.append(text)
    click.echo(f"\n{click.style(text, bold=True)}")


def figure(
    name: str, value: float, unit: str, *, target: float | None = None, at_least: bool = False, note: str = ""
) -> None:
    """Prints one figure. With a target: at most that is wanted, or `at_least` that."""
    group = _titles[-1] if _titles else ""
    it = Figure(group=group, name=name, value=value, unit=unit, target=target, at_least=at_least, note=note)
    figures.append(it)
    sign = "at least " if at_least else ""
    against = "" if target is None else f"  target {sign}{target:g} {unit}: {'met' if it.met else 'MISSED'}"
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


def machine() -> dict[str, str]:
    """Where it was measured."""
    return {
        "processor": processor(),
        "python": platform.python_version(),
        "streamlit": version("streamlit"),
    }


def processor() -> str:
    """How many processors there are, and what they call themselves, where the system says it."""
    known = Path("/proc/cpuinfo")
    lines = known.read_text(encoding="utf-8").splitlines() if known.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{os.cpu_count()} x {names[0] if names else platform.processor() or platform.machine()}"
