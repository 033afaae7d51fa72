"""How kube-apiserver names a public key: from the numbers in the JWKS to the `kid`, step by step.

Other issuers, that of EKS among them, have names that do not follow from the key.

Source: kubernetes/kubernetes, pkg/serviceaccount/jwt.go (`keyIDFromPublicKey`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt import PyJWK, PyJWTError

from app.flow.token import LONGEST_MEMBER, PUBLIC_MEMBERS, key_id

_ALGORITHMS = {"RSA": "RS256", "P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


@dataclass(frozen=True, kw_only=True)
class KeyName:
    """The stages from one key of a JWKS to its name."""

    kid: str
    """The key's name in the JWKS."""
    kind: str
    """`RSA` or `EC`."""
    bits: int
    """The size of the key."""
    der: bytes
    """The key's SubjectPublicKeyInfo in DER."""
    digest: str
    """The SHA-256 of the DER, in hexadecimal."""
    derived: str
    """The digest in base64url, unpadded: the name that kube-apiserver gives the key."""


def name_of(jwk: Mapping[str, Any]) -> KeyName | None:
    """The stages to a key's name; None for a value that is no public key for STS."""
    kind = str(jwk.get("kty"))
    members = {name: jwk.get(name) for name in PUBLIC_MEMBERS.get(kind, ())}
    algorithm = _ALGORITHMS.get(str(jwk.get("crv")) if kind == "EC" else kind)
    if not algorithm or not all(isinstance(value, str) and len(value) <= LONGEST_MEMBER for value in members.values()):
        return None
    try:
        key = PyJWK({"kty": kind, **members}, algorithm).key
        der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (PyJWTError, UnsupportedAlgorithm, ValueError):
        return None
    return KeyName(
        kid=str(jwk.get("kid", "")),
        kind=kind,
        bits=key.key_size,
        der=der,
        digest=hashlib.sha256(der).hexdigest(),
        derived=key_id(key),
    )
