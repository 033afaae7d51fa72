"""The pod identity webhook as an admission webhook: AdmissionReview in, AdmissionReview with a JSON patch out.

Of v1 or v1beta1, by which EKS registers it: both are written alike.

What it patches is `app.flow.webhook`. Source of the protocol: `k8s.io/api/admission/v1`; of the answers to what is no
review: `pkg/handler/handler.go` of amazon-eks-pod-identity-webhook.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, Router

from app.flow.model import JsonObject, JsonValue
from app.flow.webhook import POD_IDENTITY_JITTER, mutate, mutate_for_pod_identity
from app.serving.gate import is_loopback_host
from app.world.servers.http import BodyTooLarge, BodyTooSlow, changes_nothing, read_body

if TYPE_CHECKING:
    from app.world.world import World

API_VERSION = "admission.k8s.io/v1"
_VERSIONS = (API_VERSION, "admission.k8s.io/v1beta1")


class MalformedReview(ValueError):
    """The body is no AdmissionReview of a Pod."""


Edit = Callable[[JsonObject, str | None, str | None], list[JsonObject]]
"""What makes the patch of a Pod from it, its namespace and its ServiceAccount's name; either is None where it is no
text."""


def review(world: World, document: JsonValue) -> JsonValue:
    """The answer of the world's webhook to an AdmissionReview. Raises `MalformedReview`."""

    def edit(pod: JsonObject, namespace: str | None, name: str | None) -> list[JsonObject]:
        # (1) The ServiceAccount, from the cluster. (The real webhook has it in a cache that may lag behind.)
        known = namespace is not None and name is not None
        service_account = world.find_service_account(str(namespace), str(name)) if known else None
        # (2) An association of EKS Pod Identity takes precedence over an annotation, though no agent runs here.
        if known and world.eks_cluster.is_associated(str(namespace), str(name)):
            jitter = secrets.randbelow(POD_IDENTITY_JITTER + 1)
            return mutate_for_pod_identity(pod, service_account, world.webhook_settings, jitter=jitter)
        return mutate(pod, service_account, world.webhook_settings)

    return answer(document, edit)


def answer(document: JsonValue, edit: Edit) -> JsonValue:
    """The answer to an AdmissionReview: always `allowed`, with a patch where there is something to change.

    Raises `MalformedReview`.
    """
    # (1) What is asked: a Pod, and the namespace it is created in (the Pod itself need not name it).
    request = _mapping(_mapping(document, "AdmissionReview"), "request", "request")
    version = document.get("apiVersion")
    if version not in _VERSIONS or document.get("kind") != "AdmissionReview":
        raise MalformedReview(f"expected {API_VERSION} AdmissionReview")
    uid = request.get("uid")
    if not isinstance(uid, str):
        raise MalformedReview("request.uid must be a string")
    pod = _mapping(request, "request.object", "object")
    spec = _mapping(pod, "request.object.spec", "spec")
    namespace, name = request.get("namespace"), spec.get("serviceAccountName") or "default"

    # (2) The patch.
    try:
        patch = edit(
            dict(pod),
            namespace if isinstance(namespace, str) else None,
            name if isinstance(name, str) else None,
        )
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise MalformedReview("request.object is no Pod") from error
    response: JsonObject = {"uid": uid, "allowed": True}
    if patch:
        text = json.dumps(patch, separators=(",", ":")).encode()
        response |= {"patch": base64.b64encode(text).decode(), "patchType": "JSONPatch"}
    return {"kind": "AdmissionReview", "apiVersion": version, "response": response}


def _mapping(value: Any, where: str, member: str | None = None) -> Mapping[str, Any]:
    found = value if member is None else value.get(member)
    if not isinstance(found, dict):
        raise MalformedReview(f"{where} must be an object")
    return found


def create_app(find_world: Callable[[str], World | None]) -> Router:
    """Serves `POST /{path}/mutate`. `find_world` takes the world's path."""

    async def endpoint(request: Request) -> Response:
        if not is_loopback_host(request.headers.get("host", "")):
            return PlainTextResponse("misdirected request\n", 421)
        world = find_world(request.path_params["path"])
        if world is None:
            return PlainTextResponse("404 page not found\n", 404)
        world.usage.charge()
        changes_nothing(request.scope)

        async def reviewed(document: JsonValue) -> JsonValue:
            await asyncio.sleep(world.webhook_delay)
            return review(world, document)

        return await respond(request, reviewed)

    return Router(routes=[Route("/{path}/mutate", endpoint, methods=["POST"])])


async def respond(request: Request, reviewed: Callable[[JsonValue], Awaitable[JsonValue]]) -> Response:
    """The response to one request for a review."""
    if request.headers.get("content-type") != "application/json":
        return PlainTextResponse("Invalid Content-Type, expected `application/json`\n", 415)
    try:
        return JSONResponse(await reviewed(json.loads(await read_body(request))))
    except BodyTooLarge:
        return PlainTextResponse("http: request body too large\n", 413, headers={"connection": "close"})
    except BodyTooSlow:
        return PlainTextResponse("http: request body too slow\n", 408, headers={"connection": "close"})
    except MalformedReview as error:
        return PlainTextResponse(f"{error}\n", 400)
    except (ValueError, RecursionError):
        return PlainTextResponse("the body is no JSON\n", 400)
