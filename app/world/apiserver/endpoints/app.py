"""The API server's HTTP side: the user, the request, whether the user may send it, and then the verb.

One application serves every world; the world is in the URL (`/k8s/{world}/...`), and its tokens are valid in it alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from app.flow.model import JsonObject
from app.serving.gate import is_loopback_host
from app.world.apiserver.auth.authentication import User, authenticate, bears, is_own, named_world
from app.world.apiserver.auth.authorization import authorize
from app.world.apiserver.auth.impersonation import acting_user
from app.world.apiserver.endpoints import discovery, openapi, openapi_protobuf, reading
from app.world.apiserver.endpoints.exec_channels import serve_channels
from app.world.apiserver.endpoints.health import health
from app.world.apiserver.endpoints.logs import choose_container, read_log
from app.world.apiserver.endpoints.responses import common_headers, error_response, json_response
from app.world.apiserver.endpoints.reviews import answer_review
from app.world.apiserver.endpoints.scale import change_scale, scale_of
from app.world.apiserver.endpoints.spdy import spdy_response, wants_spdy
from app.world.apiserver.endpoints.writing import Write
from app.world.apiserver.registry import token_request
from app.world.apiserver.request.options import parse_options
from app.world.apiserver.request.request_info import RequestInfo, parse_request
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types import codec, errors
from app.world.apiserver.types.resources import REVIEWS, Resource, find_resource
from app.world.lifecycle.advance_clock import follow_wall_clock
from app.world.servers.http import BodyTooLarge, BodyTooSlow, changes_nothing, read_body

if TYPE_CHECKING:
    from app.world.world import World

FindWorld = Callable[[str], "World | None"]

_TOO_MANY = "Too many requests, please try again later."
NO_PORT_FORWARD = "this simulated API server forwards no ports: nothing listens in its Pods"
_OPENID_HEADERS = {"cache-control": "public, max-age=3600"}


def create_app(find_world: FindWorld) -> ASGIApp:
    """The API servers of all worlds, to be mounted at `/k8s/{world}`. `find_world` knows a world by that part.

    Mounted anywhere else, it takes the world from the learner's token.
    """
    return ApiServer(find_world)


def wait(_: Scope) -> Response:
    """The refusal of a request that is to be sent again later."""
    return error_response(errors.too_many_requests(_TOO_MANY))


def not_kept(_: Scope, why: str) -> Response:
    """The answer to a change that is not on the disk, as that of an API server whose etcd could not write."""
    return error_response(errors.internal(why))


class ApiServer:
    """An ASGI application."""

    def __init__(self, find_world: FindWorld) -> None:
        self._find_world = find_world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request or websocket handshake."""
        if scope["type"] == "websocket":
            websocket = WebSocket(scope, receive, send)
            try:
                world, _, info = self._admit("GET", scope, websocket.headers, websocket.query_params)
                resource = find_resource(info.group, info.version, info.resource)
                if resource is None or resource.plural != "pods" or not info.namespace:
                    raise errors.no_such_resource()
                if info.subresource == "portforward":
                    raise errors.bad_request(NO_PORT_FORWARD)
                if info.subresource not in ("exec", "attach"):
                    raise errors.no_such_resource()
                await serve_channels(world, info, websocket)
            except errors.ApiError as error:
                await websocket.send_denial_response(error_response(error))
            return
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except errors.ApiError as error:
            response = error_response(error)
        except (BodyTooLarge, BodyTooSlow) as error:
            response = error_response(errors.too_large() if isinstance(error, BodyTooLarge) else errors.too_slow())
            response.headers["connection"] = "close"
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    def _admit(
        self, method: str, scope: Scope, headers: Headers, query: QueryParams
    ) -> tuple[World, User, RequestInfo]:
        """The world, the user, and the request. Raises `ApiError` 400, 401, 403, 404 and 429."""
        if not is_loopback_host(headers.get("host", "")):
            raise errors.bad_request("this server answers to loopback names only")
        authorization = headers.get("authorization", "")
        world = self._find_world(scope["path_params"].get("world") or named_world(authorization))
        if world is None:
            raise errors.no_such_resource()
        if seconds := _charge(world, authorization):
            raise errors.too_many_requests(_TOO_MANY, seconds)
        path = str(scope["path"]).removeprefix(scope.get("root_path", "")) or "/"
        info = parse_request(path, method, query)
        user = acting_user(world, authenticate(world, authorization), headers)
        authorize(world, user, info.request)
        return world, user, info

    async def _answer(self, request: Request) -> Response:
        query = request.query_params
        world, user, info = self._admit(request.method, request.scope, request.headers, query)
        if "system:nodes" not in user.groups:  # the kubelet sends requests during this call
            await follow_wall_clock(world)
        if not info.resource:
            if request.method not in ("GET", "HEAD"):
                raise errors.method_not_allowed()
            return _document(world, info.path, request)
        resource = _find(info)
        namespace = info.namespace if resource.namespaced else ""
        scope = RequestScope(world, user, resource, namespace, info.subresource)
        if info.subresource:
            return await _subresource(scope, info, request)
        _check_verb(resource, info)
        accept = request.headers.get("accept", "")
        if info.verb == "get":
            return reading.get_object(scope, info.name, accept, query)
        if info.verb == "list":
            return reading.list_objects(scope, accept, query)
        if info.verb == "watch":
            return reading.watch_objects(scope, accept, query)
        if resource.plural in REVIEWS or query.get("dryRun"):
            changes_nothing(request.scope)
        if resource.plural in REVIEWS:
            options = parse_options("CreateOptions", query, "")
            body = codec.decode_body(await read_body(request), _content_type(request), resource.kind)
            answer, warnings = answer_review(scope, body, options)
            return json_response(answer, 201, warnings)
        write = await _write(scope, request)
        if info.verb == "create":
            return await write.create()
        if info.verb == "update":
            return await write.update(info.name)
        if info.verb == "patch":
            return await write.patch(info.name)
        return await (write.delete(info.name) if info.name else write.delete_collection())


