"""How STS would respond to a token, by a provider, audiences and a trust policy that a reader enters. No server is
asked.

The points are in the order of this world's STS (`world/aws/sts/web_identity.py`), which AWS does not publish. What only
AWS can see (the published keys, the certificate, the role itself) stays `UNKNOWN`.

Sources: AssumeRoleWithWebIdentity (API reference), IAM user guide (OIDC federation), public reports of refused calls.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.flow.json_access import get, get_str, shown, strings
from app.flow.matching.comparison import Comparison, compare
from app.flow.matching.nearest import statements
from app.flow.model import JsonValue, Status
from app.flow.names import account_of, audience_claim, host_and_path, provider_in, provider_url
from app.flow.partitions import partition_of
from app.flow.steps.sts_assume import REQUIRED_CLAIMS
from app.flow.token import ALGORITHMS, LEEWAY
from app.flow.tokens.signature import SignatureCheck

OLDEST = 24 * 3600 + LEEWAY
"""Seconds after `iat` from which on this world's STS calls a token too old; AWS documents no such bound."""

BUILT_IN = ("accounts.google.com", "cognito-identity.amazonaws.com")
"""The issuers of JWTs that AWS knows without an IAM OIDC provider.

A trust policy has their names as `Federated`, and their condition keys follow rules of their own (IAM user guide, "IAM
and AWS STS condition context keys").
"""

