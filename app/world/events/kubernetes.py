"""Events of the API server and of the issuer: an ASGI application around theirs, which sees what was answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.flow.json_access import get_str
from app.flow.model import Step
from app.world.apiserver.auth.authentication import bears, named_world
from app.world.apiserver.request.request_info import RequestInfo, parse_request
from app.world.apiserver.types.resources import REVIEWS, find_resource
from app.world.events.deeds import is_persons, note_request
from app.world.events.tool import Tool, is_developer, is_this_app, tool_of
from app.world.metering import ANSWERS

if TYPE_CHECKING:
    from app.world.world import World

_DISCOVERY = ("/api", "/apis", "/openapi")
"""Documents that kubectl reads before each command: they are no step of anyone's."""
_BODY_LIMIT = 256 * 1024
"""Bytes of an answer that are read for the name of what was created."""
_WRITES = ("create", "update", "patch", "delete", "deletecollection")
_SERVERS = ("sts", "kube-apiserver")
"""How the world's own servers name themselves where they fetch the issuer's documents (`Network`)."""
_KUBELET = Tool(name="kubelet")
"""Of the kubelet's requests only those for tokens are events here. `PodRecord.publish` records what else it does."""


class Noticing:
    """Around the API servers of all worlds, which do not know of it: so it parses the request line for itself."""

    def __init__(self, app: ASGIApp, find_world: Callable[[str], World | None]) -> None:
        self._app = app
        self._find_world = find_world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through."""
        seen = self._seen(scope)
        await self._app(scope, receive, seen.sending(send) if seen else send)

    def _seen(self, scope: Scope) -> _Seen | None:
        """What to write down of a request; None where it is no event."""
        headers = Headers(scope=scope)
        authorization = headers.get("authorization", "")
        world = self._find_world(scope["path_params"].get("world") or named_world(authorization))
        if world is None or bears(authorization, world.explorer_token):
            return None
        if is_this_app(headers) and not is_developer(headers):
            return None
        query = QueryParams(scope["query_string"])
        path = str(scope["path"]).removeprefix(scope.get("root_path", "")) or "/"
        info = parse_request(path, scope.get("method", "GET"), query)
        if bears(authorization, world.node_token):
            is_token = (info.resource, info.subresource) == ("serviceaccounts", "token")
            return _Seen(world, _KUBELET, info, query, changes=True) if is_token else None
        if not info.resource and (path == "/" or path.startswith(_DISCOVERY)):
            return None
        stored = info.verb in _WRITES and info.resource not in REVIEWS and info.subresource in ("", "status")
        return _Seen(
            world,
            tool_of(headers),
            info,
            query,
            changes=stored and not query.get("dryRun"),
            learners=bears(authorization, world.admin_token),
            is_deed=is_persons(authorization),
            is_event=not is_developer(headers),
        )


class _Seen:
    def __init__(
        self,
        world: World,
        tool: Tool,
        info: RequestInfo,
        query: QueryParams,
        *,
        changes: bool = False,
        learners: bool = False,
        is_deed: bool = False,
        is_event: bool = True,
    ) -> None:
        self._world, self._tool, self._info, self._query = world, tool, info, query
        self._changes, self._learners = changes, learners
        self._is_deed, self._is_event = is_deed, is_event
        self._status = 0
        self._names_itself = info.verb == "create" and not info.name

    def sending(self, send: Send) -> Send:
        """`send`, which first writes the event: of what is created once the answer says what it is called."""

        async def noticed(message: Message) -> None:
            if message["type"] in ANSWERS:
                self._status = message.get("status", 101)
                if not self._names_itself or self._status >= 300:
                    self._record(self._info.name)
            elif message["type"] == "http.response.body" and self._names_itself and self._status < 300:
                self._names_itself = False
                self._record(_name_in(message.get("body", b"")))
            await send(message)

        return noticed

    def _record(self, name: str) -> None:
        info, resource = self._info, self._info.resource
        is_new = self._is_deed and self._status < 300 and note_request(self._world, info, self._query)
        if not self._is_event:
            return
        known = find_resource(info.group, info.version, resource)
        self._world.log.events.record(
            tool=self._tool.name,
            command=self._tool.command,
            run=self._tool.run,
            verb=f"{info.verb} {info.subresource}" if info.subresource else info.verb,
            kind=known.kind if known else resource,
            namespace=info.namespace if resource != "namespaces" else "",
            name=name if resource else info.path,
            step=_step(info),
            status=self._status,
            changes=is_new or (self._changes and self._status < 300),
            learners=self._learners,
        )


def _name_in(body: bytes) -> str:
    """What an answer calls the object; empty where it is none in JSON."""
    if len(body) > _BODY_LIMIT or not body.startswith(b"{"):
        return ""
    try:
        return get_str(json.loads(body), "metadata", "name")
    except (ValueError, RecursionError):
        return ""


def _step(info: RequestInfo) -> Step | None:
    match info.resource, info.subresource:
        case ("serviceaccounts", "token") | ("pods", "exec"):
            return Step.TOKEN_MOUNT
        case ("serviceaccounts", _):
            return Step.SERVICE_ACCOUNT
        case ("pods", "log"):
            return Step.ACCESS
        case ("pods" | "mutatingwebhookconfigurations", _):
            return Step.WEBHOOK
    return Step.OIDC_PROVIDER if info.path.startswith(("/.well-known/", "/openid/", "/keys")) else None


class NoticingIssuer:
    """Around the issuers of all worlds: notes who reads their documents, except for the world's own servers."""

    def __init__(self, app: ASGIApp, find_world: Callable[[str], World | None]) -> None:
        """`find_world` knows a world by its issuer's id."""
        self._app = app
        self._find_world = find_world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through."""
        headers = Headers(scope=scope)
        path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
        world = self._find_world(path.split("/")[1]) if path.count("/") > 1 else None
        if world is None or is_this_app(headers) or headers.get("user-agent", "") in _SERVERS:
            await self._app(scope, receive, send)
            return
        info = RequestInfo(path="/" + path.split("/", 2)[2], verb=str(scope.get("method", "GET")).lower())
        await self._app(scope, receive, _Seen(world, tool_of(headers), info, QueryParams()).sending(send))
