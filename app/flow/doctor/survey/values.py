"""The values of a survey, from which texts, tables and pictures are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from app.flow.doctor.fix import Fix
from app.flow.doctor.tool_options import ToolOptions
from app.flow.model import Status
from app.flow.verdict.judge import Outcome


class Stand(StrEnum):
    """How a role stands to the ServiceAccount that names it."""

    OWN = "own"
    """Its trust policy lets it in."""
    REFUSED = "refused"
    """Its trust policy does not."""
    DEPENDS = "depends"
    """It depends on the request to STS, such as the address that it comes from."""
    AUDIENCE = "audience"
    """It depends on the audience that the webhook asks for outside EKS, which no Pod shows."""
    MISSING = "missing"
    """The account has no role of that ARN. STS answers as if the trust policy refused."""
    MALFORMED = "malformed"
    """The annotation's value is not the ARN of a role."""
    MISTYPED = "mistyped"
    """The annotation's key is one that the webhook does not read."""
    UNREAD = "unread"
    """The role could not be read."""


_OPEN = (Stand.DEPENDS, Stand.AUDIENCE)
BROKEN_STANDS = (Stand.REFUSED, Stand.MISSING, Stand.MALFORMED, Stand.MISTYPED)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong, or could be."""

    cause: str
    """The key of the problem's sentence, below `doctor`."""
    status: Status
    """`FAILED` where IRSA does not work by it or lets in too many; `UNKNOWN` where it may work; else `WARNING`."""
    values: Mapping[str, str] = field(default_factory=dict)
    """The values of the sentence's placeholders."""
    check: str = ""
    """The check of a walk that fails by it; empty where the stand (`Stand`) follows from it."""
    fix: Fix | None = None
    """What to do about it; None where no command is known."""


@dataclass(frozen=True, kw_only=True)
class Tie:
    """A ServiceAccount and the role that its annotation names."""

    namespace: str
    service_account: str
    role_arn: str
    """The annotation's value, whether it is an ARN or not."""
    stand: Stand
    lacks_provider: bool = False
    """Whether the role's account has no IAM OIDC provider for the cluster's issuer."""
    stale: tuple[str, ...] = ()
    """The names of its Pods that are not injected, or have another role than the annotation's."""
    by_pod_identity: tuple[str, ...] = ()
    """The names of its Pods that use EKS Pod Identity instead of the annotation."""
    problems: tuple[Problem, ...] = ()
    """The worst first. The problems of its role are among them."""

    @property
    def name(self) -> str:
        """`NAMESPACE/NAME`."""
        return f"{self.namespace}/{self.service_account}"

    @property
    def status(self) -> Status:
        """The worst of its problems; without one, whether its role lets it in, as far as that could be read."""
        found = {problem.status for problem in self.problems}
        worst = next((status for status in (Status.FAILED, Status.WARNING) if status in found), Status.PASSED)
        open_ = self.stand in (Stand.UNREAD, *_OPEN)
        return Status.UNKNOWN if open_ and worst is not Status.FAILED else worst


@dataclass(frozen=True, kw_only=True)
class RoleFound:
    """A role that some annotation points to, and the subjects that its trust policy lets in."""

    arn: str
    reason: str = ""
    """The key of the reason why the role could not be read; empty where it was."""
    said: str = ""
    """The server's message for that; empty where there is none."""
    cluster: bool = False
    """Over-broad: any ServiceAccount of the cluster is let in."""
    namespaces: tuple[str, ...] = ()
    """Over-broad: any ServiceAccount of these namespaces is let in."""
    similar: bool = False
    """Over-broad: ServiceAccounts are let in whose names, or whose namespaces' names, begin like one that is meant."""
    also: tuple[str, ...] = ()
    """Existing ServiceAccounts (`NAMESPACE/NAME`) that are let in and not annotated with it."""
    absent: tuple[str, ...] = ()
    """ServiceAccounts (`NAMESPACE/NAME`) that its trust policy names and that do not exist in this cluster."""

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
    private_issuer: bool = False
    """Whether AWS cannot reach the issuer, so that neither a provider nor a trust policy helps."""
    pods_reason: str = ""
    """The key of the reason why no Pod could be looked at; empty where Pods were."""
    pods_said: str = ""
    """The server's message for that; empty where there is none."""
    provider_reason: str = ""
    """The key of the reason why the account's IAM OIDC providers could not be listed; else empty."""
    provider_said: str = ""

    def role(self, arn: str) -> RoleFound | None:
        """The role of that ARN; None for an annotation that is no ARN."""
        return next((role for role in self.roles if role.arn == arn), None)

    def given(self, options: ToolOptions) -> Survey:
        """The survey with these options in the commands of all fixes."""
        ties = [
            replace(tie, problems=tuple(replace(one, fix=options.fix(one.fix)) for one in tie.problems))
            for tie in self.ties
        ]
        return replace(self, ties=tuple(ties))

    @property
    def counts(self) -> Mapping[str, int]:
        """How many ServiceAccounts have each problem, by the key of its sentence; for `wide` and `absent`, how many
        roles."""
        stands = {stand.value: sum(tie.stand is stand for tie in self.ties) for stand in BROKEN_STANDS}
        return {
            "private_issuer": len(self.ties) if self.private_issuer else 0,
            "provider": sum(tie.lacks_provider for tie in self.ties),
            **stands,
            **{stand.value: sum(tie.stand is stand for tie in self.ties) for stand in _OPEN},
            "stale": sum(bool(tie.stale) for tie in self.ties),
            "pod_identity": sum(bool(tie.by_pod_identity) for tie in self.ties),
            "wide": sum(role.wide for role in self.roles),
            "absent": sum(bool(role.absent) for role in self.roles),
        }

    @property
    def unread(self) -> int:
        """How many roles could not be read."""
        return sum(bool(role.reason) for role in self.roles)

    @property
    def _depending(self) -> int:
        return sum(tie.stand in _OPEN for tie in self.ties)

    @property
    def _unseen(self) -> bool:
        return bool(self.pods_reason or self.provider_reason)

    @property
    def outcome(self) -> Outcome:
        """Broken where a role does not let its ServiceAccount in, or lets in others, or a Pod runs without its role."""
        if any(tie.status is Status.FAILED for tie in self.ties):
            return Outcome.BROKEN
        open_ = self.unread or self._unseen or self._depending
        return Outcome.UNKNOWN if open_ or not self.ties else Outcome.WORKS
