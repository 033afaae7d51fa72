"""Step 5: the token is posted to STS, unsigned, and STS makes temporary credentials of it.

Each thing that STS verifies is verified here as well, with what anybody can read: STS itself never says which
of them failed. Order: API parameters, JWT, times, provider in the role's account, audience, key, signature, trust
policy (AssumeRoleWithWebIdentity). STS' own answer is `sts.credentials`; where it gave credentials although a check
here failed, that check is no more than a warning. Where the trust policy asks for what only the caller has (its
address, its session's name), an answer to our request is none to that of the Pod.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.flow.errors import FlowError
from app.flow.json_access import get, get_str, seconds, strings
from app.flow.matching import request_conditions
from app.flow.model import NOT_OBSERVABLE, JsonValue, Step, StepReport, Subject
from app.flow.names import account_of, audience_claim, host_and_path, provider_arn, role_of
from app.flow.partitions import partition_of
from app.flow.ports import AssumedRole, Ports
from app.flow.redaction import MASK
from app.flow.steps import sts_agreement
from app.flow.steps.findings import Findings, unanswered
from app.flow.steps.step_context import StepContext
from app.flow.token import LEEWAY, DecodedToken, MalformedToken, decode
from app.flow.trust import TrustContext, TrustDecision, request_facts, web_identity_context

CHECKS = (
    "sts.format",
    "sts.expiration",
    "sts.provider",
    "sts.audience",
    "sts.key",
    "sts.signature",
    "sts.trust",
    "sts.credentials",
)
SESSION_NAME = "irsa-explorer"
OWN_REQUEST = "own_request"
"""The reason of STS's answer to us, where STS may answer the Pod otherwise."""
REQUIRED_CLAIMS = ("iss", "sub", "aud", "iat", "exp")
"""The claims without which STS refuses a token at once."""


def inspect(ports: Ports, subject: Subject, step_context: StepContext) -> tuple[StepReport, StepContext]:
    """Verifies the token as STS does, then asks STS. Never raises."""
    findings = Findings(Step.STS_ASSUME, ports, CHECKS)
    if not step_context.token or not step_context.role_arn:
        findings.unreached_by_earlier_step()
        return findings.report(), step_context
    decoded = _format(findings, step_context)
    ours = _verify(findings, ports, step_context, decoded) if decoded is not None else None

    # (7) STS's own answer.
    findings.show(
        "request",
        {
            "Action": "AssumeRoleWithWebIdentity",
            "Version": "2011-06-15",
            "RoleArn": step_context.role_arn,
            "RoleSessionName": SESSION_NAME,
            "WebIdentityToken": f"{step_context.token.rpartition('.')[0]}.{MASK}" if decoded else MASK,
        },
    )
    where = "sts:AssumeRoleWithWebIdentity"
    wanted = _session_arn(step_context)
    try:
        answer = ports.aws.assume_role_with_web_identity(step_context.role_arn, SESSION_NAME, step_context.token)
    except FlowError as error:
        _refused(findings, error, wanted, where)
        if error.code == "AccessDenied" and _is_ours_alone(ours):
            findings.unknown("sts.credentials", OWN_REQUEST, where=where, error=error.server_message, expected=wanted)
        elif error.code == "AccessDenied":
            sts_agreement.compare(findings, ports, step_context, ours, error.server_message)
        return findings.report(), step_context
    findings.show("answer", _answer_document(answer))
    complete = all(
        (answer.credentials.access_key_id, answer.credentials.secret_access_key, answer.credentials.session_token)
    )
    findings.judge("sts.credentials", complete, got=answer.arn, expected=wanted, where=where)
    if not complete:
        return findings.report(), step_context
    sts_agreement.compare(findings, ports, step_context, ours, None)
    if _is_ours_alone(ours):
        findings.unknown("sts.credentials", OWN_REQUEST, where=where, expected=wanted)
    for check_id in CHECKS:
        findings.soften(check_id, sts_agreement.GRANTED)
    return findings.report(), replace(step_context, credentials=answer.credentials, assumed_role_arn=answer.arn)


def _is_ours_alone(ours: tuple[TrustDecision, TrustContext] | None) -> bool:
    """Whether the trust policy decides by something in which our request differs from that of the Pod's program."""
    return ours is not None and any(map(request_conditions.is_of_caller, request_conditions.deciding(ours[0])))


def _format(findings: Findings, step_context: StepContext) -> DecodedToken | None:
    # (1) The parameters: the role's ARN, a JWT, and the claims without which STS does not begin.
    expected = f"arn:{partition_of(step_context.issuer, step_context.provider_arn)}:iam::ACCOUNT_ID:role/ROLE_NAME"
    if role_of(step_context.role_arn) is None:
        findings.judge("sts.format", False, got=step_context.role_arn, expected=expected, where="RoleArn")
        return None
    try:
        decoded = decode(step_context.token)
    except MalformedToken as error:
        findings.judge("sts.format", False, got=error.got, expected=error.expected, where="WebIdentityToken")
        return None
    claims = [name for name in REQUIRED_CLAIMS if decoded.claims.get(name) is not None]
    readable = findings.judge(
        "sts.format",
        len(claims) == len(REQUIRED_CLAIMS),
        got=claims,
        expected=list(REQUIRED_CLAIMS),
        where="WebIdentityToken",
    )
    return decoded if readable else None


