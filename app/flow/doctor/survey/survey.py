"""Who may assume what: every annotated ServiceAccount, whether its role lets it in, and who else gets in.

Nothing is sent to STS: each role's trust policy is evaluated for the ServiceAccounts that there are, and for some that
there might be. The survey looks only at roles that an annotation points to, and not at who could assume other roles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from app.flow.doctor.survey import pods, problems
from app.flow.doctor.survey.reading import Policy, Read, read
from app.flow.doctor.survey.roles import Candidate, candidate_of, let_in
from app.flow.doctor.survey.values import Problem, RoleFound, Stand, Survey, Tie
from app.flow.errors import FlowError
from app.flow.model import JsonValue, Status
from app.flow.names import role_of
from app.flow.ports import Ports
from app.flow.steps.findings import unseen

USES = ("issuer.discovery", "choose.service_account", "choose.pod")
"""What a survey reads of the cluster (`permissions_needed.NEEDS`). It goes without the Pods, and says so."""
_ORDER = (Status.FAILED, Status.WARNING)


def survey(ports: Ports, namespace: str = "") -> Survey:
    """Surveys a cluster, or the ServiceAccounts of one namespace of it.

    Raises `FlowError` where the cluster shows neither its issuer nor its ServiceAccounts: then there is nothing to say.
    """
    # (1) What there is.
    found = read(ports, namespace)
    everybody = [candidate_of(document) for document in found.service_accounts]
    annotated = [candidate for candidate in everybody if candidate.role_arn]

    # (2) Whom each role lets in.
    roles = {arn: let_in(arn, policy, everybody, found.issuer, namespace) for arn, policy in found.policies.items()}

    # (3) How each ServiceAccount stands to its role, and what is wrong with the two, or with its Pods.
    meant = Counter(candidate.role_arn for candidate in annotated if not candidate.key)
    running = pods.by_service_account(found.pods)
    pods_reason, pods_said = _unread(found.pods_error)
    provider_reason, provider_said = _unread(found.providers_error)
    return Survey(
        read_at=ports.clock.now(),
        issuer=found.issuer,
        ties=tuple(
            _tie(
                _case(ports, candidate, found, running.get(candidate.place, [])),
                candidate,
                roles.get(candidate.role_arn),
                meant[candidate.role_arn],
                lacks_provider=not candidate.key and found.lacks_provider(candidate.role_arn),
            )
            for candidate in annotated
        ),
        roles=tuple(roles.values()),
        pods_reason=pods_reason,
        pods_said=pods_said,
        provider_reason=provider_reason,
        provider_said=provider_said,
    )


def _unread(error: FlowError | None) -> tuple[str, str]:
    """The reason's key and the server's words; empty where it was read."""
    return (unseen(error) or "not_observable", error.server_message) if error else ("", "")


def _case(ports: Ports, candidate: Candidate, found: Read, running: Sequence[JsonValue]) -> problems.Case:
    """`running`: its Pods."""
    return problems.Case(
        ports=ports,
        subject=candidate.subject,
        document=candidate.document,
        issuer=found.issuer,
        bearer=candidate.bearer(candidate.role_arn, found.issuer),
        policy=found.policies.get(candidate.role_arn, Policy()),
        pods=pods.living(running),
    )


def _tie(
    known: problems.Case, candidate: Candidate, role: RoleFound | None, meant: int, *, lacks_provider: bool
) -> Tie:
    """`meant`: how many ServiceAccounts are annotated with the same role."""
    arn, stand = candidate.role_arn, _stand(known, candidate)
    stale = [] if stand is Stand.MISTYPED else pods.stale(known.pods, arn)
    wrong: list[Problem] = [problems.no_provider(known)] if lacks_provider else []
    match stand:
        case Stand.MISTYPED:
            wrong.append(problems.mistyped(known, candidate.key))
        case Stand.MALFORMED:
            wrong.append(problems.malformed(known, arn))
        case Stand.MISSING:
            wrong.append(problems.missing(known))
        case Stand.REFUSED:
            wrong.append(problems.refused(known))
    wrong += problems.stale(known, stale)
    if role is not None and stand is not Stand.MISTYPED:
        wrong += [problems.wide(known, role, meant)] if role.wide else []
        wrong += [problems.absent(role)] if role.absent else []
    return Tie(
        namespace=candidate.subject.namespace,
        service_account=candidate.subject.service_account,
        role_arn=arn,
        stand=stand,
        lacks_provider=lacks_provider,
        stale=tuple(pod.name for pod in stale),
        problems=tuple(sorted(wrong, key=lambda problem: _ORDER.index(problem.status))),
    )


def _stand(case: problems.Case, candidate: Candidate) -> Stand:
    if candidate.key:
        return Stand.MISTYPED
    if role_of(candidate.role_arn) is None:
        return Stand.MALFORMED
    if case.policy.reason:
        return Stand.UNREAD
    if case.policy.arn != candidate.role_arn:
        return Stand.MISSING
    return Stand.OWN if case.bearer.is_let_in(case.policy.document) else Stand.REFUSED
