"""What a compromised Pod gives away: the roles whose credentials its attacker gets, and the data that they open.

The attacker has what the Pod has: the way to the instance metadata service, and the Pod's mounted token for STS, if
there is one. Nothing is sent: trust policies are evaluated with `trust`, permission policies with `permissions`.

Two things are taken as given, since no policy says them: whether the Pod reaches the metadata service, which the node's
kind decides, and that the account has a provider for the issuer that accepts the token's audience.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.flow import trust
from app.flow.model import JsonValue, Subject
from app.flow.names import DEFAULT_AUDIENCE, subject_claim
from app.flow.permissions import PermissionDecision, evaluate_permissions


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """An IAM role with its policies, as IAM gave them."""

    name: str
    arn: str
    trust_policy: JsonValue
    permissions: tuple[tuple[str, JsonValue], ...]
    """(Name or ARN, document) each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A Pod and the ServiceAccount under which it runs."""

    name: str
    namespace: str
    service_account: str
    role_arn: str = ""
    """What the ServiceAccount's annotation names. Empty where there is none: such a Pod has no token for STS."""

    @property
    def subject(self) -> str:
        """The `sub` of its token."""
        return subject_claim(Subject(namespace=self.namespace, service_account=self.service_account))


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Something worth stealing: the action that opens it, and the ARN of the resource that the action is about."""

    name: str
    action: str
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The node, its Pods, and the roles that ServiceAccounts may assume."""

    issuer: str
    provider_arn: str
    """The ARN of the IAM OIDC provider for `issuer`."""
    node_role: Role
    roles: tuple[Role, ...]
    data: tuple[Data, ...]
    metadata_reached: bool
    """Whether Pods on the Pod network get the node's role from the metadata service."""


class Way(StrEnum):
    """How the attacker's attempt on a role ends."""

    METADATA = "metadata"
    """The metadata service hands out the node's role; it does not ask which Pod it is."""
    UNREACHED = "unreached"
    """The metadata service does not give it to a Pod: there is none, or its answer does not get that far."""
    TRUSTED = "trusted"
    """STS gives it: the trust policy accepts the Pod's token."""
    REFUSED = "refused"
    """STS refuses: the trust policy does not accept the Pod's token."""
    NO_TOKEN = "no_token"
    """The Pod has no token for STS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """An attempt on one role, and what its permission policies say of each piece of data."""

    role: Role
    way: Way
    own: bool
    """Whether the Pod's own ServiceAccount points to this role."""
    trust: trust.TrustDecision | None
    """How the trust policy was evaluated; None where AWS does not evaluate it."""
    permissions: tuple[tuple[Data, PermissionDecision], ...]
    """By data, whether or not the attacker gets the role."""

    @property
    def obtained(self) -> bool:
        """Whether the attacker gets the role's credentials."""
        return self.way in (Way.METADATA, Way.TRUSTED)

    @property
    def opens(self) -> tuple[Data, ...]:
        """The data that the role may reach."""
        return tuple(data for data, decision in self.permissions if decision.allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """One way from the Pod to data: through which role."""

    pod: Pod
    attempt: Attempt
    data: Data


@dataclass(frozen=True, slots=True, kw_only=True)
class BlastRadius:
    """Everything that the attacker in one Pod tries, and what it comes to."""

    pod: Pod
    attempts: tuple[Attempt, ...]
    """The node's role first, then the others in the setting's order."""

    @property
    def leaks(self) -> tuple[Leak, ...]:
        """Every way to data; empty where the attacker reaches none."""
        return tuple(
            Leak(pod=self.pod, attempt=attempt, data=data)
            for attempt in self.attempts
            if attempt.obtained
            for data in attempt.opens
        )


def blast_radius(setting: Setting, pod: Pod) -> BlastRadius:
    """What the attacker in `pod` gets. Never raises: a policy that cannot be read allows nothing."""
    # (1) The node's role: no policy is evaluated.
    node = Attempt(
        role=setting.node_role,
        way=Way.METADATA if setting.metadata_reached else Way.UNREACHED,
        own=False,
        trust=None,
        permissions=_permissions(setting.node_role, setting.data),
    )
    # (2) Every other role, with the Pod's token. The annotation does not matter: anyone may try any role.
    return BlastRadius(pod=pod, attempts=(node, *(_attempt(setting, pod, role) for role in setting.roles)))


def _attempt(setting: Setting, pod: Pod, role: Role) -> Attempt:
    decision = None
    way = Way.NO_TOKEN
    if pod.role_arn:
        claims = {"sub": pod.subject, "aud": [DEFAULT_AUDIENCE]}
        context = trust.web_identity_context(setting.issuer, claims, setting.provider_arn)
        decision = trust.evaluate(role.trust_policy, context)
        way = Way.TRUSTED if decision.allowed else Way.REFUSED
    return Attempt(
        role=role,
        way=way,
        own=role.arn == pod.role_arn,
        trust=decision,
        permissions=_permissions(role, setting.data),
    )


def _permissions(role: Role, data: Sequence[Data]) -> tuple[tuple[Data, PermissionDecision], ...]:
    """The request is never sent, so no condition keys are known: a statement that asks for one does not apply."""
    return tuple(
        (piece, evaluate_permissions(role.permissions, action=piece.action, resource=piece.resource, keys={}))
        for piece in data
    )
