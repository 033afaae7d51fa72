"""Who sends a request: bearer tokens of the world, ServiceAccount tokens, or the anonymous user.

Source: k8s.io/apiserver `pkg/authentication/`, `pkg/serviceaccount/{jwt,claims}.go`; for users of AWS
kubernetes-sigs/aws-iam-authenticator, `pkg/server/server.go`.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import jwt

from app.flow.model import JsonObject
from app.world.apiserver.auth import service_accounts
from app.world.apiserver.types import errors
from app.world.aws.access_keys import account_of
from app.world.aws.eks import eks_token

if TYPE_CHECKING:
    from app.world.world import World

ALL_AUTHENTICATED = "system:authenticated"
ALL_UNAUTHENTICATED = "system:unauthenticated"
MASTERS = "system:masters"
"""The group whose members may do everything."""
LEEWAY_SECONDS = 60
"""For how long a ServiceAccount token outlives its `exp` and the deletion of what it is bound to, and how much sooner
than its `nbf` it counts (`jwt.DefaultLeeway` of go-jose)."""


@dataclass(frozen=True, kw_only=True)
class User:
    """The user who sends a request (`user.Info`)."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Further facts, such as `authentication.kubernetes.io/pod-name`."""


ANONYMOUS = User(name="system:anonymous", groups=(ALL_UNAUTHENTICATED,))
ADMIN = User(name="kubernetes-admin", groups=(MASTERS, ALL_AUTHENTICATED))
"""The learner, and the code that seeds the cluster."""


def authenticate(world: World, authorization: str) -> User:
    """The user of an `Authorization` header; the anonymous one where it has no bearer token. Raises `ApiError` 401."""
    token = _bearer_token(authorization)
    if not token:
        return ANONYMOUS
    try:
        return review(world, token, (world.api_audience,))[0]
    except InvalidToken:
        raise errors.unauthorized() from None


def named_world(authorization: str) -> str:
    """The world in the token of an `Authorization` header: its path, its account, or the id of its issuer.

    The learner's token contains the path, a token of `aws eks get-token` the account, one of a ServiceAccount the
    issuer.
    """
    token = _bearer_token(authorization)
    try:
        issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        issuer = ""
    account = account_of(eks_token.access_key_id_of(token))
    return account or issuer.rpartition("/")[2] or token.partition(".")[0]


