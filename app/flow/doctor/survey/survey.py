"""Who may assume what: every annotated ServiceAccount, whether its role lets it in, and who else gets in.

Nothing is sent to STS: each role's trust policy is evaluated for the ServiceAccounts that there are, and for some that
there might be. The survey looks only at roles that an annotation points to, and not at who could assume other roles.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.flow.annotations import OF_KUBE2IAM
from app.flow.doctor.reading.on_workload import read_workloads
from app.flow.doctor.survey import pods, problems
from app.flow.doctor.survey.roles import Candidate, candidate_of, let_in, usual_audience
from app.flow.doctor.survey.survey_reads import Policy, Read, read
from app.flow.doctor.survey.values import Problem, RoleFound, Stand, Survey, Tie
from app.flow.doctor.trust_fix import Bearer
from app.flow.doctor.workload import MAY_HOLD_BACK, why_held_back, workload_of
from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.model import NOT_OBSERVABLE, JsonValue, Status
from app.flow.names import DEFAULT_AUDIENCE, is_public, role_of
from app.flow.ports import Ports
from app.flow.steps.findings import unseen

USES = (
    *("issuer.discovery", "choose.service_account", "choose.pod"),
    *(f"choose.{kind}" for kind in MAY_HOLD_BACK),
)
"""What a survey reads of the cluster (`permissions_needed.NEEDS`).

If it may not read the Pods, it says so and goes on. It also goes on without the workloads, which show whether they make
new Pods by themselves.
"""
_ANNOTATION = (Stand.MISTYPED, Stand.MALFORMED, Stand.MISSING)
"""The stands whose fix changes the annotation."""
_ORDER = (Status.FAILED, Status.WARNING, Status.UNKNOWN)


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """An annotated ServiceAccount, how it stands to its role, and its Pods that run without that."""

    candidate: Candidate
    case: problems.Case
    stand: Stand
    stale: Sequence[pods.StalePod]


def survey(ports: Ports, namespace: str = "") -> Survey:
    """Surveys a cluster, or the ServiceAccounts of one namespace of it.

    Raises `FlowError` where the cluster shows neither its issuer nor its ServiceAccounts: then there is nothing to say.
    """
    # (1) What exists.
    found = read(ports, namespace)
    running = pods.by_service_account(found.pods)
    usual = usual_audience(found.issuer, found.service_accounts, running)
    everybody = [candidate_of(document, usual) for document in found.service_accounts]
    annotated = [it for it in everybody if it.role_arn and not _has_another_way(it, running.get(it.place, []))]

    # (2) Who is let in by each role.
    roles = {
        arn: let_in(arn, policy, everybody, found.issuer, namespace, usual) for arn, policy in found.policies.items()
    }

    # (3) How each ServiceAccount stands to its role.
    judged = [_judged(ports, it, found, running.get(it.place, [])) for it in annotated]
    naming = Counter(it.role_arn for it in annotated if not it.key)
    refused = defaultdict[str, list[Bearer]](list)
    for one in judged:
        if one.stand is Stand.REFUSED:
            refused[one.candidate.role_arn].append(one.case.bearer)

    # (4) What is wrong with the two, or with its Pods.
    held_back = _held_back(ports, [pod for one in judged for pod in _again(one)])
    private = not (is_public(found.issuer) or ports.reads_private_issuers)
    ties = []
    for one in judged:
        arn = one.candidate.role_arn
        one = replace(one, case=replace(one.case, held_back=held_back.get(one.case.subject.namespace, {})))
        lacks = one.stand is not Stand.MISTYPED and found.lacks_provider(arn)
        chain = _without_issuer(one) if private else _of_chain(one, refused[arn], lacks_provider=lacks)
        ties.append(_tie(one, roles.get(arn), chain, is_only=naming[arn] == 1, lacks_provider=lacks))
    pods_reason, pods_said = _unread(found.pods_error)
    provider_reason, provider_said = _unread(found.providers_error)
    return Survey(
        read_at=ports.clock.now(),
        issuer=found.issuer,
        ties=tuple(ties),
        roles=tuple(roles.values()),
        private_issuer=private,
        pods_reason=pods_reason,
        pods_said=pods_said,
        provider_reason=provider_reason,
        provider_said=provider_said,
    )


def _has_another_way(candidate: Candidate, running: Sequence[JsonValue]) -> bool:
    """Whether its Pods name their role for kube2iam or kiam themselves: IRSA is not meant then, and would take
    precedence."""
    return candidate.key == OF_KUBE2IAM and any(
        get_str(pod, "metadata", "annotations", OF_KUBE2IAM) for pod in pods.living(running)
    )


def _again(one: _Judged) -> Sequence[JsonValue]:
    """The Pods that a fix recreates: all Pods of the ServiceAccount where the fix changes the annotation, else the
    stale ones."""
    return one.case.pods if one.stand in _ANNOTATION else [pod.document for pod in one.stale]


def _of_chain(one: _Judged, refused: Sequence[Bearer], *, lacks_provider: bool) -> list[Problem]:
    """What keeps its Pods from the role. `refused`: all that name the role and that it refuses."""
    missing = [problems.no_provider(one.case)] if lacks_provider else []
    return [*missing, *_about_role(one, refused), *problems.stale(one.case, one.stale)]


def _without_issuer(one: _Judged) -> list[Problem]:
    """The same where AWS cannot reach the issuer. Until it can, neither a provider, a trust policy nor a new Pod
    helps; to correct the annotation will be needed then as well."""
    private = problems.private_issuer(one.case)
    return [private, *(_about_role(one, ()) if one.stand in _ANNOTATION else ())]


def _tie(one: _Judged, role: RoleFound | None, chain: Sequence[Problem], *, is_only: bool, lacks_provider: bool) -> Tie:
    """The ServiceAccount with all that is wrong. `chain`: what keeps its Pods from the role. `is_only`: whether no
    other one names the role."""
    case, stand = one.case, one.stand
    elsewhere = pods.by_pod_identity(case.pods)
    wrong = list(chain)
    wrong += [problems.pod_identity(case, elsewhere)] if elsewhere else []
    if role is not None and stand is not Stand.MISTYPED:
        alone = stand is Stand.OWN and is_only and not role.also
        wrong += [problems.wide(case, role, alone=alone)] if role.wide else []
        wrong += [problems.absent(role)] if role.absent else []
    return Tie(
        namespace=one.candidate.subject.namespace,
        service_account=one.candidate.subject.service_account,
        role_arn=one.candidate.role_arn,
        stand=stand,
        lacks_provider=lacks_provider,
        stale=tuple(pod.name for pod in one.stale),
        by_pod_identity=tuple(elsewhere),
        problems=tuple(sorted(wrong, key=lambda problem: _ORDER.index(problem.status))),
    )


def _held_back(ports: Ports, found: Sequence[JsonValue]) -> Mapping[str, Mapping[str, str]]:
    """The workloads of these Pods that make no new Pods by themselves, and why not, by namespace."""
    named = [(get_str(pod, "metadata", "namespace"), workload_of(pod)) for pod in found]
    by_namespace: dict[str, dict[str, str]] = defaultdict(dict)
    recreated = [it for it in named if get_str(it[1], "kind") in MAY_HOLD_BACK]
    for (namespace, name), document in read_workloads(ports.cluster, recreated).items():
        if why := why_held_back(document):
            by_namespace[namespace][name] = why
    return by_namespace


def _unread(error: FlowError | None) -> tuple[str, str]:
    """The key of the reason and the server's message; both empty where it was read."""
    return (unseen(error) or NOT_OBSERVABLE, error.server_message) if error else ("", "")


