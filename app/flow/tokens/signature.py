"""The signature of a token, verified with a JWKS that a reader pasted: which key was tried, and why each other was not.

Sources: RFC 7515 §4.1.4 and §5.2, RFC 7517 (JWK), RFC 7518 §3 and §6, RFC 8037 (EdDSA). The verification is PyJWT's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from jwt import PyJWK, PyJWTError

from app.flow import strict_json
from app.flow.json_access import get
from app.flow.model import JsonValue
from app.flow.token import LONGEST_MEMBER, PUBLIC_MEMBERS, DecodedToken, MalformedToken, decode
from app.flow.tokens.pasted import LONGEST, cleaned, unwrapped
from app.flow.visible import visible_each

LONGEST_JWKS = 64 * 1024
"""Bytes of a JWKS that are looked at; that of EKS has about 1,000."""
MOST_KEYS = 50
"""How many keys are looked at."""

_CURVES = {"ES256": ("P-256",), "ES384": ("P-384",), "ES512": ("P-521",), "EdDSA": ("Ed25519", "Ed448")}
_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
ALGORITHMS = (*_RSA, *_CURVES)
"""The algorithms that a public key can verify. STS accepts fewer of them."""
_MEMBERS = {**PUBLIC_MEMBERS, "OKP": ("crv", "x")}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_PRIVATE_TEXT = re.compile(rf'-----BEGIN [A-Z ]*PRIVATE KEY|"(?:{"|".join(sorted(_PRIVATE))})"\s*:')
"""Where a private key begins in a text, whether or not the rest of it can be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedKey:
    """One key of the JWKS."""

    place: int
    """From 1."""
    kid: str
    code: str
    """`verified`, `wrong`, or why it was not tried: `other_kid`, `not_object`, `kind`, `use`, `algorithm`, `curve`,
    `member`, `unusable`."""
    got: str = ""
    expected: str = ""
    has_private: bool = False
    """Whether the JWKS contains a member of the private key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureCheck:
    """The result of the verification. It contains nothing of the signature."""

    code: str
    """`verified`, `wrong` (no key's signature), `no_key` (none that could be tried), or why nothing was tried: `token`,
    `algorithm`, `critical`, `jwks_empty`, `jwks_too_long`, `jwks_json`, `jwks_object`, `jwks_keys`, `jwks_many`."""
    got: str = ""
    expected: str = ""
    keys: tuple[TriedKey, ...] = ()
    by_kid: bool = True
    """Whether the header names its key; otherwise every key that fits was tried."""
    signed: str = ""
    """Header and payload that were verified, so that the result is never shown beside another token."""
    has_private: bool = False
    """Whether the text that was pasted as the JWKS contains a private key, also where it cannot be read as one. Nothing
    of that key is used, or is in the result."""


def check_signature(text: str, jwks: str) -> SignatureCheck:
    """Verifies the signature of a pasted token by a pasted JWKS. Never raises, asks no server."""
    return replace(_checked(text, jwks), has_private=_PRIVATE_TEXT.search(jwks) is not None)


def _checked(text: str, jwks: str) -> SignatureCheck:
    # (1) The token. Its algorithm has to be one of a public key: with a JWKS `none` and HS256 prove nothing.
    if len(text.encode("utf-8", "replace")) > LONGEST:
        return SignatureCheck(code="token")
    compact, _ = cleaned(unwrapped(text)[0])
    try:
        decoded = decode(compact)
    except MalformedToken:
        return SignatureCheck(code="token")
    signed = decoded.signing_input.decode()
    algorithm = decoded.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        return SignatureCheck(code="algorithm", got=_shown(algorithm), expected=", ".join(ALGORITHMS), signed=signed)
    if "crit" in decoded.header:
        return SignatureCheck(code="critical", got=_shown(decoded.header["crit"]), signed=signed)

    # (2) The JWKS.
    keys = _keys(jwks)
    if isinstance(keys, SignatureCheck):
        return SignatureCheck(code=keys.code, got=keys.got, expected=keys.expected, signed=signed)

    # (3) Each of its keys.
    kid = decoded.header.get("kid")
    wanted = kid if isinstance(kid, str) and kid else None
    tried = tuple(_try(place, key, algorithm, wanted, decoded) for place, key in enumerate(keys, start=1))
    found = {key.code for key in tried}
    code = "verified" if "verified" in found else "wrong" if "wrong" in found else "no_key"
    return SignatureCheck(
        code=code,
        got=wanted or "",
        expected=", ".join(key.kid for key in tried if key.kid),
        keys=tried,
        by_kid=wanted is not None,
        signed=signed,
    )


def _keys(text: str) -> list[JsonValue] | SignatureCheck:
    if (size := len(text.encode("utf-8", "replace"))) > LONGEST_JWKS:
        return SignatureCheck(code="jwks_too_long", got=str(size), expected=str(LONGEST_JWKS))
    if not text.strip():
        return SignatureCheck(code="jwks_empty")
    try:
        document = strict_json.loads(text)
    except json.JSONDecodeError as error:
        there = visible_each(text[error.pos : error.pos + 1])
        return SignatureCheck(code="jwks_json", got=there, expected=f"{error.lineno}:{error.colno}")
    except ValueError:
        return SignatureCheck(code="jwks_json")
    if isinstance(document, dict) and "keys" not in document and "kty" in document:
        return [document]  # one key, as RFC 7517 §4 writes it
    keys = get(document, "keys")
    if not isinstance(document, dict):
        return SignatureCheck(code="jwks_object")
    if not isinstance(keys, list) or not keys:
        return SignatureCheck(code="jwks_keys", got=", ".join(document)[:200], expected="keys")
    if len(keys) > MOST_KEYS:
        return SignatureCheck(code="jwks_many", got=str(len(keys)), expected=str(MOST_KEYS))
    return keys


def _try(place: int, key: JsonValue, algorithm: str, kid: str | None, decoded: DecodedToken) -> TriedKey:
    if not isinstance(key, dict):
        return TriedKey(place=place, kid="", code="not_object")  # a text might be a private key
    named = _shown(key.get("kid"))
    code, got, expected = _fit(key, algorithm, kid)
    if not code:
        code = _verified(key, algorithm, decoded)
    return TriedKey(
        place=place, kid=named, code=code, got=got, expected=expected, has_private=bool(_PRIVATE & key.keys())
    )


def _fit(key: Mapping[str, Any], algorithm: str, kid: str | None) -> tuple[str, str, str]:
    """Why a key is not tried, with what was found and what would fit; three empty texts where it is."""
    if kid is not None and key.get("kid") != kid:
        return "other_kid", _shown(key.get("kid")), kid
    kind = "RSA" if algorithm in _RSA else "OKP" if algorithm == "EdDSA" else "EC"
    if key.get("kty") != kind:
        return "kind", f"kty {_shown(key.get('kty'))}", f"kty {kind}"
    if key.get("use", "sig") != "sig":
        return "use", f"use {_shown(key['use'])}", "use sig"
    if key.get("alg", algorithm) != algorithm:
        return "algorithm", f"alg {_shown(key['alg'])}", f"alg {algorithm}"
    curves = _CURVES.get(algorithm)
    if curves and key.get("crv") not in curves:
        return "curve", f"crv {_shown(key.get('crv'))}", f"crv {', '.join(curves)}"
    for name in _MEMBERS[kind]:
        value = key.get(name)
        if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", value):
            return "member", f"{name} {_shown(value)[:60]}".strip(), f"{name} base64url"
        if len(value) > LONGEST_MEMBER:
            return "member", f"{name} {len(value)}", f"{name} ≤ {LONGEST_MEMBER}"
    return "", "", ""


def _verified(key: Mapping[str, Any], algorithm: str, decoded: DecodedToken) -> str:
    public = {name: key[name] for name in ("kty", *_MEMBERS[str(key["kty"])])}
    try:
        made = PyJWK(public, algorithm)
        right = made.Algorithm.verify(decoded.signing_input, made.key, decoded.signature)
    except (PyJWTError, UnsupportedAlgorithm, ValueError):
        return "unusable"
    return "verified" if right else "wrong"


def _shown(value: JsonValue) -> str:
    if value is None:
        return ""
    return visible_each(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))[:200]