_NOT_A_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
_NOT_VALIDATED = (
    "The web identity token provided could not be validated. "
    "See the AssumeRoleWithWebIdentity documentation for requirements."
)
_MANY_AUDIENCES = "Token audience contains more than one audience while authorized party is not present"
_NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  "
    "please reference AssumeRoleWithWebIdentity documentation for requirements"
)
_NOT_AUTHORIZED = "Not authorized to perform sts:AssumeRoleWithWebIdentity"
_INVALID, _EXPIRED, _DENIED = "InvalidIdentityToken", "ExpiredTokenException", "AccessDenied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """What AWS has on record, as the reader has entered it."""

    provider: str = ""
    """The provider's URL, with `https://` or as IAM shows it, or its ARN; empty where nothing was entered."""
    has_none: bool = False
    """Whether the account has no provider for the token's `iss`; then `provider` and `audiences` are empty."""
    audiences: tuple[str, ...] = ()
    """Its `ClientIDList`."""
    policy: JsonValue = None
    """The role's trust policy; None where it could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing that STS looks at."""

    id: str
    """The key of its text: `form`, `claims`, `types`, `audience_count`, `expiration`, `age`, `begun`, `provider`,
    `audience`, `key`, `signature`, `thumbprint` or `trust`."""
    status: Status
    got: str = ""
    """What there is; of `trust` the reason of the policy's decision."""
    expected: str = ""
    note: str = ""
    """The key of a text on what is not known, or on what this rests on."""
    code: str = ""
    """STS's error code, where it would refuse for this."""
    messages: tuple[str, ...] = ()
    """STS's error messages for it; where there are two, the newer one first, which some accounts have seen since July
    2026."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """All points, and what follows from them."""

    points: tuple[Point, ...]
    outcome: str
    """`refused`, `depends` (on the request), `incomplete` (something was not entered), `built_in` (the issuer is one of
    `BUILT_IN`), `open` (all that is known fits, the signature is not) or `accepted`."""
    comparison: Comparison | None = None
    """Token, provider and policy side by side, where all of them are there."""

    @property
    def refusal(self) -> Point | None:
        """The first point for which STS would refuse."""
        return next((point for point in self.points if point.status is Status.FAILED), None)


def forecast(
    header: Mapping[str, Any],
    claims: Mapping[str, Any],
    entered: Entered,
    signature: SignatureCheck | None,
    *,
    now: float,
) -> Forecast:
    """What STS would say at `now` (Unix seconds). Never raises. `signature`: what a pasted JWKS showed, if one did."""
    points: list[Point] = []
    for group in (_form(header), _claims(claims), _times(claims, now)):
        points += group
    comparison = None
    is_readable = not {point.id for point in points if point.status is Status.FAILED} & {"claims", "types"}
    if is_readable and host_and_path(get_str(claims, "iss")) in BUILT_IN:
        points += (Point(id=it, status=Status.UNKNOWN, note="built_in") for it in ("provider", "audience"))
        points += (*_proof(header, signature), Point(id="trust", status=Status.UNKNOWN, note="built_in"))
    elif is_readable:
        if entered.policy is not None:  # also for an expired token: most readers have one of those
            comparison = compare(claims, _provider(entered), _provider_arn(claims, entered), entered.policy)
        points += _records(claims, entered)
        points += _proof(header, signature)
        points.append(_trust(comparison))
    outcome = _outcome(points, comparison)
    return Forecast(points=tuple(points), outcome=outcome, comparison=None if entered.has_none else comparison)


def _form(header: Mapping[str, Any]) -> Iterator[Point]:
    algorithm = header.get("alg")
    known = isinstance(algorithm, str) and algorithm in ALGORITHMS
    expected = ", ".join(ALGORITHMS)
    yield _judged("form", known, shown(algorithm), expected, _INVALID, (_NOT_A_JWT,))


def _claims(claims: Mapping[str, Any]) -> Iterator[Point]:
    missing = next((name for name in REQUIRED_CLAIMS if claims.get(name) in (None, [])), None)
    there = ", ".join(name for name in REQUIRED_CLAIMS if name != missing and claims.get(name) not in (None, []))
    message = f"Missing a required claim: {missing}"
    yield _judged("claims", missing is None, there, ", ".join(REQUIRED_CLAIMS), _INVALID, (message,))
    if missing:
        return
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    texts = {"iss": claims["iss"], "sub": claims["sub"], "azp": claims.get("azp", "")}
    texts |= {f"aud[{place}]": text for place, text in enumerate(audiences)}
    odd = [f"{name} {shown(text)}" for name, text in texts.items() if not isinstance(text, str)]
    times = {name: claims.get(name, 0) for name in ("iat", "exp", "nbf")}
    odd += [f"{name} {shown(time)}" for name, time in times.items() if type(time) is not int or abs(time) >= 2**63]
    if odd:
        yield _judged("types", False, ", ".join(odd), "", _INVALID, (_NOT_A_JWT,))
        return
    one = len(audiences) == 1 or "azp" in claims
    yield _judged("audience_count", one, ", ".join(audiences), "1", _INVALID, (_MANY_AUDIENCES,))


def _times(claims: Mapping[str, Any], now: float) -> Iterator[Point]:
    issued, expires = claims.get("iat"), claims.get("exp")
    if type(issued) is not int or type(expires) is not int:
        return
    moment = int(now)
    message = f"Token expired: current date/time {moment} must be before the expiration date/time {expires}"
    yield _judged("expiration", moment < expires + LEEWAY, str(expires), f"> {moment - LEEWAY}", _EXPIRED, (message,))
    age = moment - issued
    fresh = age <= OLDEST
    old = f"Token too old: {age}"
    yield _judged("age", fresh, str(age), f"≤ {OLDEST}", _EXPIRED, (old,), note="" if fresh else "age")
    begins = claims.get("nbf", 0)
    start = max(issued, begins) if type(begins) is int else issued
    begun = start <= moment + LEEWAY
    note = "begun" if not begun else "early" if start > moment else ""
    yield _judged("begun", begun, str(start), f"≤ {moment + LEEWAY}", _INVALID, (_NOT_VALIDATED,), note=note)


def _records(claims: Mapping[str, Any], entered: Entered) -> Iterator[Point]:
    issuer, audience = get_str(claims, "iss"), ", ".join(audience_claim(claims))
    url = entered_url(entered.provider)
    classic = f"No OpenIDConnect provider found in your account for {issuer}"
    if entered.has_none:
        messages = (_NOT_VALIDATED, classic)
        yield _judged("provider", False, "[]", issuer, _INVALID, messages, note="entered")
        return
    if not url:
        yield Point(id="provider", status=Status.UNKNOWN, got=issuer, note="not_entered")
    else:
        met = issuer.startswith("https://") and host_and_path(issuer) == url
        yield _judged("provider", met, issuer, f"https://{url}", _INVALID, (_NOT_VALIDATED, classic), note="entered")
    if not entered.audiences:
        yield Point(id="audience", status=Status.UNKNOWN, got=audience, note="not_entered")
    else:
        met = audience in entered.audiences
        messages = (_NOT_VALIDATED, "Incorrect token audience")
        expected = ", ".join(entered.audiences)
        yield _judged("audience", met, audience, expected, _INVALID, messages, note="entered")


def _proof(header: Mapping[str, Any], signature: SignatureCheck | None) -> Iterator[Point]:
    kid = get_str(header, "kid")
    yield Point(id="thumbprint", status=Status.UNKNOWN, note="of_issuer")
    if signature is None or signature.code not in ("verified", "wrong", "no_key"):
        yield Point(id="key", status=Status.UNKNOWN, got=kid, note="of_issuer")
        yield Point(id="signature", status=Status.UNKNOWN, note="not_verified")
        return
    there = signature.code != "no_key"
    if kid:
        yield _judged("key", there, kid, signature.expected, _INVALID, (_NO_KEY,), note="pasted")
    else:
        yield Point(id="key", status=Status.UNKNOWN, note="no_kid")
    if there:
        yield _judged("signature", signature.code == "verified", "", "", _INVALID, (_NOT_VALIDATED,), note="pasted")


def _trust(found: Comparison | None) -> Point:
    if found is None:
        return Point(id="trust", status=Status.UNKNOWN, note="not_entered")
    if found.rests_on_request:
        return Point(id="trust", status=Status.UNKNOWN, note="of_request")
    return _judged(
        "trust", found.decision.allowed, found.decision.reason, "", _DENIED, (_NOT_AUTHORIZED,), note="entered"
    )


def _outcome(points: Sequence[Point], found: Comparison | None) -> str:
    statuses = {point.id: point.status for point in points}
    if Status.FAILED in statuses.values():  # no other point has a status if the claims fail
        return "refused"
    if found is not None and found.rests_on_request:
        return "depends"
    if any(point.note == "built_in" for point in points):
        return "built_in"
    if Status.UNKNOWN in (statuses["provider"], statuses["audience"], statuses["trust"]):
        return "incomplete"
    return "accepted" if statuses["signature"] is Status.PASSED else "open"


def entered_url(entered: str) -> str:
    """The URL in what was entered, without its scheme; of an ARN what follows `oidc-provider/`."""
    text = entered.strip()
    return provider_url(text) if text.startswith("arn:") else host_and_path(text)


def _provider_arn(claims: Mapping[str, Any], entered: Entered) -> str:
    """The ARN of this `iss`'s provider, in the account of the entered ARN, else as the policy has it, else in none."""
    issuer, text = get_str(claims, "iss"), entered.provider.strip()
    if text.startswith("arn:"):
        return provider_in(account_of(text), issuer, partition=text.split(":")[1])
    for statement in statements(entered.policy):
        for arn in strings(get(statement, "Principal", "Federated")):
            if issuer and provider_url(arn) == host_and_path(issuer):
                return arn
    return provider_in("ACCOUNT_ID", issuer, partition=partition_of(issuer))


def _provider(entered: Entered) -> JsonValue:
    """The provider as GetOpenIDConnectProvider shows it; None where it was not entered as a whole."""
    url = entered_url(entered.provider)
    return {"Url": url, "ClientIDList": list(entered.audiences)} if url and entered.audiences else None


def _judged(
    point_id: str, met: bool, got: str, expected: str, code: str, messages: tuple[str, ...], *, note: str = ""
) -> Point:
    if met:
        return Point(id=point_id, status=Status.PASSED, got=got, expected=expected, note=note)
    return Point(id=point_id, status=Status.FAILED, got=got, expected=expected, note=note, code=code, messages=messages)
