"""Who is asking: bearer tokens of the world, ServiceAccount tokens, or nobody.

Source: k8s.io/apiserver `pkg/authentication/`, `pkg/serviceaccount/{jwt,claims}.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import jwt

from app.world.apiserver import errors

if TYPE_CHECKING:
    from app.world.world import World

ALL_AUTHENTICATED = "system:authenticated"


@dataclass(frozen=True, kw_only=True)
class User:
    """Who a request is made by (`user.Info`)."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further facts, such as `authentication.kubernetes.io/pod-name`."""


ANONYMOUS = User(name="system:anonymous", groups=("system:unauthenticated",))
ADMIN = User(name="kubernetes-admin", groups=("system:masters", ALL_AUTHENTICATED))
"""The learner, and whoever seeds the cluster."""


def authenticate(world: World, authorization: str) -> User:
    """The user of an `Authorization` header; nobody where it holds no bearer token. Raises `ApiError` 401."""
    token = _bearer_token(authorization)
    if not token:
        return ANONYMOUS
    user = world.user_of(token)
    if user is None:
        user = _service_account(world, token)
    if user is None:
        raise errors.unauthorized()
    return user if ALL_AUTHENTICATED in user.groups else replace(user, groups=(*user.groups, ALL_AUTHENTICATED))


def named_world(authorization: str) -> str:
    """The path of the world that the learner's token in an `Authorization` header names."""
    return _bearer_token(authorization).partition(".")[0]


def _bearer_token(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _service_account(world: World, token: str) -> User | None:
    """The ServiceAccount that a token speaks for; None for a foreign token and for one that is no longer valid."""
    claims = _verified(world, token)
    if claims is None:
        return None
    private = claims.get("kubernetes.io")
    audience = claims.get("aud")
    if not isinstance(private, dict) or not isinstance(audience, list) or world.api_audience not in audience:
        return None
    namespace, account = private.get("namespace"), private.get("serviceaccount")
    # The token dies with its ServiceAccount and with what it is bound to; another of the same name is not the same.
    if not _alive(world, "serviceaccounts", namespace, account):
        return None
    for plural, reference in (("pods", private.get("pod")), ("secrets", private.get("secret"))):
        if reference is not None and not _alive(world, plural, namespace, reference):
            return None
    return User(
        name=f"system:serviceaccount:{namespace}:{private['serviceaccount']['name']}",
        groups=("system:serviceaccounts", f"system:serviceaccounts:{namespace}"),
        uid=private["serviceaccount"]["uid"],
        extra=_extra(claims, private),
    )


def _verified(world: World, token: str) -> dict[str, Any] | None:
    """The claims of a token that one of our keys has signed, that is ours and in time."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = next((key for key in world.keys.published if key.kid == kid), None)
        if key is None:
            return None
        claims = jwt.decode(
            token,
            key.public_key,
            algorithms=["RS256"],
            issuer=world.issuer,
            # Times are those of the world's clock, and audiences are the caller's business.
            options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        now = world.clock.now()
        return claims if claims["nbf"] <= now < claims["exp"] else None
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError):
        return None


def _alive(world: World, plural: str, namespace: Any, reference: Any) -> bool:
    if not isinstance(reference, dict) or not isinstance(namespace, str):
        return False
    name, uid = reference.get("name"), reference.get("uid")
    stored = world.cluster.find(plural, namespace, name) if isinstance(name, str) else None
    return stored is not None and stored.object["metadata"]["uid"] == uid


def _extra(claims: Mapping[str, Any], private: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    extra: dict[str, tuple[str, ...]] = {}
    if "jti" in claims:
        extra["authentication.kubernetes.io/credential-id"] = (f"JTI={claims['jti']}",)
    for kind in ("node", "pod"):
        for field_name in ("name", "uid"):
            value = (private.get(kind) or {}).get(field_name)
            if value:
                extra[f"authentication.kubernetes.io/{kind}-{field_name}"] = (value,)
    return extra