def _charge(world: World, authorization: str) -> float:
    """Seconds for which the request is refused; 0 where it is served. The explorer and the node always are.

    Their work is charged all the same: a page does not begin a walk where the world has no CPU time left for it.
    """
    world.usage.touched = world.usage.touched or not bears(authorization, world.node_token)
    if is_own(world, authorization):
        world.usage.charge()
        return 0.0
    world.usage.acted = world.usage.acted or bears(authorization, world.admin_token)
    return world.usage.admit(reserve=True)


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "")


async def _write(scope: RequestScope, request: Request) -> Write:
    return Write(
        scope,
        raw=await read_body(request),
        content_type=_content_type(request),
        query=request.query_params,
        user_agent=request.headers.get("user-agent", ""),
    )


def _find(info: RequestInfo) -> Resource:
    resource = find_resource(info.group, info.version, info.resource)
    if resource is None:
        raise errors.no_such_resource(f"{info.resource}.{info.version}.{info.group}".rstrip("."))
    if info.subresource and info.subresource not in resource.subresources:
        raise errors.no_such_resource(f"{info.resource}/{info.subresource}")
    if info.excess:
        raise errors.no_such_resource()
    if not resource.namespaced and info.namespace and resource.plural != "namespaces":
        raise errors.no_such_resource()
    return resource


def _check_verb(resource: Resource, info: RequestInfo) -> None:
    """Raises `ApiError` 405 where the path does not support the method, 404 where there is no such path."""
    whole = resource.namespaced and not info.namespace
    if whole and (info.name or "list" not in resource.verbs):
        raise errors.no_such_resource()
    wrong_path = bool(info.name) == (info.verb == "create") if info.verb in ("create", "update", "patch") else False
    if info.verb not in resource.verbs or wrong_path or (whole and info.verb not in ("list", "watch")):
        raise errors.method_not_allowed()


