"""Questions about what a step will do, and the answer that one walk gives to each: computed, never written down.

Nothing is sent for an answer: it is read off what the walk has seen, or evaluated by the rules of `app.flow.trust`.
Where the walk cannot tell, there is no answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from app.flow.doctor.evidence import audience_of
from app.flow.json_access import get, get_list, get_object, get_str, shown, strings
from app.flow.model import HOLDS, JsonValue, Status, Step, Walk
from app.flow.names import SUBJECT_PREFIX, host_and_path, provider_arn, subject_claim
from app.flow.steps.injection import ROLE_VARIABLE, TOKEN_VARIABLE
from app.flow.trust import evaluate, web_identity_context
from app.flow.verdict.link_states import Keys, key_source

_ASSUMED = re.compile(r"arn:[^:]+:sts::\d+:assumed-role/([^/]+)/(.+)")
_INSTANCE = re.compile(r"i-[0-9a-f]+")
_SECRET_VARIABLE = "AWS_SECRET_ACCESS_KEY"
_JWT = re.compile(r"(?:(?<![\w-])|(?<=\\[nrt]))eyJ[\w-]++\.eyJ[\w-]++\.")
"""How a signed token begins: two JSON objects in base64url (RFC 7515)."""


@dataclass(frozen=True, kw_only=True)
class RightAnswer:
    """What the walk says to a question."""

    answer: str
    """The option that is right."""
    happened: str
    """What was seen: the key of its words."""
    partly: str = ""
    """An option that holds but leaves something out; empty where there is none."""
    values: Mapping[str, str] = field(default_factory=dict)
    """What the words of options and outcome say of this walk."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question about a step."""

    options: tuple[str, ...]
    outcome: Callable[[Walk], RightAnswer | None]
    """What this walk says; None where it cannot tell."""
    happened: tuple[str, ...]
    """The keys that an outcome may have."""
    partly: tuple[str, ...] = ()
    """The options that may be partly right; what each leaves out is said below `missing`."""
    explained: bool = False
    """Whether its terms are explained before it (`before` in `predictions.toml`)."""


def outcome(step: Step, walk: Walk) -> RightAnswer | None:
    """What the walk says to the question of a step; None where the step did not hold, or left it open."""
    held = walk.report(step).status in HOLDS
    return QUESTIONS[step].outcome(walk) if held else None


def _recorded(walk: Walk) -> RightAnswer | None:
    """Step 1: what the provider contains of the issuer."""
    found = walk.report(Step.OIDC_PROVIDER).evidence
    provider, keys = found.get("provider"), get_list(found.get("jwks"), "keys")
    record = json.dumps(provider)
    url, audiences = get_str(provider, "Url"), strings(get(provider, "ClientIDList"))
    values = {"url": url, "audiences": shown(audiences), "keys": str(len(keys))}
    if any(
        value in record
        for key in keys
        for value in (get_str(key, "kid"), get_str(key, "n"), get_str(key, "x"))
        if value
    ):
        return RightAnswer(answer="keys", happened="keys", values=values)
    if SUBJECT_PREFIX in record:
        return RightAnswer(answer="service_accounts", happened="service_accounts", values=values)
    return RightAnswer(answer="url", happened="url", values=values) if url and audiences and keys else None


def _another_account(walk: Walk) -> RightAnswer | None:
    """Step 2: what the trust policy would say to a second ServiceAccount with the same annotation."""
    found, subject = walk.report(Step.SERVICE_ACCOUNT).evidence, walk.subject
    issuer, role = get_str(_discovery(walk), "issuer"), get_str(found.get("role"), "Arn")
    if not issuer or not role:
        return None
    other = f"{subject.service_account}-2"
    sub = subject_claim(replace(subject, service_account=other))
    claims = {"sub": sub, "aud": [audience_of(walk)]}
    context = web_identity_context(issuer, claims, provider_arn(role, issuer))
    allowed = evaluate(found.get("trust_policy"), context).allowed
    values = {"other": other, "sub": sub, "own_sub": subject_claim(subject)}
    return RightAnswer(answer="granted" if allowed else "sts", happened="granted" if allowed else "sts", values=values)


def _written(walk: Walk) -> RightAnswer | None:
    """Step 3: what the webhook wrote into the Pod's spec."""
    found = walk.report(Step.WEBHOOK).evidence
    pod = found.get("pod_after")
    if not pod:
        return None
    added = {get_str(variable, "name"): get_str(variable, "value") for variable in get_list(found, "environment")}
    role, file = added.get(ROLE_VARIABLE, ""), added.get(TOKEN_VARIABLE, "")
    values = {"names": shown(list(added)), "role": role, "file": file}
    if _SECRET_VARIABLE in added:
        return RightAnswer(answer="credentials", happened="credentials", values=values)
    if _JWT.search(json.dumps(pod)):
        return RightAnswer(answer="token", happened="token", values=values)
    if role and file:
        return RightAnswer(answer="pointers", happened="pointers", partly="role", values=values)
    return None


