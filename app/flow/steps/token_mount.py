"""Step 4: the kubelet has written a token into the container, and this token is the expected one.

Rules: RFC 7515 and 7519; Kubernetes' bound tokens (pkg/serviceaccount/claims.go) and their rotation by the kubelet
(pkg/kubelet/token).
"""

from __future__ import annotations

from dataclasses import replace

from app.flow.annotations import AUDIENCE
from app.flow.json_access import get, get_list, get_str, seconds, strings
from app.flow.matching.request_conditions import may_allow
from app.flow.model import Exchange, JsonValue, Status, Step, StepReport, Subject
from app.flow.names import DEFAULT_AUDIENCE, provider_arn, subject_claim
from app.flow.ports import Ports
from app.flow.steps.findings import ISSUER_ASSUMED, Findings
from app.flow.steps.injection import token_source
from app.flow.steps.step_context import StepContext
from app.flow.steps.token_fetch import fetch, token_document
from app.flow.token import DecodedToken, MalformedToken, Verification, decode, verify
from app.flow.trust import evaluate, web_identity_context
from app.flow.webhook import VOLUME

CHECKS = (
    "token.file",
    "token.format",
    "token.algorithm",
    "token.issuer",
    "token.audience",
    "token.subject",
    "token.bound_pod",
    "token.lifetime",
    "token.key",
    "token.signature",
)
OWN_AUDIENCE = "own_audience"
"""The reason of an audience that is annotated on the ServiceAccount, and that the provider does not accept."""
CLOCKS_APART = 300
"""Seconds by which our clock may be behind that of the API server, which writes when a token begins. STS goes by its
own clock, so a token is not wrong because it begins a moment later by ours."""
CLOCKS = "clocks_apart"
"""The reason of a token that begins even later: our clock is behind, or that of the API server is ahead."""
SUB_PATH = "sub_path"
"""The reason of a token that the manifest mounts by a `subPath`: the container keeps its first one."""
_STALE = 0.9
"""The share of a token's lifetime after which something keeps the kubelet from rotating it: the kubelet does so at
0.8."""


def inspect(ports: Ports, subject: Subject, step_context: StepContext) -> tuple[StepReport, StepContext]:
    """Reads the token in the Pod, takes it apart and verifies it with the published keys. Never raises."""
    findings = Findings(Step.TOKEN_MOUNT, ports, CHECKS)

    # (1) The file, and the other files of its directory; or a token that stands in for it.
    fetched = fetch(findings, ports, subject, step_context)
    token, where = fetched.token, fetched.where
    made = _token_requests(ports, subject, step_context.pod)
    if token is None or fetched.instead:
        _asked_for(findings, subject, step_context)
    if token is None:
        return findings.report(also=made), step_context
    step_context = replace(step_context, token=token)

    # (2) It is a JWT.
    try:
        decoded = decode(token)
    except MalformedToken as error:
        findings.judge("token.format", False, got=error.got, expected=error.expected, where=where)
        return findings.report(also=made), step_context
    findings.judge(
        "token.format", True, got="header.payload.signature", expected="header.payload.signature", where=where
    )
    findings.show("token", token_document(token))

    # (3) Its claims. A token that stands in shows nothing of the Pod and its kubelet.
    verification = verify(token, step_context.jwks, now=ports.clock.now())
    findings.show("verification", verification.results)
    step_context = replace(step_context, verification=verification)
    _claims(findings, subject, step_context, decoded, verification)
    if fetched.instead:
        findings.unknown("token.bound_pod", fetched.instead, where="kubernetes.io.pod")
        if not findings.decided("token.lifetime"):
            findings.unknown("token.lifetime", fetched.instead, where="exp")
    else:
        if step_context.pod_unseen:
            findings.unknown("token.bound_pod", step_context.pod_unseen, where="kubernetes.io.pod")
        else:
            _bound_pod(findings, step_context, decoded)
        _lifetime(findings, ports, step_context, decoded)

    # (4) Its signature, by the published key that the header names.
    if step_context.jwks is None:
        findings.unreached_by_earlier_step("token.key", "token.signature")
    else:
        _signature(findings, step_context, decoded, verification)
    return findings.report(also=made), step_context


