"""All beats of IRSA, in the order in which they happen, each with the exchanges by which it is recognized.

STS keeps the order of `app.flow.steps.sts_assume`, which AWS does not publish.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.flow.film.beat import Beat, Seen
from app.flow.model import Exchange, Step
from app.flow.verdict.links import LINKS


@dataclass(frozen=True, kw_only=True)
class Request:
    """Tells which recorded exchanges are meant."""

    callee: str
    method: str = ""
    url: str = ""
    """A text that the URL contains; a bar divides alternatives."""
    body: str = ""
    """A text that the request's body contains."""
    without: str = ""
    """A text that neither the URL nor the body contains."""

    def matches(self, exchange: Exchange) -> bool:
        """Whether the exchange is meant."""
        return (
            exchange.callee == self.callee
            and self.method in ("", exchange.method)
            and any(words in exchange.url for words in self.url.split("|"))
            and self.body in exchange.request_body
            and not (self.without and self.without in exchange.url + exchange.request_body)
        )


@dataclass(frozen=True, kw_only=True)
class Cue:
    """A beat of the script, before any exchange of it is known."""

    id: str
    step: Step
    edge: str
    carries: str
    back: bool = False
    own: Request | None = None
    """The exchange of the parties themselves; None where it has none of its own."""
    caller: str = ""
    """Who sends that exchange of the parties."""
    asked: Request | None = None
    """The request that this app sends instead of the party."""
    read: Request | None = None
    """The request whose response shows the result of the beat."""
    part: str = ""
    """The party or link whose state the beat has; empty where that is its edge."""

    @property
    def state_of(self) -> str:
        """The id of that part."""
        return self.part or self.edge


EDGES = {
    **{link.id: (link.tail, link.head) for link in LINKS},
    "register": ("developer", "provider"),
    "grant": ("developer", "role"),
    "hold_provider": ("sts", "provider"),
    "hold_role": ("sts", "role"),
    "fallback": ("pod", "instance_metadata"),
    "knock": ("sts", "api_server"),
    "copy": ("pod", "thief"),
    "thief_sts": ("thief", "sts"),
    "thief_s3": ("thief", "s3"),
    "thief_api_server": ("thief", "api_server"),
}
"""Every arrow of the film, with its tail and its head: the links of the chain, and those that no check is about."""

_ASSUME = Request(callee="sts", body="Action=AssumeRoleWithWebIdentity")
_REVIEW = Request(callee="pod-identity-webhook", body='"dryRun":false')
_DRY_REVIEW = Request(callee="pod-identity-webhook", body='"dryRun":true')
_TOKEN_REQUEST = Request(callee="kube-apiserver", method="POST", url="/token")
_BUCKETS = Request(callee="s3", method="GET")