def _other_token(walk: Walk) -> RightAnswer | None:
    """Step 4: whether STS would take the Pod's other token, the one for the API server."""
    found = walk.report(Step.TOKEN_MOUNT).evidence
    other, own = get_object(found.get("other_token"), "claims"), get_object(found.get("token"), "claims")
    provider, policy = _provider(walk), walk.report(Step.SERVICE_ACCOUNT).evidence.get("trust_policy")
    role = get_str(walk.report(Step.SERVICE_ACCOUNT).evidence.get("role"), "Arn")
    if not other or not provider or not policy:
        return None
    accepted = strings(get(provider, "ClientIDList"))
    kid = get_str(found.get("other_token"), "header", "kid")
    audience = strings(other.get("aud"))
    values = {"aud": shown(audience), "accepted": shown(accepted), "kid": kid}
    published = [get_str(key, "kid") for key in get_list(walk.report(Step.OIDC_PROVIDER).evidence.get("jwks"), "keys")]
    if kid not in published or other.get("iss") != own.get("iss"):
        return RightAnswer(answer="signature", happened="signature", values=values)
    if other.get("sub") != own.get("sub"):
        return RightAnswer(answer="subject", happened="subject", values=values | {"sub": get_str(other, "sub")})

    def allowed(claims: Mapping[str, JsonValue]) -> bool:
        issuer = get_str(claims, "iss")
        return evaluate(policy, web_identity_context(issuer, claims, provider_arn(role, issuer))).allowed

    if len(audience) != 1 or audience[0] not in accepted:
        return RightAnswer(answer="audience", happened="audience", values=values)
    if allowed(other):
        return RightAnswer(answer="taken", happened="taken", values=values)
    return RightAnswer(answer="audience", happened="audience_policy", values=values) if allowed(own) else None


def _asked_by_sts(walk: Walk) -> RightAnswer | None:
    """Step 5: how STS recognizes a genuine token. That STS requested nothing counts only where the servers' log would
    show it."""
    report = walk.report(Step.STS_ASSUME)
    ours = [exchange for exchange in report.exchanges if exchange.callee == "sts"]
    theirs = [exchange for exchange in report.exchanges if exchange.caller == "sts"]
    if any(name.lower() == "authorization" for exchange in ours for name, _ in exchange.request_headers):
        return RightAnswer(answer="caller", happened="caller")
    if asked := next((exchange for exchange in theirs if exchange.callee == "kube-apiserver"), None):
        return RightAnswer(answer="cluster", happened="cluster", values={"url": asked.url})
    source = key_source(walk)
    if not ours or source is Keys.UNHEARD or report.check("sts.signature").status is not Status.PASSED:
        return None
    jwks_uri, kid = get_str(_discovery(walk), "jwks_uri"), report.check("sts.key").got
    values = {"url": jwks_uri, "kid": kid}
    return RightAnswer(answer="keys", happened=str(source), values=values)


def _seen_by_aws(walk: Walk) -> RightAnswer | None:
    """Step 6: the identity that AWS sees in the Pod."""
    arn = get_str(walk.report(Step.ACCESS).evidence.get("identity"), "Arn")
    assumed = _ASSUMED.fullmatch(arn)
    if not assumed:
        return None
    role, session = assumed.groups()
    subject = walk.subject
    values = {
        "arn": arn,
        "role": role,
        "session": session,
        "pod": subject.pod,
        "service_account": subject.service_account,
    }
    answer = "node" if _INSTANCE.fullmatch(session) else "role"
    return RightAnswer(answer=answer, happened=answer, values=values)


def _discovery(walk: Walk) -> JsonValue:
    return walk.report(Step.OIDC_PROVIDER).evidence.get("discovery")


def _provider(walk: Walk) -> JsonValue:
    """The provider of the issuer; None where IAM showed none with its URL."""
    provider = walk.report(Step.OIDC_PROVIDER).evidence.get("provider")
    known = host_and_path(get_str(provider, "Url")) == host_and_path(get_str(_discovery(walk), "issuer"))
    return provider if known else None


QUESTIONS = {
    Step.OIDC_PROVIDER: Question(
        options=("keys", "url", "service_accounts", "secret"),
        outcome=_recorded,
        happened=("url", "keys", "service_accounts"),
        explained=True,
    ),
    Step.SERVICE_ACCOUNT: Question(
        options=("sts", "granted", "api_server", "webhook"),
        outcome=_another_account,
        happened=("granted", "sts"),
        explained=True,
    ),
    Step.WEBHOOK: Question(
        options=("token", "credentials", "role", "pointers"),
        explained=True,
        outcome=_written,
        happened=("pointers", "token", "credentials"),
        partly=("role",),
    ),
    Step.TOKEN_MOUNT: Question(
        options=("taken", "signature", "audience", "subject"),
        outcome=_other_token,
        happened=("taken", "signature", "audience", "audience_policy", "subject"),
    ),
    Step.STS_ASSUME: Question(
        options=("keys", "cluster", "provider", "caller"),
        outcome=_asked_by_sts,
        happened=("caller", "cluster", "fetched", "kept"),
    ),
    Step.ACCESS: Question(
        options=("pod", "role", "service_account", "node"), outcome=_seen_by_aws, happened=("role", "node")
    ),
}
"""By step. Two questions in a row never have the right option in the same place."""
