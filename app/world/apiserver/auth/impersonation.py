"""Impersonation of another user: the `Impersonate-*` headers of `kubectl --as`.

Source: k8s.io/apiserver `pkg/endpoints/filters/impersonation.go`. A user without the verb `impersonate` is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from starlette.datastructures import Headers

from app.world.apiserver.auth import service_accounts
from app.world.apiserver.auth.authentication import ALL_AUTHENTICATED, ALL_UNAUTHENTICATED, ANONYMOUS, User
from app.world.apiserver.auth.authorization import Request, authorize
from app.world.apiserver.types import errors

if TYPE_CHECKING:
    from app.world.world import World

_EXTRA = "impersonate-extra-"


def acting_user(world: World, user: User, headers: Headers) -> User:
    """The user that the request acts as: the user itself, or the one that its headers name, if it may.

    Raises `ApiError` 403 where it may not, 400 for groups, uid or extra facts without a user (where a real server
    answers 500).
    """
    # (1) Which user do the headers name?
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
    # (2) May the user impersonate that one?
    for request in _requests(name, uid, groups, extra):
        authorize(world, user, request)
    # (3) The groups that follow from the user's name.
    if not groups and (namespace := service_accounts.namespace_of(name)):
        groups = service_accounts.groups(namespace)
    implied = ALL_UNAUTHENTICATED if name == ANONYMOUS.name else ALL_AUTHENTICATED
    if implied not in groups and ALL_UNAUTHENTICATED not in groups:
        groups = (*groups, implied)
    return User(name=name, groups=groups, uid=uid, extra=extra)


def _requests(name: str, uid: str, groups: tuple[str, ...], extra: dict[str, tuple[str, ...]]) -> Iterator[Request]:
    verb, api_group = "impersonate", "authentication.k8s.io"
    if namespace := service_accounts.namespace_of(name):
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
