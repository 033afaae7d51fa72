"""What is wrong with a ServiceAccount's role or its Pods, and what the doctor's fixes do about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from app.flow.annotations import OF_KUBE2IAM, ROLE_ARN
from app.flow.doctor.fix import Fix, line
from app.flow.doctor.fixes import fix_for
from app.flow.doctor.names import OUR_ACCOUNT, Names
from app.flow.doctor.survey.pods import StalePod
from app.flow.doctor.survey.survey_reads import Policy
from app.flow.doctor.survey.values import Problem, RoleFound
from app.flow.doctor.trust_fix import Bearer, admitting, exceeds_quota
from app.flow.doctor.workload import HELD_BACK, PAUSED, workload_of
from app.flow.json_access import get_str
from app.flow.matching import request_conditions
from app.flow.model import Check, JsonObject, JsonValue, Status, Step, StepReport, Subject, Walk
from app.flow.names import role_name
from app.flow.ports import Ports
from app.flow.steps.findings import Findings
from app.flow.steps.oidc_provider import USUAL_AUDIENCE
from app.flow.steps.trust_policy import is_of_other_key, judge_trust
from app.flow.verdict.judge import Outcome, Verdict

_TRUST = {
    "trust.provider": "causes.principal",
    "trust.action": "causes.action",
    "trust.audience": "causes.audience_condition",
    "trust.subject": "causes.subject_condition",
    "trust.decision": "causes.other_statement",
    "trust.scope": "",
}
"""The checks of a trust policy in their order, each with the key of the problem where it is the first that fails."""
_ADMITS = ("trust", "trust_instead", "trust_refused", "trust_in_list", "trust_over_quota")
"""The fixes that let in one ServiceAccount."""
_LONGEST = 20
"""Statements of one command: more of them exceed IAM's quota for a trust policy however far it is raised (4096
characters)."""
_NAMED = 5
"""How many Pods a sentence names at most."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """An annotated ServiceAccount, with everything that its fixes need."""

    ports: Ports
    subject: Subject
    document: JsonValue
    """The ServiceAccount."""
    issuer: str
    bearer: Bearer
    policy: Policy
    account: str
    """Our own account's id; empty where we do not know it."""
    pods: Sequence[JsonValue] = ()
    """The Pods that a fix recreates."""
    held_back: Mapping[str, str] = field(default_factory=dict)
    """By workload of the namespace: why it makes no new Pods by itself."""

    def fix(self, check: Check) -> Fix | None:
        """The doctor's fix for this check, as if the doctor had found it; each workload of the Pods is restarted
        once."""
        made = [self._fix(check, pod) for pod in self._one_each()] or [self._fix(check, None)]
        commands = dict.fromkeys(command for fix in made if fix is not None for command in fix.commands)
        then = next((fix.then for fix in made if fix is not None and fix.then), "")
        return None if made[0] is None else replace(made[0], commands=tuple(commands), then=then)

    def names(self, check: Check) -> Names:
        """The names that the commands use."""
        return Names(check, self._walk(self.subject), self._documents(None))

    def _fix(self, check: Check, pod: JsonValue) -> Fix | None:
        verdict = Verdict(outcome=Outcome.BROKEN, status=check.status, check=check)
        subject = replace(self.subject, pod=get_str(pod, "metadata", "name"))
        return fix_for(verdict, self._walk(subject), self._documents(pod))

    def _walk(self, subject: Subject) -> Walk:
        """No check, but what the audience of its tokens follows from."""
        evidence = {"service_account": self.document, USUAL_AUDIENCE: self.bearer.audience}
        report = StepReport(step=Step.SERVICE_ACCOUNT, checks=(), evidence=evidence, exchanges=())
        return Walk(subject=subject, reports=(report,))

    def _documents(self, pod: JsonValue) -> JsonObject:
        return {
            "service_account": self.document,
            "cluster_discovery": {"issuer": self.issuer},
            "trust_policy": self.policy.document,
            OUR_ACCOUNT: self.account,
            **({"pod": pod, "workload": workload_of(pod), HELD_BACK: self.held_back} if pod else {}),
        }

    def _one_each(self) -> list[JsonValue]:
        """One Pod of each workload that is restarted as a whole, and every Pod of the others."""
        found: dict[str, JsonValue] = {}
        for pod in self.pods:
            workload = workload_of(pod)
            name = f"{get_str(workload, 'kind')}/{get_str(workload, 'name')}"
            whole = get_str(workload, "again") == "restart" and self.held_back.get(name, PAUSED) == PAUSED
            found.setdefault(name if whole else get_str(pod, "metadata", "name"), pod)
        return list(found.values())


def failed(check_id: str, got: str = "") -> Check:
    """A check that failed, as the fixes read it."""
    return Check(id=check_id, status=Status.FAILED, got=got)


def malformed(case: Case, value: str) -> Problem:
    """The annotation's value is no ARN of a role."""
    fix = case.fix(failed("service_account.role_arn", value))
    return Problem(cause="causes.malformed_arn", status=Status.FAILED, fix=fix)


def mistyped(case: Case, key: str) -> Problem:
    """The webhook does not read the annotation's key. The fix adds the right key and leaves the wrong one, which does
    no harm."""
    fix = case.fix(failed("service_account.annotation"))
    values = {"got": key, "expected": ROLE_ARN}
    return Problem(
        cause="survey.causes.key_of_pods" if key == OF_KUBE2IAM else "survey.causes.mistyped",
        status=Status.FAILED,
        values=values,
        fix=fix,
    )


