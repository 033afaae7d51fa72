"""One diagnosis: what was read of a ServiceAccount and its Pod, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from app.flow.doctor import account, pod, recent_failures
from app.flow.doctor.fix import Fix
from app.flow.doctor.fixes import fix_for
from app.flow.doctor.prediction import dry_run
from app.flow.doctor.prediction.answers import ports_of
from app.flow.doctor.prediction.copied import copy_of
from app.flow.doctor.prediction.effects import apply
from app.flow.doctor.prediction.prediction import Prediction, predict
from app.flow.model import Check, Exchange, JsonValue, Step, Subject, Walk
from app.flow.ports import Ports
from app.flow.steps.walk import walk
from app.flow.verdict.check_dependencies import PLACES
from app.flow.verdict.judge import Verdict, judge


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What was read, secrets masked. Verdict and fix follow from it, here as in the copy that a colleague opens."""

    walk: Walk
    checks: tuple[Check, ...]
    """Those that only a running Pod shows, and what AWS remembers of refusals."""
    read_at: float
    """When, by the clock of the ports: Unix seconds."""
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)
    """What these checks add: `workload`, what has to be restarted; `recent_failures`, what STS refused."""
    exchanges: tuple[Exchange, ...] = ()
    """What went over the wire for those checks."""

    @property
    def subject(self) -> Subject:
        """Whose IRSA it is."""
        return self.walk.subject

    @property
    def verdict(self) -> Verdict:
        """The first broken link, or what keeps it open."""
        return judge(self.walk, self.checks)

    @property
    def fix(self) -> Fix | None:
        """What to do about it; None where there is nothing to do."""
        documents = {name: document for report in self.walk for name, document in report.evidence.items()}
        return fix_for(self.verdict, self.walk, {**documents, **self.evidence})

    @property
    def prediction(self) -> Prediction | None:
        """What the fix leads to, before it is run: it is made on a copy of what was read, and the copy examined.

        None where there is no fix, or where what it does cannot be worked out.
        """
        fix, cause = self.fix, self.verdict.check
        if fix is None or cause is None:
            return None
        copy = copy_of(self.walk, self.checks, self.evidence, self.read_at)
        if not apply(copy, fix):
            return None
        after = examine(ports_of(copy), self.subject)
        return predict(copy, after.walk, after.checks, cause=cause)

    def steps(self) -> Iterator[tuple[Step, tuple[Check, ...]]]:
        """The checks by step, those of the running Pod after the step's own."""
        for report in self.walk:
            also = (check for check in self.checks if PLACES[check.id] is report.step)
            yield report.step, (*report.checks, *also)


def examine(ports: Ports, subject: Subject) -> Diagnosis:
    """Walks, looks at the Pod, and says what is wrong. Never raises."""
    return diagnose(ports, walk(ports, subject))


def diagnose(ports: Ports, found: Walk) -> Diagnosis:
    """The same for a walk that has just been made with these ports. Never raises."""
    reports = (account.inspect(ports, found), pod.inspect(ports, found), recent_failures.inspect(ports, found))
    diagnosis = Diagnosis(
        walk=found,
        checks=tuple(check for report in reports for check in report.checks),
        read_at=ports.clock.now(),
        evidence={name: document for report in reports for name, document in report.evidence.items()},
        exchanges=tuple(exchange for report in reports for exchange in report.exchanges),
    )
    tried = dry_run.inspect(ports, found.subject, diagnosis.fix, diagnosis.evidence)
    return replace(
        diagnosis,
        evidence={**diagnosis.evidence, **tried.evidence},
        exchanges=(*diagnosis.exchanges, *tried.exchanges),
    )
