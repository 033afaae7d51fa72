"""Step 4: kubelet has put a token into the container, and that token is what it should be.

The file is read where the application reads it, in the container. Where we cannot see it there, since no Pod was
chosen, or we may not look or were not asked to, a TokenRequest brings one that says the same of everything but the
Pod; never where the Pod is seen to have none. Rules: RFC 7515 and 7519; Kubernetes'
bound tokens (pkg/serviceaccount/claims.go) and their rotation by kubelet (pkg/kubelet/token).
"""

from __future__ import annotations

import posixpath
from dataclasses import replace

from app.flow.errors import FlowError, NotFound
from app.flow.model import Exchange, JsonValue, Status, Step, StepReport, Subject
from app.flow.ports import Ports
from app.flow.redaction import MASK
from app.flow.steps import kubelet_says
from app.flow.steps.documents import dig, items, seconds, strings, text
from app.flow.steps.findings import NO_PERMISSION, NO_POD, Findings, unseen
from app.flow.steps.injection import token_container
from app.flow.steps.listing import parse_listing
from app.flow.steps.names import API_TOKEN, annotated_audience, subject_claim
from app.flow.token import DecodedToken, MalformedToken, Verification, decode, verify
from app.flow.token_anatomy import anatomy
from app.flow.trail import Trail
from app.flow.webhook import TOKEN_FILE, VOLUME, WebhookSettings

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
USUAL_PATH = posixpath.join(WebhookSettings().mount_path, TOKEN_FILE)
"""Where the webhook mounts it unless it is set up otherwise."""
TOKEN_LIMIT = 20_000
"""Characters: the longest `WebIdentityToken` that STS takes."""
STAND_IN = "stand_in"
"""The reason of what only the mounted token shows, where another one stands in for it."""
STAND_IN_SECONDS = 600
"""How long that one lives: the shortest that a TokenRequest may ask for."""
_STALE = 0.9
"""The part of a token's life after which something keeps kubelet from rotating it: it does so at 0.8."""


def inspect(ports: Ports, subject: Subject, trail: Trail) -> tuple[StepReport, Trail]:
    """Reads the token in the Pod, takes it apart and verifies it with the published keys. Never raises."""
    findings = Findings(Step.TOKEN_MOUNT, ports, CHECKS)

    # (1) The file, and its neighbours.
    mounted = token_container(trail.pod)
    token, where, instead = None, "", ""
    if mounted is not None and kubelet_says.never_started(trail.pod) and _not_mounted(findings, ports, subject):
        pass
    elif mounted is not None:
        container, where = mounted
        token = _read(findings, ports, subject, container, where)
        if token is not None:
            _show_other_token(findings, ports, subject, container)
    elif trail.pod_unseen:
        token = _at_its_usual_place(findings, ports, subject, trail.pod_unseen)
        where = USUAL_PATH
    else:
        findings.unreached_by_earlier_step()

    # (2) Or the one that stands in for it.
    if findings.is_unknown("token.file"):
        token, where = _request(findings, ports, subject, trail)
        instead = STAND_IN if subject.pod else NO_POD
    if token is None:
        return findings.report(), trail
    trail = replace(trail, token=token)

    # (3) It is a JWT.
    try:
        decoded = decode(token)
    except MalformedToken as error:
        findings.judge("token.format", False, got=error.got, expected=error.expected, where=where)
        return findings.report(also=_token_requests(ports, subject)), trail
    findings.judge(
        "token.format", True, got="header.payload.signature", expected="header.payload.signature", where=where
    )
    findings.show("token", token_document(token))

    # (4) What it says of itself; of the Pod and its kubelet the one that stands in can say nothing.
    verification = verify(token, trail.jwks, now=ports.clock.now())
    findings.show("verification", verification.results)
    trail = replace(trail, verification=verification)
    _claims(findings, subject, trail, decoded, verification)
    if instead:
        findings.unknown("token.bound_pod", instead, where="kubernetes.io.pod")
        findings.unknown("token.lifetime", instead, where="exp")
    else:
        if trail.pod_unseen:
            findings.unknown("token.bound_pod", trail.pod_unseen, where="kubernetes.io.pod")
        else:
            _bound_pod(findings, trail, decoded)
        _lifetime(findings, ports, decoded)

    # (5) Whether that is true: its signature, by the published key that it names.
    if trail.jwks is None:
        findings.unreached_by_earlier_step("token.key", "token.signature")
    else:
        _signature(findings, trail, decoded, verification)
    return findings.report(also=_token_requests(ports, subject)), trail


