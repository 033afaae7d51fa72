"""Every annotated ServiceAccount of a cluster: its role, whether that role lets it in, and who else gets in.

Nothing is sent to STS: each role's trust policy is evaluated for the ServiceAccounts that there are, and for some that
there might be. The survey looks only at roles that an annotation points to, and not at who could assume other roles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.flow.annotations import ROLE_ARN
from app.flow.doctor.trust_fix import Bearer
from app.flow.errors import FlowError, NotFound
from app.flow.json_access import get, get_object, get_str
from app.flow.model import JsonValue, Subject
from app.flow.names import (
    DEFAULT_AUDIENCE,
    account_of,
    annotated_audience,
    provider_arn,
    role_of,
    subject_claim,
)
from app.flow.ports import Ports
from app.flow.steps.findings import unseen
from app.flow.steps.trust_policy import PROBE, strangers_of
from app.flow.verdict.judge import Outcome

USES = ("issuer.discovery", "choose.service_account")
"""Without what of the cluster there is no survey (`permissions_needed.NEEDS`)."""


class Stand(StrEnum):
    """How a role stands to the ServiceAccount that names it."""

    OWN = "own"
    """Its trust policy lets it in."""
    REFUSED = "refused"
    """Its trust policy does not, or there is no such role: STS answers the same."""
    MALFORMED = "malformed"
    """The annotation's value is not the ARN of a role."""
    UNREAD = "unread"
    """The role could not be read."""


@dataclass(frozen=True, kw_only=True)
class Tie:
    """A ServiceAccount and the role that its annotation names."""

    namespace: str
    service_account: str
    role_arn: str
    stand: Stand


@dataclass(frozen=True, kw_only=True)
class RoleFound:
    """A role that some annotation points to, and the subjects that its trust policy lets in."""

    arn: str
    reason: str = ""
    """Why it could not be read: the key of the reason's words; empty where it was."""
    said: str = ""
    """The server's words, where there are any."""
    cluster: bool = False
    """Over-broad: any ServiceAccount of the cluster is let in."""
    namespaces: tuple[str, ...] = ()
    """Over-broad: any ServiceAccount of these namespaces is let in."""
    similar: bool = False
    """Over-broad: ServiceAccounts are let in whose names, or whose namespaces' names, begin like one that is meant."""
    also: tuple[str, ...] = ()
    """Existing ServiceAccounts (`NAMESPACE/NAME`) that are let in and not annotated with it."""

    @property
    def wide(self) -> bool:
        """Whether it lets in more than it should."""
        return self.cluster or bool(self.namespaces) or self.similar


@dataclass(frozen=True, kw_only=True)
class Survey:
    """Who may assume what."""

    read_at: float
    """Unix seconds."""
    issuer: str
    ties: tuple[Tie, ...]
    """In the order of their namespaces and names."""
    roles: tuple[RoleFound, ...]
    """In the order of their ARNs."""

    def role(self, arn: str) -> RoleFound | None:
        """The role of that ARN; None for an annotation that is no ARN."""
        return next((role for role in self.roles if role.arn == arn), None)

    @property
    def refused(self) -> int:
        """How many ServiceAccounts name a role that does not let them in."""
        return sum(tie.stand in (Stand.REFUSED, Stand.MALFORMED) for tie in self.ties)

    @property
    def unread(self) -> int:
        """How many roles could not be read."""
        return sum(bool(role.reason) for role in self.roles)

    @property
    def outcome(self) -> Outcome:
        """Broken where somebody is refused, or a role lets in too many."""
        if self.refused or any(role.wide for role in self.roles):
            return Outcome.BROKEN
        return Outcome.UNKNOWN if self.unread or not self.ties else Outcome.WORKS


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    subject: Subject
    role_arn: str
    audience: str


def survey(ports: Ports, namespace: str = "") -> Survey:
    """Surveys a cluster, or the ServiceAccounts of one namespace of it.

    Raises `FlowError` where the cluster shows neither its issuer nor its ServiceAccounts: then there is nothing to say.
    """
    # (1) The cluster: its ServiceAccounts, and the issuer that signs their tokens.
    issuer = get_str(ports.cluster.discovery(), "issuer")
    everybody = sorted(
        (_candidate(document) for document in ports.cluster.service_accounts(namespace)),
        key=lambda candidate: (candidate.subject.namespace, candidate.subject.service_account),
    )
    annotated = [candidate for candidate in everybody if candidate.role_arn]

    # (2) Each role, once.
    account, hidden = _own_account(ports)
    arns = sorted({candidate.role_arn for candidate in annotated if role_of(candidate.role_arn)})
    policies = {arn: _policy(ports, arn, account, hidden) for arn in arns}

    # (3) Which role lets in which ServiceAccount.
    return Survey(
        read_at=ports.clock.now(),
        issuer=issuer,
        ties=tuple(_tie(candidate, policies.get(candidate.role_arn), issuer) for candidate in annotated),
        roles=tuple(_role(arn, policies[arn], everybody, issuer) for arn in arns),
    )


