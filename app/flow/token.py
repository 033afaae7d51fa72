"""JSON Web Tokens as Kubernetes issues them: taken apart, and verified against a key set.

Sources: RFC 7515 (JWS compact serialization), RFC 7517 (JWK), RFC 7519 (claims); for the key id
kubernetes/kubernetes pkg/serviceaccount/jwt.go; for the algorithms STS takes, the API reference of
AssumeRoleWithWebIdentity.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWK, PyJWTError

from app.flow import strict_json
from app.flow.model import JsonObject, JsonValue

_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
ALGORITHMS = ("RS256", "RS384", "RS512", *_CURVES)
"""What STS takes. `none` and the algorithms with a shared secret are not among them."""
PUBLIC_MEMBERS: Mapping[str, tuple[str, ...]] = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
"""What a public key of a kind (`kty`) consists of."""
LONGEST_MEMBER = 2732
"""Characters of a key's number: 16384 bits, the most that OpenSSL verifies with."""
LEEWAY = 300
"""Seconds after `exp` during which STS still accepts a token (IAM user guide)."""
RENEWED = 24 * 3600
"""Seconds after which the kubelet renews a token in any case."""
PARTS = ("header", "payload", "signature")
"""What a token consists of, in this order."""


class MalformedToken(ValueError):
    """Not a JWT. Holds nothing of the token itself."""

    def __init__(self, code: str, *, got: str, expected: str) -> None:
        super().__init__(f"{code}: got {got}, expected {expected}")
        self.code = code
        """`parts` (there are not three), `encoding` (not base64url), `json` or `object` (not a JSON object)."""
        self.got = got
        """The number of parts, or which of them is meant."""
        self.expected = expected


@dataclass(frozen=True, slots=True)
class DecodedToken:
    """What a token says of itself. Nothing of it has been verified."""

    header: JsonObject
    claims: JsonObject
    signature: bytes = field(repr=False)
    signing_input: bytes = field(repr=False)
    """What the signature is over: header and payload as they were sent."""


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """One thing that is verified."""

    number: int
    """Its place in the order, from 1."""
    name: str
    """`algorithm`, `key`, `signature`, `not_before`, `expiration` or `audience`."""
    passed: bool | None
    """`None` where an earlier result left nothing to verify with."""
    got: str
    expected: str


@dataclass(frozen=True, slots=True)
class Verification:
    """All that was verified, in order."""

    results: tuple[VerificationResult, ...]

    @property
    def valid(self) -> bool:
        """Whether every result passed."""
        return all(result.passed for result in self.results)

    def result(self, name: str) -> VerificationResult:
        """The result of that name. Raises `KeyError` where it was not asked for."""
        for result in self.results:
            if result.name == name:
                return result
        raise KeyError(name)


