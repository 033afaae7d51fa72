"""Acting as somebody else: the `Impersonate-*` headers of `kubectl --as`.

Source: k8s.io/apiserver `pkg/endpoints/filters/impersonation.go`. A user without the verb `impersonate` is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.datastructures import Headers

from app.world.apiserver.auth.authentication import ALL_AUTHENTICATED, ANONYMOUS, User
from app.world.apiserver.auth.authorization import Request, authorize
from app.world.apiserver.types import errors

if TYPE_CHECKING:
    from app.world.world import World

_ALL_UNAUTHENTICATED = "system:unauthenticated"
_SERVICE_ACCOUNT = "system:serviceaccount:"
_EXTRA = "impersonate-extra-"


def acting_user(world: World, user: User, headers: Headers) -> User:
    """The user that the request acts as: the user itself, or the one that it wants to be and may be.

    Raises `ApiError` 403 where it may not, 400 for groups, uid or extra facts of no user (where a real server answers
    500).
    """
    # (1) Who is wanted?
    name, uid = headers.get("impersonate-user", ""), headers.get("impersonate-uid", "")
    groups = tuple(headers.getlist("impersonate-group"))
    extra: dict[str, tuple[str, ...]] = {}
    for header, value in headers.items():
        if header.startswith(_EXTRA):
            key = unquote(header.removeprefix(_EXTRA))
            extra[key] = (*extra.get(key, ()), value)
    if not name:
        if groups or uid or extra:
            raise errors.bad_request("requested groups, uid or extra without impersonating a user")
        return user
    # (2) May the user act so?
    for request in _requests(name, uid, groups, extra):
        authorize(world, user, request)
    # (3) The groups that no header has to give.
    if not groups and (namespace := _namespace(name)):
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    implied = _ALL_UNAUTHENTICATED if name == ANONYMOUS.name else ALL_AUTHENTICATED
    if implied not in groups and _ALL_UNAUTHENTICATED not in groups:
        groups = (*groups, implied)
    return User(name=name, groups=groups, uid=uid, extra=extra)


def _namespace(name: str) -> str:
    """The namespace of a ServiceAccount's user name; empty for any other."""
    namespace, separator, account = name.removeprefix(_SERVICE_ACCOUNT).partition(":")
    known = name.startswith(_SERVICE_ACCOUNT) and bool(separator and namespace and account) and ":" not in account
    return namespace if known else ""


def _requests(name: str, uid: str, groups: tuple[str, ...], extra: dict[str, tuple[str, ...]]) -> Iterator[Request]:
    verb, api_group = "impersonate", "authentication.k8s.io"
    if namespace := _namespace(name):
        yield Request(verb=verb, resource="serviceaccounts", namespace=namespace, name=name.rpartition(":")[2])
    else:
        yield Request(verb=verb, resource="users", name=name)
    for group in groups:
        yield Request(verb=verb, resource="groups", name=group)
    for key, values in extra.items():
        for value in values:
            yield Request(verb=verb, group=api_group, resource="userextras", subresource=key, name=value)
    if uid:
        yield Request(verb=verb, group=api_group, resource="uids", name=uid)