def _claims(
    findings: Findings, subject: Subject, step_context: StepContext, decoded: DecodedToken, verification: Verification
) -> None:
    header, claims = decoded.header, decoded.claims
    algorithm = verification.result("algorithm")
    findings.judge(
        "token.algorithm", algorithm.passed is True, got=algorithm.got, expected=algorithm.expected, where="alg"
    )
    if step_context.issuer:
        issuer, ours = get(claims, "iss"), step_context.issuer
        if step_context.issuer_assumed and issuer != ours:
            findings.unknown("token.issuer", ISSUER_ASSUMED, where="iss", expected=ours)
        else:
            findings.judge("token.issuer", issuer == ours, got=issuer or "", expected=ours, where="iss")
    else:
        findings.unreached_by_earlier_step("token.issuer")
    if not findings.decided("token.audience"):
        _audience(findings, subject, step_context, strings(get(claims, "aud")), "aud")
    wanted = subject_claim(subject)
    findings.judge(
        "token.subject", get_str(claims, "sub") == wanted, got=get_str(claims, "sub"), expected=wanted, where="sub"
    )
    findings.show(
        "jwk", next((key for key in get_list(step_context.jwks, "keys") if get(key, "kid") == header.get("kid")), None)
    )


def _asked_for(findings: Findings, subject: Subject, step_context: StepContext) -> None:
    """The audience that the Pod's own volume asks for shows in its manifest; it decides only where it is another one
    than the annotated one, or one that the provider does not accept, since only the token shows that it came. A
    `subPath` shows there as well."""
    own, source = step_context.own_token, token_source(step_context.pod)
    asked = own.audience if own else get_str(source, "audience")
    where = f"Pod {subject.namespace}/{subject.pod} .spec.volumes {own.volume if own else VOLUME}"
    if own and own.sub_path:
        mount = f"Pod {subject.namespace}/{subject.pod} .spec.containers[{own.container}].volumeMounts {own.volume}"
        got = f"subPath {own.sub_path}"
        findings.judge("token.lifetime", False, got=got, expected="-", where=mount, otherwise=Status.WARNING)
        findings.explain("token.lifetime", Status.WARNING, SUB_PATH)
    accepted = strings(get(step_context.provider, "ClientIDList"))
    if own and not _is_taken(subject, step_context, [asked]):
        findings.judge("token.audience", False, got=asked, expected=accepted, where=where)
    elif (own or source is not None) and asked != step_context.audience:
        _audience(findings, subject, step_context, [asked], where)
    elif DEFAULT_AUDIENCE in accepted and step_context.audience not in accepted:  # else `provider.audience` says so
        where = f"ServiceAccount {subject.namespace}/{subject.service_account} .metadata.annotations {AUDIENCE}"
        findings.judge("token.audience", False, got=[step_context.audience], expected=accepted, where=where)
        findings.explain("token.audience", Status.FAILED, OWN_AUDIENCE)


def _audience(findings: Findings, subject: Subject, step_context: StepContext, named: list[str], where: str) -> None:
    """Another audience than the annotated one is only a warning where provider and trust policy accept it. Where the
    annotation is empty, the API server chooses the audience."""
    audience = step_context.audience
    if audience not in named and step_context.service_account_unseen:
        findings.unknown("token.audience", step_context.service_account_unseen, where=where, expected=audience)
        return
    findings.judge(
        "token.audience",
        audience in named or not audience,
        got=named,
        expected=[audience],
        where=where,
        otherwise=Status.WARNING if _is_taken(subject, step_context, named) else Status.FAILED,
    )