def _judged(ports: Ports, candidate: Candidate, found: Read, running: Sequence[JsonValue]) -> _Judged:
    """`running`: its Pods."""
    policy, living = found.policies.get(candidate.role_arn, Policy()), pods.living(running)
    case = problems.Case(
        ports=ports,
        subject=candidate.subject,
        document=candidate.document,
        issuer=found.issuer,
        bearer=candidate.bearer(candidate.role_arn, found.issuer, policy.document),
        policy=policy,
        account=found.account,
        pods=living,
    )
    stand = _stand(case, candidate)
    stale = [] if stand is Stand.MISTYPED else pods.stale(living, candidate.role_arn)
    return _Judged(candidate=candidate, case=case, stand=stand, stale=stale)


def _about_role(one: _Judged, refused: Sequence[Bearer]) -> Iterator[Problem]:
    """The problems that follow from its stand. `refused`: all ServiceAccounts that name the role and that it
    refuses."""
    case = one.case
    match one.stand:
        case Stand.MISTYPED:
            yield problems.mistyped(case, one.candidate.key)
        case Stand.MALFORMED:
            yield problems.malformed(case, one.candidate.role_arn)
        case Stand.MISSING:
            yield problems.missing(case)
        case Stand.REFUSED:
            yield problems.refused(case, refused)
        case Stand.DEPENDS:
            yield problems.depends(case)
        case Stand.AUDIENCE:
            yield problems.of_audience(case)


def _stand(case: problems.Case, candidate: Candidate) -> Stand:
    if candidate.key:
        return Stand.MISTYPED
    if role_of(candidate.role_arn) is None:
        return Stand.MALFORMED
    if case.policy.reason:
        return Stand.UNREAD
    if case.policy.arn != candidate.role_arn:
        return Stand.MISSING
    if case.bearer.rests_on_request(case.policy.document):
        return Stand.DEPENDS
    if not case.bearer.is_let_in(case.policy.document):
        return Stand.REFUSED
    return Stand.AUDIENCE if candidate.audience is None and case.bearer.audience != DEFAULT_AUDIENCE else Stand.OWN