def token_document(token: str) -> JsonValue:
    """A token as evidence, its signature masked. Raises `MalformedToken`."""
    decoded = decode(token)
    parts = anatomy(token)
    compact = ".".join((*(part.base64url for part in parts[:2]), MASK))
    return {
        "compact": compact,
        "header": decoded.header,
        "claims": decoded.claims,
        "parts": parts,
    }


def _read(findings: Findings, ports: Ports, subject: Subject, container: str, path: str) -> str | None:
    """The file's content, untouched: an SDK sends it as it is. Beside it, what kubelet wrote to hold it."""
    where = f"{subject.namespace}/{subject.pod} {container} {path}"
    try:
        listing = ports.cluster.execute(subject.namespace, subject.pod, container, ["ls", "-la", _directory(path)])
        findings.show("files", parse_listing(listing.stdout))
        written = ports.cluster.execute(
            subject.namespace, subject.pod, container, ["ls", "-laL", posixpath.join(_directory(path), "..data")]
        )
        findings.show("data_files", parse_listing(written.stdout))
        content = ports.cluster.execute(subject.namespace, subject.pod, container, ["cat", path])
    except FlowError as error:
        if unseen(error) or isinstance(error, NotFound):
            findings.refused("token.file", error, expected=path, where=where)
        else:  # The container has ended, or has no `cat`: its file may be in perfect order.
            findings.unknown("token.file", "not_observable", expected=path, where=where, error=error.said)
        return None
    if content.exit_code in (126, 127):
        findings.unknown("token.file", "not_observable", expected=path, where=where, error=content.stderr.strip())
        return None
    readable = content.exit_code == 0 and 0 < len(content.stdout) <= TOKEN_LIMIT
    got = path if readable else f"{len(content.stdout)}" if content.exit_code == 0 else f"exit {content.exit_code}"
    findings.judge("token.file", readable, got=got, expected=path, where=where, error=content.stderr.strip())
    return content.stdout if readable else None


def _at_its_usual_place(findings: Findings, ports: Ports, subject: Subject, reason: str) -> str | None:
    """The token of a Pod that may not be read, but in which we may look; that it is not there would prove nothing."""
    findings.unknown("token.file", reason, where=f"Pod {subject.namespace}/{subject.pod or '*'}")
    if reason != NO_PERMISSION:
        return None
    try:
        content = ports.cluster.execute(subject.namespace, subject.pod, "", ["cat", USUAL_PATH])
    except FlowError:
        return None
    if content.exit_code != 0 or not 0 < len(content.stdout) <= TOKEN_LIMIT:
        return None
    where = f"{subject.namespace}/{subject.pod} {USUAL_PATH}"
    findings.judge("token.file", True, got=USUAL_PATH, expected=USUAL_PATH, where=where)
    return content.stdout


def _not_mounted(findings: Findings, ports: Ports, subject: Subject) -> bool:
    """Whether kubelet says why it could not mount the token; what it says is the check's error."""
    try:
        said = kubelet_says.mount_failure(ports.cluster.pod_events(subject.namespace, subject.pod))
    except FlowError:
        return False
    if said:
        where = f"Pod {subject.namespace}/{subject.pod} Events"
        findings.judge("token.file", False, got=kubelet_says.FAILED_MOUNT, expected=VOLUME, where=where, error=said)
    return bool(said)


def _request(findings: Findings, ports: Ports, subject: Subject, trail: Trail) -> tuple[str | None, str]:
    """A token for the audience that the webhook asks for, as short-lived as can be; and where it is from."""
    audience = annotated_audience(trail.service_account)
    where = f"TokenRequest {subject.namespace}/{subject.service_account}"
    try:
        token = ports.cluster.request_token(subject.namespace, subject.service_account, audience, STAND_IN_SECONDS)
    except FlowError as error:
        reason = unseen(error) or "not_observable"
        findings.unknown("token.format", reason, where=where, error=error.said, expected="header.payload.signature")
        return None, where
    findings.show("token_request", {"audiences": [audience], "expirationSeconds": STAND_IN_SECONDS})
    return token, where