async def _subresource(scope: RequestScope, info: RequestInfo, request: Request) -> Response:
    """The token of a ServiceAccount, what `kubectl` does inside a Pod, `scale` and `status`. Raises `ApiError`."""
    if scope.resource.namespaced and not info.namespace:
        raise errors.no_such_resource()
    if info.verb not in scope.resource.subresources[info.subresource].verbs:
        raise errors.method_not_allowed()
    if info.subresource in ("token", "exec", "attach"):
        changes_nothing(request.scope)
    if info.subresource == "token":
        options = parse_options("CreateOptions", request.query_params, "")
        body = codec.decode_body(await read_body(request), _content_type(request), "TokenRequest")
        answer, warnings = token_request.create_token(scope, info.name, body, dry_run=options.dry_run)
        return json_response(answer, 201, warnings)
    if info.subresource == "log":
        return read_log(scope.world, info.namespace, info.name, request.query_params)
    if info.subresource == "portforward":
        raise errors.bad_request(NO_PORT_FORWARD)
    if info.subresource in ("exec", "attach"):
        # kubectl comes here with SPDY after any refusal of its websocket, to read the reason.
        if wants_spdy(request):
            return spdy_response(scope.world, info, request)
        pod = scope.world.cluster.get("pods", info.namespace, info.name)
        choose_container(pod, request.query_params.get("container", ""))
        raise errors.bad_request("Upgrade request required")
    if info.subresource == "scale":
        if info.verb == "get":
            return json_response(scale_of(scope, info.name))
        write = await _write(replace(scope, subresource=""), request)
        return json_response(await change_scale(scope, info.name, write, patched=info.verb == "patch"))
    if info.verb == "get":
        accept = request.headers.get("accept", "")
        return reading.get_object(scope, info.name, accept, request.query_params)
    write = await _write(scope, request)
    return await (write.patch if info.verb == "patch" else write.update)(info.name)


def _document(world: World, path: str, request: Request) -> Response:
    """The document at a path that is no resource. Raises `ApiError` 404."""
    path = path.rstrip("/") or "/"
    if (text := health(path, request.query_params)) is not None:
        return PlainTextResponse(text, headers=common_headers())
    if path == "/.well-known/openid-configuration":
        response = json_response(discovery.openid_configuration(world))
        response.headers.update(_OPENID_HEADERS)
        return response
    if path == "/openid/v1/jwks":
        response = json_response(discovery.jwks(world))
        response.headers.update({**_OPENID_HEADERS, "content-type": "application/jwk-set+json"})
        return response
    if path == "/openapi/v2":
        protobuf = openapi_protobuf.ACCEPTED in request.headers.get("accept", "")
        media = openapi_protobuf.MEDIA_TYPE if protobuf else "application/json"
        return Response(openapi.swagger(protobuf=protobuf), headers=common_headers(), media_type=media)
    body = _described(path, request)
    if body is None:
        raise errors.no_such_resource(path)
    return json_response(body)


def _described(path: str, request: Request) -> JsonObject | bytes | None:
    parts = path.split("/")[1:]
    if path == "/version":
        return discovery.VERSION
    if path == "/api":
        return discovery.api_versions(request.headers.get("host", ""))
    if path == "/apis":
        return discovery.api_group_list()
    if path == "/openapi/v3":
        return openapi.paths(str(request.scope.get("root_path", "")))
    if path.startswith("/openapi/v3/"):
        return openapi.document(path.removeprefix("/openapi/v3/"))
    if parts[0] == "api" and len(parts) == 2:
        return discovery.api_resource_list("", parts[1])
    if parts[0] == "apis" and len(parts) == 2:
        return discovery.api_group(parts[1])
    if parts[0] == "apis" and len(parts) == 3 and parts[1]:
        return discovery.api_resource_list(parts[1], parts[2])
    return None
