"""One row of the table: what is made on the real API server, and what the doctor says before and after its own fix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.flow.doctor import Diagnosis
from app.flow.verdict.judge import Outcome
from tests.live.doctor_cases.cluster import Cluster

WORKS = "works"


@dataclass(frozen=True, kw_only=True)
class Case:
    """A row. A verdict is `works`, or an outcome with the check that it points at: `broken trust.subject`."""

    name: str
    """What is wrong, in a few words."""
    make: Callable[[Cluster], None]
    """Makes it, in a namespace of its own."""
    read_only: str
    """The verdict where the doctor may only read."""
    allowed: str
    """The verdict with every action granted."""
    fix: str = ""
    """The id of the fix with every action granted; empty where there is none to show."""
    after: str = ""
    """The verdict after the fix's commands ran, with every action granted; empty where no command fixes it.

    Where the doctor predicts what the fix leads to, that is it.
    """
    fill: Mapping[str, str] = field(default_factory=dict)
    """What the reader writes in place of words in capitals."""


def verdict(found: Diagnosis) -> str:
    """The verdict of a diagnosis, as a row gives it."""
    judged = found.verdict
    if judged.outcome == WORKS or judged.check is None:
        return str(judged.outcome)
    return f"{judged.outcome} {judged.check.id}"


def predicted(found: Diagnosis) -> str:
    """The verdict that is predicted of the fix, as a row gives it; empty where none can be worked out."""
    foretold = found.prediction
    if foretold is None:
        return ""
    next_one = foretold.check if foretold.outcome is Outcome.BROKEN else None
    return WORKS if next_one is None else f"{Outcome.BROKEN} {next_one.id}"