def renewal_time(expires: float, requested: int) -> float:
    """Unix seconds at which the kubelet renews a token, some seconds of jitter left out: when 80 % of the seconds that
    it requested, or a day, have passed. `expires`: the `expirationTimestamp` that it was given.

    Source: Kubernetes, `pkg/kubelet/token/token_manager.go`.
    """
    return min(expires - requested + RENEWED, expires - requested * 20 // 100)


def key_id(public_key: PublicKeyTypes) -> str:
    """The `kid` that kube-apiserver gives a key: base64url, unpadded, of the SHA-256 of its DER SubjectPublicKeyInfo.

    A key of EKS has another one, by a rule that AWS does not publish.
    """
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64url(hashlib.sha256(der).digest())


def decode(token: str) -> DecodedToken:
    """Take a compact token apart without verifying anything. Raises `MalformedToken`."""
    header, claims, signature = split(token)
    return DecodedToken(
        _object("header", json_text("header", header)),
        _object("payload", json_text("payload", claims)),
        _bytes("signature", signature),
        f"{header}.{claims}".encode(),
    )


def verify(token: str, jwks: JsonValue, *, now: float, audience: str | None = None, leeway: int = 0) -> Verification:
    """Verify a token against a JWKS, as a relying party does. Raises `MalformedToken`.

    `now` is in Unix seconds. `leeway` seconds are allowed on both ends of the token's life. With an `audience` the
    token must name it.
    """
    decoded = decode(token)
    found: list[tuple[str, bool | None, str, str]] = []
    # (1) The algorithm is ours to choose: neither "none" nor one with a shared secret; no extension (RFC 7515 §4.1.11).
    algorithm = decoded.header.get("alg")
    known = algorithm in ALGORITHMS and "crit" not in decoded.header
    found.append(("algorithm", known, _shown(algorithm), ", ".join(ALGORITHMS)))
    # (2) The key is the one that the header names.
    keys = _keys(jwks)
    kid = decoded.header.get("kid")
    key = _key(keys, kid, str(algorithm)) if known and isinstance(kid, str) else None
    found.append(
        ("key", key is not None if known else None, _shown(kid), ", ".join(_shown(k.get("kid")) for k in keys))
    )
    # (3) The signature is over header and payload as they were sent.
    signed = None if key is None else key.Algorithm.verify(decoded.signing_input, key.key, decoded.signature)
    found.append(("signature", signed, "" if signed is None else str(signed).lower(), "true"))
    # (4) The times are whole seconds. A token without nbf is valid from the start.
    begins, expires = _seconds(decoded.claims.get("nbf", 0)), _seconds(decoded.claims.get("exp"))
    begun = begins is not None and begins <= now + leeway
    found.append(("not_before", begun, _shown(decoded.claims.get("nbf")), f"<= {int(now) + leeway}"))
    alive = expires is not None and now < expires + leeway
    found.append(("expiration", alive, _shown(decoded.claims.get("exp")), f"> {int(now) - leeway}"))
    # (5) The token is meant for us.
    if audience is not None:
        named = decoded.claims.get("aud")
        meant = audience == named or (isinstance(named, list) and audience in named)
        found.append(("audience", meant, _shown(named), audience))
    return Verification(tuple(VerificationResult(number, *result) for number, result in enumerate(found, start=1)))


def split(token: str) -> tuple[str, str, str]:
    """The three parts as they were sent. Raises `MalformedToken`."""
    header, *rest = token.split(".")
    if len(rest) != 2:
        raise MalformedToken("parts", got=str(1 + len(rest)), expected=str(len(PARTS)))
    return header, rest[0], rest[1]


def claims_of(token: str) -> JsonObject:
    """The claims of a token, its signature masked or not; empty where the text is no token."""
    try:
        return _object("payload", json_text("payload", split(token)[1]))
    except MalformedToken:
        return {}


def base64url(data: bytes) -> str:
    """Base64url without its padding (RFC 7515, appendix C)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unpadded(encoded: str) -> bytes:
    """The bytes of base64url without its padding (RFC 7515, appendix C). Raises `ValueError` for a length of none."""
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))


def _bytes(part: str, encoded: str) -> bytes:
    if not re.fullmatch(r"[A-Za-z0-9_-]*", encoded) or len(encoded) % 4 == 1:
        raise MalformedToken("encoding", got=part, expected="base64url")
    return unpadded(encoded)


def json_text(part: str, encoded: str) -> str:
    """The text of a part that was sent. Raises `MalformedToken`."""
    try:
        return _bytes(part, encoded).decode()
    except UnicodeDecodeError as error:
        raise MalformedToken("json", got=part, expected="UTF-8") from error


def _object(part: str, text: str) -> JsonObject:
    try:
        value = strict_json.loads(text)
    except ValueError as error:
        raise MalformedToken("json", got=part, expected="JSON") from error
    if not isinstance(value, dict):
        raise MalformedToken("object", got=part, expected="object")
    return value


def _keys(jwks: JsonValue) -> list[Mapping[str, Any]]:
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []


def _key(keys: Sequence[Mapping[str, Any]], kid: str, algorithm: str) -> PyJWK | None:
    """The first key of that id that is a public key for signatures with that algorithm."""
    kind = "EC" if algorithm in _CURVES else "RSA"
    for key in keys:
        fits = key.get("use", "sig") == "sig" and key.get("alg", algorithm) == algorithm and key.get("kty") == kind
        if not fits or key.get("kid") != kid or key.get("crv") != _CURVES.get(algorithm):
            continue
        public = {name: key.get(name) for name in ("kty", *PUBLIC_MEMBERS[kind])}
        if not all(isinstance(value, str) and len(value) <= LONGEST_MEMBER for value in public.values()):
            continue
        try:
            return PyJWK(public, algorithm)
        except (PyJWTError, UnsupportedAlgorithm, ValueError):
            continue
    return None


def _seconds(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _shown(value: JsonValue) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
