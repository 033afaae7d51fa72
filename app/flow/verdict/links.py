"""The parts of the chain, in the order of the six steps: who takes part in IRSA, and what each party does to another.

No coordinate and no text is here. Everything that draws the chain takes its parts, and their states, from
`link_states`.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.flow.model import Exchange, Step


@dataclass(frozen=True, kw_only=True)
class Call:
    """Tells which recorded exchanges belong to a link."""

    callee: str
    callers: tuple[str, ...]
    """Who may send it; `explorer` where the app itself sends it for a party."""
    words: str = ""
    """A text that the URL or the request's body has to contain."""

    def matches(self, exchange: Exchange) -> bool:
        """Whether the exchange belongs to the link."""
        between = exchange.callee == self.callee and exchange.caller in self.callers
        return between and (self.words in exchange.url or self.words in exchange.request_body)


@dataclass(frozen=True, kw_only=True)
class Party:
    """Someone or something that takes part."""

    id: str
    checks: tuple[str, ...] = ()
    """The checks that are about this party alone; empty where only its links show its state."""
    needs: tuple[str, ...] = ()
    """The parts that have to come before it."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """What one party does to another."""

    id: str
    step: Step
    tail: str
    head: str
    checks: tuple[str, ...]
    """The checks that all pass where it has happened as it should."""
    needs: tuple[str, ...] = ()
    call: Call | None = None
    """None where no one can listen."""
    heard_is_enough: bool = False
    """Whether a successful answer to its own party proves it, even if a check fails later."""


_EXPLORER = ("explorer",)
_TOKEN_REQUEST = Call(callee="kube-apiserver", callers=("kubelet", "explorer"), words="/token")

PARTIES = (
    Party(id="developer"),
    Party(id="api_server"),
    Party(id="issuer", checks=("issuer.discovery", "issuer.jwks")),
    Party(id="provider", checks=("provider.exists", "provider.audience")),
    Party(id="service_account", checks=("service_account.exists",)),
    Party(id="role", checks=("role.exists",), needs=("annotation",)),
    Party(id="webhook", checks=("webhook.volume", "webhook.mount", "webhook.environment"), needs=("review",)),
    Party(id="kubelet"),
    Party(id="pod", checks=("pod.exists", "pod.injected"), needs=("create",)),
    Party(id="sts", checks=("sts.credentials",), needs=("assume",)),
    Party(id="s3", checks=("access.list_buckets",), needs=("call",)),
)

LINKS = (
    Link(
        id="publish",
        step=Step.OIDC_PROVIDER,
        tail="api_server",
        head="issuer",
        checks=("issuer.cluster_keys",),
        needs=("issuer",),
        call=Call(callee="issuer", callers=_EXPLORER),
    ),
    Link(
        id="trust",
        step=Step.OIDC_PROVIDER,
        tail="provider",
        head="issuer",
        checks=("provider.exists",),
        needs=("provider",),
        call=Call(callee="iam", callers=_EXPLORER, words="Action=GetOpenIDConnectProvider"),
    ),
    Link(
        id="annotation",
        step=Step.SERVICE_ACCOUNT,
        tail="service_account",
        head="role",
        checks=("service_account.annotation", "service_account.role_arn"),
        needs=("service_account",),
        call=Call(callee="kube-apiserver", callers=_EXPLORER, words="/serviceaccounts/"),
    ),
    Link(
        id="policy",
        step=Step.SERVICE_ACCOUNT,
        tail="role",
        head="provider",
        checks=("trust.provider", "trust.action", "trust.audience", "trust.subject", "trust.decision"),
        call=Call(callee="iam", callers=_EXPLORER, words="Action=GetRole&"),
    ),
    Link(
        id="create",
        step=Step.WEBHOOK,
        tail="developer",
        head="api_server",
        checks=("pod.exists",),
        call=Call(callee="kube-apiserver", callers=_EXPLORER, words="/pods?dryRun="),
    ),
    Link(
        id="review",
        step=Step.WEBHOOK,
        tail="api_server",
        head="webhook",
        checks=("webhook.registered", "webhook.selector", "webhook.dry_run"),
        needs=("create",),
        call=Call(callee="pod-identity-webhook", callers=("kube-apiserver",)),
    ),
    Link(  # The webhook has its own copy of the ServiceAccount: if it wrote the volume, it has seen the annotation.
        id="read",
        step=Step.WEBHOOK,
        tail="webhook",
        head="service_account",
        checks=("webhook.volume",),
        needs=("review", "service_account"),
    ),
    Link(
        id="token_request",
        step=Step.TOKEN_MOUNT,
        tail="kubelet",
        head="api_server",
        checks=("token.file",),
        needs=("webhook",),
        call=_TOKEN_REQUEST,
        heard_is_enough=True,
    ),
    Link(
        id="token",
        step=Step.TOKEN_MOUNT,
        tail="api_server",
        head="kubelet",
        checks=("token.format", "token.algorithm", "token.issuer", "token.subject", "token.key", "token.signature"),
        needs=("token_request",),
        call=_TOKEN_REQUEST,
    ),
    Link(
        id="mount",
        step=Step.TOKEN_MOUNT,
        tail="kubelet",
        head="pod",
        checks=("token.file", "token.format", "token.audience", "token.lifetime"),
        needs=("token",),
        call=Call(callee="kube-apiserver", callers=_EXPLORER, words="/exec?"),
    ),
    Link(
        id="assume",
        step=Step.STS_ASSUME,
        tail="pod",
        head="sts",
        checks=("sts.format", "sts.expiration", "sts.credentials"),
        needs=("mount", "pod"),
        call=Call(callee="sts", callers=("explorer", "pod"), words="Action=AssumeRoleWithWebIdentity"),
    ),
    Link(
        id="keys",
        step=Step.STS_ASSUME,
        tail="sts",
        head="issuer",
        checks=("sts.key", "sts.signature"),
        needs=("sts", "provider", "publish"),
        call=Call(callee="issuer", callers=("sts",)),
    ),
    Link(
        id="call",
        step=Step.ACCESS,
        tail="pod",
        head="s3",
        checks=("access.identity", "access.list_buckets"),
        needs=("sts", "role"),
        call=Call(callee="s3", callers=("explorer", "pod")),
    ),
)
