"""Whether a role's trust policy lets a web identity assume the role, with every comparison that led there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.flow.model import ConditionKeys, JsonValue
from app.flow.names import account_of
from app.flow.partitions import partition_of
from app.flow.policy.policy import Match, Reason, Request, decide, request_keys
from app.flow.times import timestamp

ASSUME_ROLE_WITH_WEB_IDENTITY = "sts:AssumeRoleWithWebIdentity"
ASSUME_ROLE = "sts:AssumeRole"


@dataclass(frozen=True, slots=True)
class TrustContext:
    """Who asks for the role, and what is known of them."""

    principal: str
    """The ARN of the IAM OIDC provider that vouches for the token, or of the session or user of AWS."""
    action: str = ASSUME_ROLE_WITH_WEB_IDENTITY
    keys: ConditionKeys = field(default_factory=dict)
    """The condition keys, such as `oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE:sub`."""
    names: frozenset[str] = frozenset()
    """The names by which `{"AWS": …}` means the principal, but for `*`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsPrincipal:
    """A session of a role, or a user, who asks for another role. Source: IAM user guide, "AWS JSON policy elements:
    Principal"."""

    arn: str
    role_arn: str = ""
    """The role of the session; empty of a user."""

    @property
    def account(self) -> str:
        """The 12 digits of its account."""
        return account_of(self.arn)

    @property
    def own_names(self) -> frozenset[str]:
        """Those that mean this principal, or its role, and no other of its account."""
        return frozenset({self.arn, self.role_arn} - {""})

    @property
    def names(self) -> frozenset[str]:
        """Those of its account, too, which leave the decision to the account's own policies."""
        return self.own_names | {self.account, f"arn:{partition_of('', self.arn)}:iam::{self.account}:root"}


@dataclass(frozen=True, slots=True)
class TrustDecision:
    """What IAM decides, and why. STS tells its caller neither reason nor trace."""

    allowed: bool
    reason: Reason
    trace: tuple[Match, ...]
    """Every element of every statement, in the policy's order; a statement applies when all of its entries match."""


def evaluate(policy: JsonValue, context: TrustContext) -> TrustDecision:
    """Evaluate a trust policy, an object or its JSON text. Never raises: what cannot be read allows nothing.

    `Resource` is not looked at: in a trust policy it is the role itself, and IAM refuses to store one.
    """
    request = Request(
        action=context.action, keys=request_keys(context.keys), principal=context.principal, names=context.names
    )
    reason, trace = decide([("", policy)], request)
    return TrustDecision(reason == "allow", reason, trace)


def web_identity_context(
    issuer: str, claims: Mapping[str, Any], provider_arn: str, extra: ConditionKeys | None = None
) -> TrustContext:
    """The request that STS puts to the trust policy for a token with these claims.

    The keys are the issuer without `https://`, a colon and `sub`, `aud` or `amr`. `aud` is the token's `azp` where it
    has one. No other claim becomes a key: there is none for the Pod, the node or the namespace.
    """
    prefix = issuer.removeprefix("https://")
    authorized_party = claims.get("azp")
    found = {
        "sub": claims.get("sub"),
        "aud": claims.get("aud") if authorized_party is None else authorized_party,
        "amr": claims.get("amr"),
    }
    keys = {f"{prefix}:{name}": value for name, value in found.items() if value is not None}
    return TrustContext(provider_arn, ASSUME_ROLE_WITH_WEB_IDENTITY, {**keys, **(extra or {})})


def request_facts(now: float) -> dict[str, str]:
    """The condition keys of each request to STS at this time (Unix seconds) that need no token: STS has endpoints for
    https alone. Without the time where a clock gives none that is a date."""
    try:
        times = {"aws:CurrentTime": timestamp(now), "aws:EpochTime": str(int(now))}
    except (ValueError, OverflowError, OSError):
        times = {}
    return {**times, "aws:SecureTransport": "true"}


def session_keys(issuer: str, claims: Mapping[str, Any], provider_arn: str) -> dict[str, str | list[str]]:
    """The condition keys that a session of such a token keeps for each of its requests: the provider, `sub`, `aud`.

    So a permission policy may ask for the ServiceAccount, or have it as the variable `${<issuer>:sub}`.
    """
    kept = {name: claims.get(name) for name in ("sub", "aud", "azp")}
    return {**web_identity_context(issuer, kept, provider_arn).keys, "aws:FederatedProvider": provider_arn}