def _verify(
    findings: Findings, ports: Ports, step_context: StepContext, decoded: DecodedToken
) -> tuple[TrustDecision, TrustContext] | None:
    """Decides the checks in their order, up to the trust policy. Returns that decision, and the request that it is
    about."""
    claims = decoded.claims
    issuer = get_str(claims, "iss")
    now = ports.clock.now()
    # (2) The times.
    expires = seconds(claims, "exp")
    if not findings.judge(
        "sts.expiration",
        expires is not None and now < expires + LEEWAY,
        got=get(claims, "exp"),
        expected=f"> {now - LEEWAY:.0f}",
        where="exp",
    ):
        return None

    # (3) The provider of this issuer, in the account of the role.
    wanted = provider_arn(step_context.role_arn, issuer)
    if step_context.provider_arns is None:
        findings.unreached_by_earlier_step("sts.provider")
        return None
    ours = {step_context.account, *map(account_of, step_context.provider_arns)} - {""}
    if ours and account_of(wanted) not in ours:
        findings.unknown("sts.provider", NOT_OBSERVABLE, expected=wanted, where="iam:ListOpenIDConnectProviders")
        return None
    known = list(step_context.provider_arns)
    if not findings.judge("sts.provider", wanted in known, got=known, expected=wanted, where=f"iss {issuer}"):
        return None
    if wanted != step_context.provider_arn:
        findings.unreached_by_earlier_step("sts.audience")
        return None

    # (4) The audience: `azp` where there is one, else the only `aud`.
    named = audience_claim(claims)
    accepted = strings(get(step_context.provider, "ClientIDList"))
    meant = len(named) == 1 and named[0] in accepted
    if not findings.judge("sts.audience", meant, got=named, expected=accepted, where=f"{wanted} ClientIDList"):
        return None

    # (5) The key and the signature, by the published key set.
    if step_context.jwks is None or step_context.verification is None:
        findings.unreached_by_earlier_step("sts.key", "sts.signature")
    else:
        algorithm_result = step_context.verification.result("algorithm")
        key, signature = step_context.verification.result("key"), step_context.verification.result("signature")
        if not algorithm_result.passed:  # Without an algorithm that we know there is no kind of key to look for.
            findings.judge("sts.key", False, got=algorithm_result.got, expected=algorithm_result.expected, where="alg")
            return None
        if not findings.judge("sts.key", key.passed is True, got=key.got, expected=key.expected, where="jwks_uri"):
            return None
        verifying = f"{get_str(decoded.header, 'alg')} {key.got}"
        if not findings.judge(
            "sts.signature",
            signature.passed is True,
            got=f"{verifying}: {signature.got}",
            expected=f"{verifying}: {signature.expected}",
            where="jwks_uri",
        ):
            return None

    # (6) The trust policy, with the claims of this token.
    if step_context.trust_policy is None:
        findings.unreached_by_earlier_step("sts.trust")
        return None
    context = web_identity_context(issuer, claims, wanted, request_facts(now))
    decision = sts_agreement.judge_policy(findings, step_context, step_context.trust_policy, context)
    findings.show("claims", _claim_rows(step_context, decoded, decision))
    return decision, context


def _claim_rows(step_context: StepContext, decoded: DecodedToken, decision: TrustDecision) -> list[JsonValue]:
    """The rows of which claim is compared with which field: the provider's, then the trust policy's."""
    issuer = get_str(decoded.claims, "iss")
    audience = audience_claim(decoded.claims)
    accepted = strings(get(step_context.provider, "ClientIDList"))
    rows: list[JsonValue] = [
        _row(
            "iss",
            [issuer],
            "Provider.Url",
            get_str(step_context.provider, "Url"),
            host_and_path(issuer) == _url(step_context),
        ),
        _row("aud", audience, "Provider.ClientIDList", accepted, set(audience) <= set(accepted)),
    ]
    for entry in decision.trace:
        if entry.element == "Principal":
            rows.append(_row("iss", [issuer], "Principal.Federated", entry.wanted, entry.matched))
        elif entry.element == "Condition":
            claim = entry.key.rpartition(":")[2]
            value = strings(decoded.claims.get(claim))
            rows.append(_row(claim, value, f"Condition.{entry.operator}.{entry.key}", entry.wanted, entry.matched))
    return rows


def _row(claim: str, value: Iterable[str], field: str, wanted: JsonValue, matched: bool) -> JsonValue:
    return {"claim": claim, "value": ", ".join(value), "field": field, "wanted": wanted, "matched": matched}


def _url(step_context: StepContext) -> str:
    return host_and_path(get_str(step_context.provider, "Url"))


def _session_arn(step_context: StepContext) -> str:
    """The ARN of the session that STS would give us, without the path of the role, as STS writes it."""
    unknown = (partition_of(step_context.issuer, step_context.provider_arn), "ACCOUNT_ID", "ROLE_NAME")
    partition, account, role = role_of(step_context.role_arn) or unknown
    return f"arn:{partition}:sts::{account}:assumed-role/{role}/{SESSION_NAME}"


def _answer_document(answer: AssumedRole) -> JsonValue:
    return {
        "Credentials": {
            "AccessKeyId": answer.credentials.access_key_id,
            "SecretAccessKey": MASK,
            "SessionToken": MASK,
            "Expiration": answer.credentials.expiration,
        },
        "SubjectFromWebIdentityToken": answer.subject,
        "AssumedRoleUser": {"AssumedRoleId": answer.assumed_role_id, "Arn": answer.arn},
        "Provider": answer.provider,
        "Audience": answer.audience,
    }


def _refused(findings: Findings, error: FlowError, expected: str, where: str) -> None:
    """STS's AccessDenied is an answer about the token, not about our permission to ask."""
    if reason := unanswered(error):
        findings.unknown("sts.credentials", reason, where=where, error=error.server_message, expected=expected)
        return
    findings.show(
        "answer", {"Error": {"Code": error.code, "Message": error.server_message}, "RequestId": error.request_id}
    )
    findings.judge("sts.credentials", False, got=error.code, expected=expected, where=where, error=error.server_message)
