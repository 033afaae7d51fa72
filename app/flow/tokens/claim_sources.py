"""The source of each header field and claim of a token, and all of them with the members of `kubernetes.io`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.flow.model import JsonValue

TIMES = frozenset({"iat", "nbf", "exp", "auth_time", "updated_at", "kubernetes.io.warnafter"})
"""NumericDates: seconds since 1970 (RFC 7519 §2); `warnafter` is one too."""

_JWS = ("RFC 7515", "https://www.rfc-editor.org/rfc/rfc7515#section-4.1")
_JWT = ("RFC 7519", "https://www.rfc-editor.org/rfc/rfc7519#section-4.1")
_OIDC = ("OpenID Connect Core 1.0", "https://openid.net/specs/openid-connect-core-1_0.html#IDToken")
_PROFILE = ("OpenID Connect Core 1.0", "https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims")
_KUBERNETES = (
    "Kubernetes",
    "https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#schema-for-service-account-private-claims",
)
_BY_NAME: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(("alg", "kid", "typ", "cty", "crit", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256"), _JWS),
    **dict.fromkeys(("iss", "sub", "aud", "exp", "nbf", "iat", "jti"), _JWT),
    **dict.fromkeys(("azp", "amr", "acr", "nonce", "auth_time"), _OIDC),
    **dict.fromkeys(("name", "email", "email_verified", "preferred_username", "updated_at"), _PROFILE),
}


def source(name: str) -> tuple[str, str] | None:
    """The specification of a field by its dotted name: title and address. None for a field of no known one."""
    if name == "kubernetes.io" or name.startswith("kubernetes.io."):
        return _KUBERNETES
    return _BY_NAME.get(name)


def leaves(values: Mapping[str, JsonValue], path: str = "") -> Iterator[tuple[str, JsonValue]]:
    """Each field by name; of `kubernetes.io` each part, its path as the name."""
    for name, value in values.items():
        full = f"{path}{name}"
        if isinstance(value, dict) and full.startswith("kubernetes.io") and full.count(".") < 3:
            yield from leaves(value, f"{full}.")
        else:
            yield full, value
