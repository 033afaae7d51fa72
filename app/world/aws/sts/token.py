"""A web identity token before its signature is looked at: its form, its claims, its times."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import jwt

from app.flow.model import JsonObject
from app.flow.token import ALGORITHMS
from app.world.aws.errors import AwsError
from app.world.aws.sts import refusals

LEEWAY_SECONDS = 5 * 60
"""IAM user guide: a token is accepted up to five minutes after its `exp`."""
OLDEST_SECONDS = 24 * 3600 + LEEWAY_SECONDS
"""Above this age STS calls a token too old. The text is first-hand, this bound is an assumption."""
_JWS = jwt.PyJWS(algorithms=list(ALGORITHMS), options={"enforce_minimum_key_length": True})


@dataclass(frozen=True, kw_only=True)
class WebIdentityToken:
    """What a token says. Nothing of it is verified."""

    compact: str = field(repr=False)
    key_id: str | None
    issuer: str
    subject: str
    audience: str
    """`azp` where the token has one, else its only audience."""
    claims: JsonObject


def read_token(compact: str, now: float) -> WebIdentityToken:
    """Reads the token in STS's order: form, claims, audience, times. Raises `AwsError`."""
    # (1) It is a JWT
    try:
        parts = _JWS.decode_complete(compact, options={"verify_signature": False})
        claims = json.loads(parts["payload"], parse_constant=_no_constant)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise refusals.not_a_jwt() from error
    if not isinstance(claims, dict):
        raise refusals.not_a_jwt()

    # (2) It has the claims that STS requires, in the types that OpenID Connect gives them
    for name in ("iss", "sub", "aud", "iat", "exp"):
        if claims.get(name) in (None, []):
            raise refusals.invalid_token(f"Missing a required claim: {name}")
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    texts = [claims["iss"], claims["sub"], *audiences, claims.get("azp", "")]
    times = [claims["iat"], claims["exp"], claims.get("nbf", 0)]
    if not all(isinstance(text, str) for text in texts) or not all(_is_time(time) for time in times):
        raise refusals.not_a_jwt()

    # (3) It says for which audience it is
    if len(audiences) > 1 and "azp" not in claims:
        raise refusals.invalid_token(
            "Token audience contains more than one audience while authorized party is not present"
        )

    # (4) It is of now
    _check_times(claims, int(now))
    return WebIdentityToken(
        compact=compact,
        key_id=parts["header"].get("kid"),
        issuer=claims["iss"],
        subject=claims["sub"],
        audience=claims["azp"] if "azp" in claims else audiences[0],
        claims=claims,
    )


def is_signed_by(token: WebIdentityToken, key: jwt.PyJWK) -> bool:
    """Whether the signature is the key's, in the key's own algorithm."""
    try:
        _JWS.decode(token.compact, key, algorithms=list(ALGORITHMS))
    except jwt.PyJWTError:
        return False
    return True


def _check_times(claims: JsonObject, now: int) -> None:
    if now >= claims["exp"] + LEEWAY_SECONDS:
        message = f"Token expired: current date/time {now} must be before the expiration date/time {claims['exp']}"
        raise AwsError(400, "ExpiredTokenException", message)
    if now - claims["iat"] > OLDEST_SECONDS:
        raise AwsError(400, "ExpiredTokenException", f"Token too old: {now - claims['iat']}")
    if max(claims["iat"], claims.get("nbf", 0)) > now + LEEWAY_SECONDS:
        raise refusals.wrong_signature()


def _is_time(value: object) -> bool:
    """Seconds as an integer: STS takes nothing else."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _no_constant(name: str) -> None:
    raise ValueError(name)