SCRIPT = (
    Cue(
        id="publish",
        step=Step.OIDC_PROVIDER,
        edge="publish",
        carries="public_keys",
        read=Request(callee="issuer", without="/.well-known/openid-configuration"),
        part="issuer",
    ),
    Cue(
        id="register",
        step=Step.OIDC_PROVIDER,
        edge="register",
        carries="provider",
        own=Request(callee="iam", body="Action=CreateOpenIDConnectProvider"),
        caller="developer",
        read=Request(callee="iam", body="Action=GetOpenIDConnectProvider"),
        part="provider",
    ),
    Cue(
        id="grant",
        step=Step.SERVICE_ACCOUNT,
        edge="grant",
        carries="role",
        own=Request(callee="iam", body="Action=CreateRole&"),
        caller="developer",
        read=Request(callee="iam", body="Action=GetRole&"),
        part="role",
    ),
    Cue(
        id="annotate",
        step=Step.SERVICE_ACCOUNT,
        edge="create",
        carries="service_account",
        own=Request(callee="kube-apiserver", method="POST", url="/serviceaccounts", without="/token"),
        caller="developer",
        read=Request(callee="kube-apiserver", method="GET", url="/serviceaccounts/"),
        part="service_account",
    ),
    Cue(
        id="create",
        step=Step.WEBHOOK,
        edge="create",
        carries="pod_manifest",
        own=Request(callee="kube-apiserver", method="POST", url="/pods", without="dryRun=All"),
        caller="developer",
        asked=Request(callee="kube-apiserver", method="POST", url="/pods?dryRun="),
    ),
    Cue(
        id="review",
        step=Step.WEBHOOK,
        edge="review",
        carries="admission_review",
        own=_REVIEW,
        caller="kube-apiserver",
        asked=_DRY_REVIEW,
    ),
    Cue(
        id="patch",
        step=Step.WEBHOOK,
        edge="review",
        back=True,
        carries="json_patch",
        own=_REVIEW,
        caller="kube-apiserver",
        asked=_DRY_REVIEW,
        read=Request(callee="kube-apiserver", method="GET", url="/pods/", without="/exec"),
        part="webhook",
    ),
    Cue(
        id="token_request",
        step=Step.TOKEN_MOUNT,
        edge="token_request",
        carries="token_request",
        own=_TOKEN_REQUEST,
        caller="kubelet",
        asked=_TOKEN_REQUEST,
    ),
    Cue(
        id="token",
        step=Step.TOKEN_MOUNT,
        edge="token",
        carries="token",
        own=_TOKEN_REQUEST,
        caller="kubelet",
        asked=_TOKEN_REQUEST,
    ),
    Cue(
        id="mount",
        step=Step.TOKEN_MOUNT,
        edge="mount",
        carries="token_file",
        read=Request(callee="kube-apiserver", url="/exec?"),
    ),
    Cue(
        id="fallback",
        step=Step.ACCESS,
        edge="fallback",
        carries="credentials_request",
        own=Request(callee="instance-metadata", url="/iam/security-credentials/"),
        caller="pod",
    ),
    Cue(
        id="node_credentials",
        step=Step.ACCESS,
        edge="fallback",
        back=True,
        carries="credentials",
        own=Request(callee="instance-metadata", url="/iam/security-credentials/"),
        caller="pod",
    ),
    Cue(
        id="assume",
        step=Step.STS_ASSUME,
        edge="assume",
        carries="token",
        own=_ASSUME,
        caller="pod",
        asked=_ASSUME,
    ),
    Cue(
        id="claim_iss",
        step=Step.STS_ASSUME,
        edge="hold_provider",
        carries="claim",
        own=_ASSUME,
        caller="pod",
        asked=_ASSUME,
        part="assume",
    ),
    Cue(
        id="claim_aud",
        step=Step.STS_ASSUME,
        edge="hold_provider",
        carries="claim",
        own=_ASSUME,
        caller="pod",
        asked=_ASSUME,
        part="assume",
    ),
    Cue(
        id="discovery",
        step=Step.STS_ASSUME,
        edge="keys",
        carries="discovery",
        own=Request(callee="issuer", url="/.well-known/"),
        caller="sts",
    ),
    Cue(
        id="keys",
        step=Step.STS_ASSUME,
        edge="keys",
        back=True,
        carries="public_keys",
        own=Request(callee="issuer", without="/.well-known/openid-configuration"),
        caller="sts",
    ),
    Cue(
        id="claim_sub",
        step=Step.STS_ASSUME,
        edge="hold_role",
        carries="claim",
        own=_ASSUME,
        caller="pod",
        asked=_ASSUME,
        part="assume",
    ),
    Cue(
        id="credentials",
        step=Step.STS_ASSUME,
        edge="assume",
        back=True,
        carries="credentials",
        own=_ASSUME,
        caller="pod",
        asked=_ASSUME,
        part="sts",
    ),
    Cue(id="call", step=Step.ACCESS, edge="call", carries="signed_request", own=_BUCKETS, caller="pod", asked=_BUCKETS),
    Cue(
        id="buckets",
        step=Step.ACCESS,
        edge="call",
        back=True,
        carries="bucket_list",
        own=_BUCKETS,
        caller="pod",
        asked=_BUCKETS,
        part="s3",
    ),
)
"""All beats in their order."""


def ends(edge: str, *, back: bool) -> tuple[str, str]:
    """Where a thing on that arrow leaves and where it arrives, forwards or `back`."""
    tail, head = EDGES[edge]
    return (head, tail) if back else (tail, head)


def beat_of(cue: Cue, exchange: Exchange | None, seen: Seen) -> Beat:
    """The beat of a cue, with its exchange and without any contents."""
    tail, head = ends(cue.edge, back=cue.back)
    return Beat(
        id=cue.id,
        step=cue.step,
        edge=cue.edge,
        tail=tail,
        head=head,
        back=cue.back,
        carries=cue.carries,
        seen=seen,
        exchange=exchange,
    )