def _directory(path: str) -> str:
    """A Windows path is taken as it is: there is no `ls` that would know better."""
    return posixpath.dirname(path) or path


def _show_other_token(findings: Findings, ports: Ports, subject: Subject, container: str) -> None:
    """The token for the API server, which lies beside ours and is so often mistaken for it."""
    try:
        content = ports.cluster.execute(subject.namespace, subject.pod, container, ["cat", API_TOKEN])
        findings.show("other_token", token_document(content.stdout) if content.exit_code == 0 else None)
    except (FlowError, MalformedToken):
        findings.show("other_token", None)


def _claims(
    findings: Findings, subject: Subject, trail: Trail, decoded: DecodedToken, verification: Verification
) -> None:
    header, claims = decoded.header, decoded.claims
    algorithm = verification.result("algorithm")
    findings.judge(
        "token.algorithm", algorithm.passed is True, got=algorithm.got, expected=algorithm.expected, where="alg"
    )
    if trail.issuer:
        issuer = dig(claims, "iss")
        findings.judge("token.issuer", issuer == trail.issuer, got=issuer or "", expected=trail.issuer, where="iss")
    else:
        findings.unreached_by_earlier_step("token.issuer")
    audience = annotated_audience(trail.service_account)
    named = strings(dig(claims, "aud"))
    findings.judge("token.audience", audience in named, got=named, expected=audience, where="aud")
    wanted = subject_claim(subject)
    findings.judge(
        "token.subject", text(claims, "sub") == wanted, got=text(claims, "sub"), expected=wanted, where="sub"
    )
    findings.show("jwk", next((key for key in items(trail.jwks, "keys") if dig(key, "kid") == header.get("kid")), None))


def _bound_pod(findings: Findings, trail: Trail, decoded: DecodedToken) -> None:
    """STS knows nothing of the Pod, so a difference is no more than a warning."""
    claims = decoded.claims
    bound = [text(claims, "kubernetes.io", "pod", key) for key in ("name", "uid")]
    actual = [text(trail.pod, "metadata", key) for key in ("name", "uid")]
    findings.judge(
        "token.bound_pod", bound == actual, got=bound, expected=actual, where="kubernetes.io.pod",
        otherwise=Status.WARNING,
    )  # fmt: skip


def _lifetime(findings: Findings, ports: Ports, decoded: DecodedToken) -> None:
    begins, expires = seconds(decoded.claims, "iat"), seconds(decoded.claims, "exp")
    start = seconds(decoded.claims, "nbf")
    now = ports.clock.now()
    if begins is None or expires is None:
        got: JsonValue = {name: dig(decoded.claims, name) for name in ("iat", "exp")}
        findings.judge("token.lifetime", False, got=got, expected="iat, exp", where="exp")
        return
    alive = (begins if start is None else start) <= now < expires
    rotated = now <= begins + _STALE * (expires - begins)
    findings.judge(
        "token.lifetime",
        alive and rotated,
        got=f"iat {begins:.0f}, exp {expires:.0f}",
        expected=f"iat <= {now:.0f} < exp",
        where="exp",
        otherwise=Status.WARNING if alive else Status.FAILED,
    )


def _signature(findings: Findings, trail: Trail, decoded: DecodedToken, verification: Verification) -> None:
    published = [text(key, "kid") for key in items(trail.jwks, "keys")]
    key, signature = verification.result("key"), verification.result("signature")
    if findings.judge("token.key", key.passed is True, got=key.got, expected=published, where="kid"):
        algorithm = text(decoded.header, "alg")
        findings.judge(
            "token.signature", signature.passed is True, got=algorithm, expected=f"{algorithm} {key.got}", where="kid"
        )


def _token_requests(ports: Ports, subject: Subject) -> list[Exchange]:
    """How the token came about: the last TokenRequest that kubelet made for this Pod, where we may listen."""
    made = [
        exchange
        for exchange in ports.server_log.exchanges()
        if exchange.caller == "kubelet"
        and exchange.url.endswith(f"/serviceaccounts/{subject.service_account}/token")
        and f'"{subject.pod}"' in exchange.request_body
    ]
    return made[-1:]
