"""Which part of the chain a failed check makes guilty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.flow.model import Check, Exchange, Step
from app.flow.verdict.refusals import ANSWER, APPLICATION

_CONVICTS: Mapping[str, tuple[str, ...]] = {
    "issuer": ("issuer.discovery", "issuer.jwks"),
    "publish": ("issuer.cluster_keys",),
    "provider": (
        "provider.exists",
        "provider.audience",
        "provider.thumbprint",
        "sts.provider",
        "sts.audience",
    ),
    "service_account": ("service_account.exists",),
    "annotation": ("service_account.annotation", "service_account.role_arn", "service_account.account"),
    "role": ("role.exists", "access.policy"),
    "policy": (
        "trust.provider",
        "trust.action",
        "trust.audience",
        "trust.subject",
        "trust.decision",
        "trust.scope",
        "sts.trust",
    ),
    "create": ("webhook.dry_run",),
    "review": ("webhook.registered", "webhook.selector", "webhook.reachable"),
    "webhook": ("webhook.volume", "webhook.mount", "webhook.environment", "pod.pod_identity"),
    "pod": (
        "pod.exists",
        "pod.injected",
        "pod.running",
        "pod.service_account",
        "pod.skipped",
        "pod.handwritten",
        "pod.environment",
        "pod.volume",
        "pod.age",
        "pod.siblings",
        "pod.static_keys",
        "pod.region",
        "pod.token_used",
        "pod.sdk",
        "pod.hop_limit",
    ),
    "token": ("token.algorithm", "token.issuer", "token.subject", "token.key", "token.signature"),
    "mount": (
        "token.file",
        "token.contents",
        "token.format",
        "token.audience",
        "token.bound_pod",
        "token.lifetime",
        "token.api_server",
        "pod.token_readable",
    ),
    "assume": ("pod.request", "sts.format", "sts.expiration"),
    "keys": ("sts.key", "sts.signature"),
    "sts": (ANSWER, "sts.recent_failures", "sts.recent_successes"),
    "call": ("access.identity",),
    "s3": ("access.list_buckets",),
}
PART_OF_CHECK: Mapping[str, str] = {check_id: part for part, check_ids in _CONVICTS.items() for check_id in check_ids}
"""The part that each check makes guilty. `pod.application` is missing here, because its part depends on the step."""
_OF_PROGRAM = {
    Step.OIDC_PROVIDER: "provider",
    Step.SERVICE_ACCOUNT: "annotation",
    Step.WEBHOOK: "pod",
    Step.TOKEN_MOUNT: "kubelet",  # the node: its clock is wrong
    Step.STS_ASSUME: "assume",
    Step.ACCESS: "call",
}
"""The part that the error of the Pod's program makes guilty, by the step in which the cause lies."""
_REFUSED_IN = {Step.OIDC_PROVIDER: "provider", Step.SERVICE_ACCOUNT: "role"}
"""The part that a refusal of STS makes guilty without a failed check, by the step: the account, or what is above it,
shows us no cause."""
_UNANSWERED = {"webhook": "review", "mount": "token_request"}
"""By part that lacks something: the call that should have brought it."""


def guilty_part(step: Step, check: Check, exchanges: Mapping[str, Sequence[Exchange]]) -> str:
    """The id of the party or link that a failed check makes guilty, in the step where the verdict locates the cause.

    `exchanges` are those of the links, by id: a call that was made and not answered is guilty itself.
    """
    if check.id == APPLICATION:
        return _OF_PROGRAM[step]
    if check.id == ANSWER and step in _REFUSED_IN:
        return _REFUSED_IN[step]
    part = PART_OF_CHECK[check.id]
    made = exchanges.get(_UNANSWERED.get(part, ""), ())
    return _UNANSWERED[part] if made and not any(it.succeeded for it in made) else part
