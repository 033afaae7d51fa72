"""Counters, gauges and histograms, and the text in which Prometheus reads them.

The text format 0.0.4 (prometheus.io, "Exposition formats"), or OpenMetrics 1.0 for a scraper that accepts it.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter as Counts
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Sample(NamedTuple):
    """One value of a metric."""

    value: float
    labels: Mapping[str, str] = {}
    suffix: str = ""


class Metric(Protocol):
    """Anything that has samples. `name` is without the suffix `_total`, which the samples of a counter have."""

    name: str
    kind: str

    def samples(self) -> Iterable[Sample]:
        """Its values now."""


class Counter:
    """A number for each combination of label values. Safe to use from several threads, as `Histogram` is."""

    kind = "counter"

    def __init__(self, name: str, *labels: str, known: Iterable[tuple[str, ...]] = ()) -> None:
        """`known`: values of the labels that are shown before the first one is counted, so that no rate is missing."""
        self.name = name
        self._labels = labels
        self._lock = threading.Lock()
        self._counts: Counts[tuple[str, ...]] = Counts(dict.fromkeys(known, 0))

    def add(self, *values: str) -> None:
        """Counts one more. `values`: of the labels, in their order."""
        with self._lock:
            self._counts[values] += 1

    def samples(self) -> Iterable[Sample]:
        """One sample for each combination that is known or was counted."""
        with self._lock:
            counts = dict(self._counts)
        return [
            Sample(count, dict(zip(self._labels, values, strict=True)), "_total") for values, count in counts.items()
        ]


class Gauge:
    """A metric with the value that `read` returns at each look: its kind is `counter` where the value never falls."""

    def __init__(self, name: str, read: Callable[[], Iterable[Sample]], kind: str = "gauge") -> None:
        self.name = name
        self.kind = kind
        self.samples = read


class Histogram:
    """How many observations were at most as large as each bound, and their sum."""

    kind = "histogram"

    def __init__(self, name: str, bounds: Sequence[float]) -> None:
        """`bounds`: the upper ones, ascending; infinity is added."""
        self.name = name
        self._bounds = tuple(bounds)
        self._lock = threading.Lock()
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Counts one observation."""
        with self._lock:
            self._counts[bisect_left(self._bounds, value)] += 1
            self._sum += value

    def samples(self) -> Iterable[Sample]:
        """The buckets, each with all below it, then their count and sum."""
        with self._lock:
            counts, total = tuple(accumulate(self._counts)), self._sum
        bounds = (*(str(float(bound)) for bound in self._bounds), "+Inf")
        buckets = [Sample(count, {"le": bound}, "_bucket") for bound, count in zip(bounds, counts, strict=True)]
        return [*buckets, Sample(counts[-1], {}, "_count"), Sample(total, {}, "_sum")]


def write(metrics: Iterable[Metric], help_of: Callable[[str], str], *, openmetrics: bool) -> str:
    """All samples. `help_of`: what a metric means, by its name: one line without quotes and backslashes."""
    lines = []
    for metric in metrics:
        family = metric.name if openmetrics or metric.kind != "counter" else f"{metric.name}_total"
        lines += [f"# HELP {family} {help_of(metric.name)}", f"# TYPE {family} {metric.kind}"]
        lines += [f"{metric.name}{sample.suffix}{_labels(sample.labels)} {sample.value}" for sample in metric.samples()]
    return "\n".join([*lines, *(["# EOF"] if openmetrics else []), ""])


def wants_openmetrics(accept: str) -> bool:
    """Whether a request with that `Accept` header prefers OpenMetrics to the text format (RFC 9110 §12.5.1)."""
    quality = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for choice in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in choice.split(";"))
        given = next((part.removeprefix("q=") for part in parameters if part.startswith("q=")), "1")
        if kind in quality:
            quality[kind] = max(quality[kind], _number(given))
    preferred = quality["application/openmetrics-text"]
    return preferred > 0 and preferred >= quality["text/plain"]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0


def _labels(labels: Mapping[str, str]) -> str:
    written = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(written) + "}" if labels else ""


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
