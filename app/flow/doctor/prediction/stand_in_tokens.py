"""The tokens of the copy: they have the claims of those that the API server issues. Another key signs them in its
place.

The copy publishes that key under the id of the API server's key, and only where the issuer publishes a key of that id.
So whether a token is accepted depends on the key id that it refers to, as it does outside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from app.flow.json_access import get_list, get_object, get_str
from app.flow.model import JsonObject, JsonValue
from app.flow.token import ALGORITHMS, base64url

_ALGORITHM = "ES256"


def signed(header: Mapping[str, JsonValue], claims: Mapping[str, JsonValue], *, valid: bool = True) -> str:
    """A compact token with this header and these claims. If not `valid`, its signature is over something else.

    The header's algorithm is that of our key, unless it is one that STS would not take anyway.
    """
    own = {**header, "alg": _ALGORITHM} if header.get("alg", _ALGORITHM) in ALGORITHMS else header
    signing_input = ".".join(base64url(json.dumps(part).encode()) for part in (own, claims))
    signature = _algorithm().sign(signing_input.encode() if valid else b"", _key())
    return f"{signing_input}.{base64url(signature)}"


def published(jwks: JsonValue, key_id: str) -> JsonObject:
    """The key set, with our key instead of the key of that id, if the set has one."""
    own = {**ECAlgorithm.to_jwk(_key().public_key(), as_dict=True), "kid": key_id, "alg": _ALGORITHM, "use": "sig"}
    keys = [own if get_str(key, "kid") == key_id else key for key in get_list(jwks, "keys")]
    return {**get_object(jwks), "keys": keys}


def _algorithm() -> ECAlgorithm:
    return ECAlgorithm(ECAlgorithm.SHA256)


@cache
def _key() -> ec.EllipticCurvePrivateKey:
    """The key of all copies: no token that it signs ever leaves its copy."""
    return ec.generate_private_key(ec.SECP256R1())
