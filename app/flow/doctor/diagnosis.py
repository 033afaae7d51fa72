"""One diagnosis: what was read of a ServiceAccount and its Pod, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from app.flow.doctor import account, pod, recent_failures
from app.flow.doctor.evidence import audience_of, role_arn_of
from app.flow.doctor.fix import Fix
from app.flow.doctor.fixes import fix_for
from app.flow.doctor.names import Names
from app.flow.doctor.pods import listed, sibling_fixes
from app.flow.doctor.pods.choosing import successor
from app.flow.doctor.pods.rows import rows
from app.flow.doctor.prediction import dry_run
from app.flow.doctor.prediction.copied import copy_of
from app.flow.doctor.prediction.copied_ports import ports_of
from app.flow.doctor.prediction.effects import apply
from app.flow.doctor.prediction.prediction import Prediction, predict
from app.flow.doctor.reading import near_names, next_role, on_workload
from app.flow.doctor.tool_options import ToolOptions
from app.flow.doctor.webhook import calls
from app.flow.doctor.without_exec.offers import to_be_sure
from app.flow.doctor.workload import NO_PODS
from app.flow.json_access import get
from app.flow.model import Check, Exchange, JsonValue, Status, Step, StepReport, Subject, Walk
from app.flow.port_wrappers.consent import Action
from app.flow.ports import Ports
from app.flow.steps import access
from app.flow.steps.walk import walk, walk_through
from app.flow.steps.webhook import LATER
from app.flow.verdict.check_dependencies import PLACES
from app.flow.verdict.judge import Outcome, Verdict, judge
from app.flow.verdict.link_states import ChainState, chain_state
from app.flow.verdict.refusals import LEAVES_OPEN


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What was read, with secrets masked. Verdict and fix follow from it, here as in the copy that a colleague
    opens."""

    walk: Walk
    checks: tuple[Check, ...]
    """The checks that only a Pod shows, and the checks of the refused and granted requests that AWS has recorded."""
    read_at: float
    """When, by the clock of the ports: Unix seconds."""
    evidence: Mapping[str, JsonValue] = field(default_factory=dict)
    """What these checks add: `workload`, what has to be restarted; `pods`, all Pods of the ServiceAccount, and where it
    has none `default_pods`, those that run as `default`; `recent_failures`, what STS refused; `other_credentials`,
    where a Pod's keys come from; `regions`, the region variables to set; `near`, the names that may be meant;
    `scaled_to_zero`, `paused` or `no_pod_yet`, the workload without Pods (`NO_PODS`); `not_created`, why it gets none;
    `annotated_workload`, the one that has the annotation of the ServiceAccount; `held_back`, those that make no new
    Pods by themselves; `managed`, those that a tool writes; `failed_in`, the container whose program failed;
    `asked_instance`, what it said of its node's metadata; `next_role`, the role that it goes on to."""
    exchanges: tuple[Exchange, ...] = ()
    """What went over the wire for those checks."""
    to_be_sure: tuple[Action, ...] = ()
    """The actions that would get STS's answer, where nothing but that is missing (`offers.to_be_sure`)."""
    options: ToolOptions = field(default_factory=ToolOptions)
    """The options that the commands of its fixes need. No saved file contains them: they are the reader's own."""

    @property
    def subject(self) -> Subject:
        """The ServiceAccount and the Pod that were examined."""
        return self.walk.subject

    @cached_property
    def verdict(self) -> Verdict:
        """The first broken link; or that none is broken, or what keeps that open."""
        return judge(self.walk, self.checks, for_pods=self._for_pods)

    @cached_property
    def chain(self) -> ChainState:
        """How each part of the chain stands."""
        return chain_state(self.walk, self.checks, for_pods=self._for_pods)

    @property
    def _for_pods(self) -> bool:
        """Whether a workload was asked about, which has no Pod now."""
        return any(why in self.evidence for why in NO_PODS)

    @cached_property
    def fix(self) -> Fix | None:
        """What to do about the verdict, or how to find out more where no option of the doctor does; None where there is
        nothing to do. No option shows which server refused the program, or whose request."""
        if self._of_next_pod is not None:
            judged = replace(self.verdict, check=self._of_next_pod)
            return self.options.fix(fix_for(judged, self.walk, self._documents))
        check = self.verdict.check
        is_left_open = check is not None and check.reason in LEAVES_OPEN
        if self.verdict.outcome is not Outcome.BROKEN and self.to_be_sure and not is_left_open:
            return None
        return self.options.fix(fix_for(self.verdict, self.walk, self._documents))

    @property
    def _of_next_pod(self) -> Check | None:
        """The check of what the next Pod will lack, or may lack, although this Pod works; None where nothing is known
        about that."""
        check = self.verdict.warning[1] if self.verdict.warning else self.verdict.check
        return check if check is not None and check.reason in LATER else None

    @property
    def siblings_fix(self) -> Fix | None:
        """What to do about the other Pods of the ServiceAccount, or about its having none, in addition to `fix`.

        None while more is broken than the Pod: a new Pod would be broken as well, and a Pod with the previous role may
        work.
        """
        check = next((check for check in self.checks if check.id == listed.CHECK), None)
        if check is None or check.status is not Status.WARNING or not self._only_the_pod_is_broken:
            return None
        done = self.fix.commands if self.fix else ()
        found = self.options.fix(sibling_fixes.siblings(Names(check, self.walk, self._documents)))
        left = tuple(command for command in (found.commands if found else ()) if command not in done)
        return replace(found, commands=left) if found and left else None

    @property
    def _only_the_pod_is_broken(self) -> bool:
        judged = self.verdict
        if judged.outcome is not Outcome.BROKEN or judged.check is None:
            return True
        broken = (judged.check, *(check for _, check in judged.later))
        return all(check.id.startswith("pod.") and check.id != "pod.pod_identity" for check in broken)

    @property
    def successor(self) -> str:
        """The Pod with which the workload has replaced the examined one; empty where that still exists, or no Pod
        does."""
        exists = self.walk.report(Step.WEBHOOK).check("pod.exists")
        gone = exists.status is Status.FAILED or self.is_being_deleted
        return successor(self.subject.pod, rows(self.evidence.get("pods"))) if gone else ""

    @property
    def is_being_deleted(self) -> bool:
        """Whether the examined Pod is being deleted and still exists."""
        return get(self.evidence.get("pod"), "metadata", "deletionTimestamp") is not None

    @property
    def _documents(self) -> Mapping[str, JsonValue]:
        documents = {name: document for report in self.walk for name, document in report.evidence.items()}
        return {**documents, **self.evidence}

    @cached_property
    def prediction(self) -> Prediction | None:
        """What the fix leads to, before anyone runs it: the fix is applied to a copy of what was read, and the copy is
        examined.

        None where there is no fix, or where its effect cannot be worked out.
        """
        fix, cause = self.fix, self.verdict.check
        of_others = self._of_next_pod is not None or (cause is not None and cause.id == listed.CHECK)
        if fix is None or cause is None or of_others:
            return None
        copy = copy_of(self.walk, self.checks, self.evidence, self.read_at)
        if not apply(copy, fix):
            return None
        ports = ports_of(copy)
        reports = tuple(walk_through(ports, self.subject, copy.asked))
        after = diagnose(ports, Walk(subject=self.subject, reports=reports))
        later = [check for _, check in self.verdict.later]
        return predict(copy, after.walk, after.checks, cause=cause, later=later)

    def steps(self) -> Iterator[tuple[Step, tuple[Check, ...]]]:
        """The checks by step, those of the running Pod after the step's own."""
        for report in self.walk:
            also = (check for check in self.checks if PLACES[check.id] is report.step)
            yield report.step, (*report.checks, *also)