def _bearer_token(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def bears(authorization: str, token: str) -> bool:
    """Whether an `Authorization` header contains that bearer token."""
    return hmac.compare_digest(_bearer_token(authorization).encode("utf-8", "replace"), token.encode())


def is_own(world: World, authorization: str) -> bool:
    """Whether the explorer or the world's node sends the request."""
    return bears(authorization, world.explorer_token) or bears(authorization, world.node_token)


class InvalidToken(Exception):
    """A bearer token that is not accepted. The text is the API server's own."""


def review(world: World, token: str, audiences: Sequence[str]) -> tuple[User, tuple[str, ...]]:
    """The user of a bearer token, and those of the `audiences` that the token is for. Raises `InvalidToken`."""
    user = None
    if world.api_audience in audiences:
        user = _user_of_aws(world, token) if token.startswith(eks_token.PREFIX) else world.user_of(token)
    if user is None:
        try:
            return _service_account(world, token, audiences)
        except (KeyError, TypeError, AttributeError) as error:  # signed by us, and yet not as TokenRequest makes them
            raise InvalidToken(_INVALID) from error
    if ALL_AUTHENTICATED not in user.groups:
        user = replace(user, groups=(*user.groups, ALL_AUTHENTICATED))
    return user, (world.api_audience,)


def _user_of_aws(world: World, token: str) -> User:
    """The user of a token of `aws eks get-token`. Raises `InvalidToken` for one that has no access entry.

    The learner's user made the cluster, which is why it is an administrator there (EKS user guide, "Grant IAM users and
    roles access to Kubernetes APIs"); the node's role has the entry that nodes need. No one else has one.
    """
    endpoint = urlsplit(world.network.aws_url).netloc
    accounts = (world.account, world.other_account)
    try:
        found = eks_token.identity_of(token, accounts, cluster_name=world.cluster_name, endpoint=endpoint)
    except eks_token.InvalidToken as error:
        raise InvalidToken(_INVALID) from error
    principal, _, session = found.user_id.partition(":")
    node = world.account.roles.get(world.node_role_name)
    canonical = found.arn
    if found.arn == world.account.admin.arn:
        name, groups = ADMIN.name, ADMIN.groups
    elif node is not None and principal == node.role_id:
        canonical = node.arn
        name, groups = world.node_user.name, ("system:bootstrappers", *world.node_user.groups)
    else:
        raise InvalidToken(_INVALID)
    extra = {
        "accessKeyId": found.access_key_id,
        "arn": found.arn,
        "canonicalArn": canonical,
        "principalId": principal,
        "sessionName": session,
    }
    uid = f"aws-iam-authenticator:{found.account_id}:{principal}"
    return User(name=name, groups=groups, uid=uid, extra={key: (value,) for key, value in extra.items()})


def _service_account(world: World, token: str, audiences: Sequence[str]) -> tuple[User, tuple[str, ...]]:
    """The ServiceAccount that a token was issued to. Raises `InvalidToken` for a foreign token and for an expired
    one."""
    # (1) One of our keys has signed it, and one of the audiences is the right one.
    claims = _verified(world, token)
    meant = tuple(audience for audience in claims["aud"] if audience in audiences)
    if not meant:
        own, asked = (f"[{' '.join(json.dumps(name) for name in names)}]" for names in (claims["aud"], audiences))
        raise InvalidToken(f"[{_INVALID}, token audiences {own} is invalid for the target audiences {asked}]")
    # (2) It is valid now.
    now = world.clock.now()
    if now > claims["exp"] + LEEWAY_SECONDS:
        raise InvalidToken(f"[{_INVALID}, service account token has expired]")
    if now < claims["nbf"] - LEEWAY_SECONDS:
        raise InvalidToken(f"[{_INVALID}, service account token is not valid yet]")
    # (3) It ends with its ServiceAccount and with the object that it is bound to; another object of the same name does
    # not count.
    private = claims["kubernetes.io"]
    namespace, account = private["namespace"], private["serviceaccount"]
    stored = world.cluster.find("serviceaccounts", namespace, account["name"])
    if stored is None:
        raise InvalidToken(f'[{_INVALID}, serviceaccounts "{account["name"]}" not found]')
    if (uid := stored.object["metadata"]["uid"]) != account["uid"]:
        raise InvalidToken(f"[{_INVALID}, service account UID ({uid}) does not match claim ({account['uid']})]")
    if _was_deleted(stored.object, now):
        raise InvalidToken(f"[{_INVALID}, service account {namespace}/{account['name']} has been deleted]")
    for plural, kind in (("secrets", "secret"), ("pods", "pod")):
        if (reference := private.get(kind)) is not None:
            bound = world.cluster.find(plural, namespace, reference["name"])
            if bound is None:
                raise InvalidToken(f"[{_INVALID}, service account token has been invalidated]")
            if (uid := bound.object["metadata"]["uid"]) != reference["uid"]:
                why = f"{kind} UID ({uid}) does not match service account {kind} ref claim ({reference['uid']})"
                raise InvalidToken(f"[{_INVALID}, {why}]")
            if _was_deleted(bound.object, now):
                raise InvalidToken(f"[{_INVALID}, service account token has been invalidated]")
    user = User(
        name=service_accounts.username(namespace, account["name"]),
        groups=(*service_accounts.groups(namespace), ALL_AUTHENTICATED),
        uid=account["uid"],
        extra=_extra(claims, private),
    )
    return user, meant


_INVALID = "invalid bearer token"


def _was_deleted(document: JsonObject, now: float) -> bool:
    """Whether an object that a finalizer still keeps was deleted too long ago to vouch for a token."""
    deleted = document["metadata"].get("deletionTimestamp")
    return deleted is not None and datetime.fromisoformat(deleted).timestamp() < now - LEEWAY_SECONDS


def _verified(world: World, token: str) -> JsonObject:
    """The claims of a token that one of our keys has signed. Raises `InvalidToken`."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = next((key for key in world.keys.published if key.kid == kid), None)
        if key is None:
            raise InvalidToken(_INVALID)
        return jwt.decode(
            token,
            key.public_key,
            algorithms=["RS256"],
            issuer=world.issuer,
            # The caller checks the times, by the world's clock, and the audiences.
            options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise InvalidToken(_INVALID) from error


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
