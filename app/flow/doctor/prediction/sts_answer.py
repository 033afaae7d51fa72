"""What STS answers in the copy: its recorded answer, as long as nothing that it looks at has changed; else by rule.

STS decides by the token, the issuer's keys, the provider and the role's trust policy (AssumeRoleWithWebIdentity). Only
STS knows whether an organization's policy denies the request or a region is switched off: what it refused for these
reasons it refuses again.
"""

from __future__ import annotations

from app.flow.doctor.prediction.container_files import key_id
from app.flow.doctor.prediction.copied import Copy, NotKnown, refused, role_document
from app.flow.doctor.prediction.stand_in_tokens import published
from app.flow.errors import FlowError, NotFound, Refused
from app.flow.json_access import get, get_str, strings
from app.flow.model import HOLDS, JsonObject, JsonValue, Status
from app.flow.names import account_of, audience_claim, provider_arn, role_name, role_of
from app.flow.ports import AssumedRole, Credentials
from app.flow.token import LEEWAY, MalformedToken, decode, verify
from app.flow.trust import evaluate, request_facts, web_identity_context

_BEYOND = ("STS is not activated", "control policy")
"""Parts of STS's error messages for what cannot be read from here."""
_OF_THE_TOKEN = ("sts.format", "sts.expiration", "sts.key", "sts.signature")


def assumed(copy: Copy, role_arn: str, session_name: str, token: str) -> AssumedRole:
    """AssumeRoleWithWebIdentity. Raises `FlowError`."""
    before = copy.check("sts.credentials")
    try:
        decoded = decode(token)
    except MalformedToken as error:
        raise _invalid("is not a valid JWT") from error
    claims = decoded.claims
    same = role_arn == copy.role_arn and not copy.changed & {"provider", "trust"} and _is_like(copy, claims)
    if before.status is Status.FAILED:
        healed = copy.renewed and any(copy.failed(check_id) for check_id in _OF_THE_TOKEN)
        if (same and not healed) or any(words in before.error for words in _BEYOND):
            raise refused(before)
    if not (same and before.status in HOLDS):
        _verify(copy, role_arn, token, claims)
        copy.assumed = True
    partition, account, name = role_of(role_arn) or ("", "", "")
    arn = f"arn:{partition}:sts::{account}:assumed-role/{name}/{session_name}"
    return AssumedRole(
        credentials=Credentials(access_key_id=arn, secret_access_key="-", session_token="-", expiration=""),
        subject=get_str(claims, "sub"),
        audience=next(iter(audience_claim(claims)), ""),
        provider=provider_arn(role_arn, get_str(claims, "iss")),
        arn=arn,
        assumed_role_id=f"-:{session_name}",
    )


def _is_like(copy: Copy, claims: JsonObject) -> bool:
    """Whether the token has the same issuer, subject and audience as the one that STS has seen."""
    seen = get(copy.documents.get("token"), "claims")
    return all(get(seen, name) == claims.get(name) for name in ("iss", "sub", "aud"))


def _verify(copy: Copy, role_arn: str, token: str, claims: JsonObject) -> None:
    """Raises STS's error where a condition is not met, and `NotKnown` where the document for it was not read."""
    issuer, wanted = get_str(claims, "iss"), provider_arn(role_arn, get_str(claims, "iss"))
    # (1) The provider of the issuer in the role's account, and its audiences.
    if copy.providers is None:
        raise NotKnown
    if wanted not in copy.providers:
        if account_of(wanted) not in map(account_of, copy.providers) and copy.providers:
            raise NotKnown
        raise _invalid("No OpenIDConnect provider found in your account")
    provider = copy.providers[wanted]
    if provider is None:
        raise NotKnown
    if not set(audience_claim(claims)) <= set(strings(get(provider, "ClientIDList"))):
        raise _invalid("Incorrect token audience")
    before = copy.check("sts.credentials")
    if "thumbprint" in before.error and not _is_vouched_for(copy, provider):
        raise refused(before)

    # (2) The token, by the published keys.
    verified = verify(token, published(copy.document("jwks", "issuer.jwks"), key_id(copy)), now=copy.now, leeway=LEEWAY)
    if not verified.result("expiration").passed:
        raise Refused(code="ExpiredTokenException", server_message="")
    if not verified.result("signature").passed:
        raise _invalid("Couldn't retrieve verification key from your identity provider")

    # (3) The role, and its trust policy.
    try:
        role = role_document(copy, role_name(role_arn))
    except NotFound as error:
        raise _not_authorized() from error
    if get_str(role, "Arn") != role_arn:
        raise _not_authorized()
    context = web_identity_context(issuer, claims, wanted, request_facts(copy.now))
    if not evaluate(get(role, "AssumeRolePolicyDocument"), context).allowed:
        raise _not_authorized()


def _is_vouched_for(copy: Copy, provider: JsonValue) -> bool:
    served = get_str(copy.documents.get("thumbprint"), "served").lower()
    return served in (known.lower() for known in strings(get(provider, "ThumbprintList")))


def _invalid(words: str) -> FlowError:
    return Refused(code="InvalidIdentityToken", server_message=words)


def _not_authorized() -> FlowError:
    words = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
    return Refused(code="AccessDenied", server_message=words)
