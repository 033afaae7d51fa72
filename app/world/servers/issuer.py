"""The cluster's public OIDC issuer: the discovery document and the keys, as EKS publishes them. It signs nothing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router

from app.flow.model import JsonValue
from app.serving.gate import host_of, is_loopback_host

if TYPE_CHECKING:
    from app.world.world import World

HEADERS = {"cache-control": "max-age=604800"}
"""Seven days, as users see it at EKS. kube-apiserver sends an hour with its own documents."""

_PRIVATE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
)
"""What a self-hosted issuer answers whose bucket is private: S3's own refusal."""


def discovery(world: World) -> JsonValue:
    """The document of the public EKS endpoint, members in its order (not those of kube-apiserver's own document)."""
    return {
        "issuer": world.issuer,
        "jwks_uri": f"{world.issuer}/keys",
        "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "claims_supported": ["sub", "iss"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def jwks(world: World) -> JsonValue:
    """The public keys, newest first."""
    return {"keys": [key.jwk() for key in world.keys.published]}


def create_app(find_world: Callable[[str], World | None], issuer_host: str) -> Router:
    """Serves `/{issuer id}/.well-known/openid-configuration` and `/{issuer id}/keys`.

    `find_world` takes the issuer id. Answers to the issuer's own host name, and to loopback for asking by hand.
    """

    def serve(document: Callable[[World], JsonValue]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            host = request.headers.get("host", "")
            if host_of(host) != issuer_host and not is_loopback_host(host):
                return PlainTextResponse("misdirected request\n", 421)
            world = find_world(request.path_params["issuer_id"])
            if world is None:
                return JSONResponse({"message": "Not Found"}, 404)
            world.usage.charge()
            if not world.issuer_published:
                return Response(_PRIVATE, 403, media_type="application/xml")
            return JSONResponse(document(world), headers=HEADERS)

        return endpoint

    return Router(
        routes=[
            Route("/{issuer_id}/.well-known/openid-configuration", serve(discovery)),
            Route("/{issuer_id}/keys", serve(jwks)),
        ]
    )