def missing(case: Case) -> Problem:
    """There is no role of that ARN, but maybe one whose path differs."""
    fix = case.fix(failed("role.exists", case.policy.arn))
    return Problem(cause="causes.role_missing", status=Status.FAILED, fix=fix)


def private_issuer(case: Case) -> Problem:
    """AWS cannot reach the issuer: STS refuses every token of the cluster, whatever provider and trust policy say."""
    fix = case.fix(failed("issuer.discovery"))
    return Problem(cause="causes.keys_unpublished", status=Status.FAILED, check="issuer.discovery", fix=fix)


def no_provider(case: Case) -> Problem:
    """The account has no provider for the issuer: STS refuses every token of the cluster."""
    fix = case.fix(failed("provider.exists"))
    return Problem(cause="causes.provider_missing", status=Status.FAILED, check="provider.exists", fix=fix)


def refused(case: Case, together: Sequence[Bearer]) -> Problem:
    """The trust policy does not let it in: by the first check that fails, as in a walk.

    `together`: all ServiceAccounts that name the role and are refused. One command lets in all of them that no Deny
    keeps out: if there was one for each, the second that is pasted would remove the statement of the first.
    """
    findings = Findings(Step.SERVICE_ACCOUNT, case.ports, tuple(_TRUST))
    judge_trust(
        findings,
        case.policy.document,
        {"sub": case.bearer.subject, "aud": [case.bearer.audience]},
        issuer=case.issuer,
        provider=case.bearer.provider_arn,
        name=role_name(case.policy.arn),
    )
    checks = findings.report().checks
    first = next(check for check in checks if check.status is Status.FAILED)
    fix = case.fix(first)
    if len(together) > _LONGEST and fix is not None and fix.id in _ADMITS:
        fix = Fix(id="trust_too_many", commands=(_show(role_name(case.policy.arn)),))
    elif len(together) > 1 and fix is not None and fix.id in _ADMITS:
        policy = reduce(lambda made, one: admitting(made, one) or made, together, case.policy.document)
        too_long = exceeds_quota(policy) and not exceeds_quota(case.policy.document)
        commands = (case.names(first).update_trust(policy),)
        fix = Fix(id="trust_over_quota" if too_long else "trust_together", commands=commands)
    cause = "causes.condition_key" if is_of_other_key(first) else _TRUST[first.id]
    return Problem(cause=cause, status=Status.FAILED, fix=fix)


def of_audience(case: Case) -> Problem:
    """Its role lets it in if the webhook asks for the audience that the trust policy expects, which no Pod shows."""
    return Problem(cause="survey.causes.audience", status=Status.UNKNOWN, values={"got": case.bearer.audience})


def depends(case: Case) -> Problem:
    """Whether the role lets it in depends on the request to STS, so only the Pod's own request shows it."""
    found = case.bearer.rests_on_request(case.policy.document)
    role = role_name(case.policy.arn)
    values = {"got": ", ".join(request_conditions.shown(found))}
    fix = Fix(id="conditions", commands=(_show(role),))
    return Problem(cause="survey.causes.depends", status=Status.UNKNOWN, values=values, fix=fix)


def wide(case: Case, role: RoleFound, *, alone: bool) -> Problem:
    """The role lets in too many ServiceAccounts. If it is not for this one `alone`, there is no command: we do not know
    which others need it."""
    if alone:
        fix = case.fix(failed("trust.scope"))
    else:
        fix = Fix(id="narrow_shared", commands=(_show(role_name(role.arn)),))
    return Problem(cause="survey.causes.wide", status=Status.FAILED, check="trust.scope", fix=fix)


def absent(role: RoleFound) -> Problem:
    """The trust policy lets in ServiceAccounts that do not exist: anyone who may create them gets the role."""
    values = {"got": ", ".join(role.absent)}
    fix = Fix(id="absent", commands=(_show(role_name(role.arn)),))
    return Problem(cause="survey.causes.absent", status=Status.WARNING, values=values, check="trust.scope", fix=fix)


def pod_identity(case: Case, names: Sequence[str]) -> Problem:
    """Pods that take their role from an association instead, which may be intended."""
    values = {"count": str(len(names)), "got": _shown(names)}
    fix = case.fix(failed("pod.pod_identity"))
    check = "pod.pod_identity"
    return Problem(cause="survey.causes.pod_identity", status=Status.WARNING, values=values, check=check, fix=fix)


def _shown(names: Sequence[str]) -> str:
    return ", ".join([*names[:_NAMED], *(["…"] if len(names) > _NAMED else [])])


def stale(case: Case, pods: Sequence[StalePod]) -> list[Problem]:
    """Pods that have not been recreated since the annotation was set or changed; each workload is restarted once."""
    problems = []
    for cause, found in (
        ("survey.causes.not_injected", [pod for pod in pods if not pod.role_arn]),
        ("survey.causes.other_role", [pod for pod in pods if pod.role_arn]),
    ):
        if not found:
            continue
        shown = _shown([pod.name for pod in found])
        values = {"count": str(len(found)), "got": shown, "role": found[0].role_arn}
        fix = replace(case, pods=[pod.document for pod in found]).fix(failed("pod.injected"))
        problems.append(Problem(cause=cause, status=Status.FAILED, values=values, check="pod.injected", fix=fix))
    return problems


def _show(role: str) -> str:
    """The command that prints the trust policy of the role of that name."""
    return line("aws", "iam", "get-role", "--role-name", role, "--query", "Role.AssumeRolePolicyDocument")