def examine(ports: Ports, subject: Subject) -> Diagnosis:
    """Walks, looks at the Pod, and says what is wrong. Never raises."""
    return diagnose(ports, walk(ports, subject))


def diagnose(ports: Ports, found: Walk) -> Diagnosis:
    """The diagnosis of a walk that has just been made with these ports. Never raises."""
    of_pod = pod.inspect(ports, found)
    of_webhook = calls.inspect(ports, found, of_pod.evidence.get("pod"))
    recent = recent_failures.inspect(ports, found, of_pod.evidence.get("pod"))
    of_pods = (of_pod, listed.inspect(ports, found))
    of_names = (near_names.inspect(ports, found), on_workload.inspect(ports, found, *of_pods))
    reports: tuple[StepReport, ...] = (account.inspect(ports, found), of_webhook, *of_pods, recent, *of_names)
    checks = tuple(check for report in reports for check in report.checks)
    denied = recent_failures.denied_actions(found, reports)
    reports = (*reports, next_role.inspect(ports, denied, role_arn_of(found)))
    diagnosis = Diagnosis(
        walk=access.asked_again(ports, found, denied, audience_of(found)),
        checks=checks,
        read_at=ports.clock.now(),
        evidence={name: document for report in reports for name, document in report.evidence.items()},
        exchanges=tuple(exchange for report in reports for exchange in report.exchanges),
        to_be_sure=to_be_sure(ports, found, checks),
    )
    tried = dry_run.inspect(ports, found.subject, diagnosis.fix)
    return replace(
        diagnosis,
        evidence={**diagnosis.evidence, **tried.evidence},
        exchanges=(*diagnosis.exchanges, *tried.exchanges),
    )