def _is_taken(subject: Subject, step_context: StepContext, named: list[str]) -> bool:
    """Whether both provider and trust policy, as far as they were read, accept a token for this audience."""
    accepted = strings(get(step_context.provider, "ClientIDList"))
    if step_context.provider is not None and not set(named) <= {*accepted}:
        return False
    claims = {"sub": subject_claim(subject), "aud": named}
    provider = provider_arn(step_context.role_arn, step_context.issuer)
    decision = evaluate(step_context.trust_policy, web_identity_context(step_context.issuer, claims, provider))
    return step_context.trust_policy is None or may_allow(decision)


def _bound_pod(findings: Findings, step_context: StepContext, decoded: DecodedToken) -> None:
    """STS does not check the Pod, so a difference is only a warning."""
    claims = decoded.claims
    bound = [get_str(claims, "kubernetes.io", "pod", key) for key in ("name", "uid")]
    actual = [get_str(step_context.pod, "metadata", key) for key in ("name", "uid")]
    findings.judge(
        "token.bound_pod", bound == actual, got=bound, expected=actual, where="kubernetes.io.pod",
        otherwise=Status.WARNING,
    )  # fmt: skip


def _lifetime(findings: Findings, ports: Ports, step_context: StepContext, decoded: DecodedToken) -> None:
    begins, expires = seconds(decoded.claims, "iat"), seconds(decoded.claims, "exp")
    start = seconds(decoded.claims, "nbf")
    now = ports.clock.now()
    if begins is None or expires is None:
        got: JsonValue = {name: get(decoded.claims, name) for name in ("iat", "exp")}
        findings.judge("token.lifetime", False, got=got, expected="iat, exp", where="exp")
        return
    name, first = ("iat", begins) if start is None else ("nbf", start)
    if first > now + CLOCKS_APART:
        # Our clock may be the wrong one, as on a machine that was asleep. STS has the right time, whatever it answers.
        findings.unknown("token.lifetime", CLOCKS, where=name, expected=f"{name} {first:.0f} <= {now:.0f}")
        return
    alive = now < expires
    rotated = now <= begins + _STALE * (expires - begins)
    own, otherwise = step_context.own_token, Status.WARNING if alive else Status.FAILED
    findings.judge(
        "token.lifetime",
        alive and rotated,
        got=f"iat {begins:.0f}, exp {expires:.0f}",
        expected=f"iat <= {now:.0f} < exp",
        where="exp",
        otherwise=otherwise,
    )
    if own and own.sub_path:
        findings.explain("token.lifetime", otherwise, SUB_PATH)


def _signature(
    findings: Findings, step_context: StepContext, decoded: DecodedToken, verification: Verification
) -> None:
    published = [get_str(key, "kid") for key in get_list(step_context.jwks, "keys")]
    key, signature = verification.result("key"), verification.result("signature")
    if findings.judge("token.key", key.passed is True, got=key.got, expected=published, where="kid"):
        verifying = f"{get_str(decoded.header, 'alg')} {key.got}"
        findings.judge(
            "token.signature",
            signature.passed is True,
            got=f"{verifying}: {signature.got}",
            expected=f"{verifying}: {signature.expected}",
            where="kid",
        )


def _token_requests(ports: Ports, subject: Subject, pod: JsonValue) -> list[Exchange]:
    """How the token came about: the kubelet's last TokenRequest for this Pod and for the volume's audience, where we
    may listen.

    A Pod of the same name that is gone has another UID; the token for the API server has another audience.
    """
    source, uid = token_source(pod), get_str(pod, "metadata", "uid")
    if source is None:
        return []
    made = [
        exchange
        for exchange in ports.server_log.exchanges()
        if exchange.caller == "kubelet"
        and exchange.url.endswith(f"/serviceaccounts/{subject.service_account}/token")
        and all(f'"{part}"' in exchange.request_body for part in (uid, get_str(source, "audience")))
    ]
    return made[-1:]
