"""What is kept of earlier walks when a server does not answer: the last report of each step that had an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.flow.model import Status, Step, StepReport, Walk

SILENCE = ("unreachable", "out_of_time")
"""The reasons of what was not answered."""


@dataclass(frozen=True, kw_only=True)
class LastKnown:
    """A walk, some of whose reports may be those of an earlier one."""

    walk: Walk
    asked_at: float
    """When the last walk was made: Unix seconds."""
    read_at: Mapping[Step, float]
    """When what each step's report says was read: Unix seconds."""

    def is_old(self, step: Step) -> bool:
        """Whether a step's report is that of an earlier walk."""
        return self.read_at[step] < self.asked_at


def remember(before: LastKnown | None, found: Walk, now: float) -> LastKnown:
    """The new walk, in which a report without any answer gives way to the last one of the same subject that had some.

    That is done from the first silence on, until a link is seen to be broken: behind it nothing old is said.
    """
    fresh = LastKnown(walk=found, asked_at=now, read_at={report.step: now for report in found})
    if before is None or before.walk.subject != found.subject:
        return fresh
    reports, read_at, silent = [], dict(fresh.read_at), False
    for new, old in zip(found, before.walk, strict=True):
        silent = silent or any(check.reason in SILENCE for check in new.checks)
        if silent and not _has_answer(new) and _has_answer(old):
            reports.append(old)
            read_at[old.step] = before.read_at[old.step]
        else:
            reports.append(new)
            silent = silent and new.status is not Status.FAILED
    return LastKnown(walk=replace(found, reports=tuple(reports)), asked_at=now, read_at=read_at)


def _has_answer(report: StepReport) -> bool:
    decided = (Status.PASSED, Status.WARNING, Status.FAILED)
    return any(check.status in decided for check in report.checks)