@dataclass(frozen=True, kw_only=True)
class _Policy:
    document: JsonValue = None
    """None where there is no such role."""
    reason: str = ""
    said: str = ""


def _candidate(document: JsonValue) -> _Candidate:
    return _Candidate(
        subject=Subject(
            namespace=get_str(document, "metadata", "namespace"),
            service_account=get_str(document, "metadata", "name"),
            pod="",
        ),
        role_arn=get_str(document, "metadata", "annotations", ROLE_ARN),
        audience=annotated_audience(document),
    )


def _own_account(ports: Ports) -> tuple[str, str]:
    """Our account, if we may know it; and why what is not seen to be in it stays unknown."""
    try:
        return get_str(ports.aws.caller_identity(), "Account"), "not_observable"
    except FlowError as error:
        return "", unseen(error) or "not_observable"


def _policy(ports: Ports, arn: str, account: str, hidden: str) -> _Policy:
    """The trust policy. A role of another account is not ours to read, although one of that name may be here."""
    _, _, name = role_of(arn) or ("", "", "")
    ours = account_of(arn) == account
    try:
        role = ports.aws.role(name)
    except FlowError as error:
        if isinstance(error, NotFound):
            return _Policy() if ours else _Policy(reason=hidden, said=error.server_message)
        return _Policy(reason=unseen(error) or "not_observable", said=error.server_message)
    if get_str(role, "Arn") != arn:
        return _Policy() if ours else _Policy(reason=hidden)
    return _Policy(document=get(role, "AssumeRolePolicyDocument"))


def _bearer(candidate: _Candidate, arn: str, issuer: str) -> Bearer:
    return Bearer(
        issuer=issuer,
        provider_arn=provider_arn(arn, issuer),
        subject=subject_claim(candidate.subject),
        audience=candidate.audience,
    )


def _tie(candidate: _Candidate, policy: _Policy | None, issuer: str) -> Tie:
    if policy is None:
        stand = Stand.MALFORMED
    elif policy.reason:
        stand = Stand.UNREAD
    else:
        let_in = _bearer(candidate, candidate.role_arn, issuer).is_let_in(policy.document)
        stand = Stand.OWN if let_in else Stand.REFUSED
    subject = candidate.subject
    return Tie(
        namespace=subject.namespace,
        service_account=subject.service_account,
        role_arn=candidate.role_arn,
        stand=stand,
    )


def _role(arn: str, policy: _Policy, everybody: Sequence[_Candidate], issuer: str) -> RoleFound:
    if policy.reason or not get_object(policy.document):
        return RoleFound(arn=arn, reason=policy.reason, said=policy.said)

    def let_in(subject: Subject, audience: str = DEFAULT_AUDIENCE) -> bool:
        candidate = _Candidate(subject=subject, role_arn=arn, audience=audience)
        return _bearer(candidate, arn, issuer).is_let_in(policy.document)

    # (1) Anybody at all, anybody of a namespace.
    cluster = let_in(Subject(namespace=PROBE, service_account=PROBE, pod=""))
    known = sorted({candidate.subject.namespace for candidate in everybody})
    namespaces = tuple(
        name for name in known if not cluster and let_in(Subject(namespace=name, service_account=PROBE, pod=""))
    )

    # (2) Whose name begins like that of one who is meant.
    meant = [candidate for candidate in everybody if candidate.role_arn == arn]
    similar = not cluster and any(
        _bearer(candidate, arn, issuer).is_let_in(policy.document, stranger)
        for candidate in meant
        if candidate.subject.namespace not in namespaces
        for stranger in strangers_of(subject_claim(candidate.subject))
    )

    # (3) The ServiceAccounts that get in without an annotation.
    also = tuple(
        f"{candidate.subject.namespace}/{candidate.subject.service_account}"
        for candidate in everybody
        if candidate.role_arn != arn and let_in(candidate.subject, candidate.audience)
    )
    return RoleFound(arn=arn, cluster=cluster, namespaces=namespaces, similar=similar, also=also)
