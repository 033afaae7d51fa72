"""TokenRequest: how every ServiceAccount token comes to be.

Source: `pkg/registry/core/serviceaccount/storage/token.go`, `pkg/serviceaccount/claims.go` of Kubernetes 1.33, with the
settings of EKS: a token lives a day at most, a Pod's own token for the API server is stretched to 90 days.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.admission.plugins import API_TOKEN_SECONDS, check_namespace
from app.world.apiserver.auth.authorization import Request, is_allowed
from app.world.apiserver.auth.service_accounts import username
from app.world.apiserver.registry.preparation import match_namespace
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types import errors
from app.world.apiserver.types.codec import decode_typed
from app.world.apiserver.types.names import invalid_value
from app.world.apiserver.types.resources import RESOURCES
from app.world.apiserver.types.volume_validation import token_seconds_errors

if TYPE_CHECKING:
    from app.world.world import World


GROUP = "authentication.k8s.io"
_REQUEST_AUDIENCE = "request-serviceaccounts-token-audience"
"""The verb by which a role allows a node to request an audience that no volume of the Pod has."""
DEFAULT_SECONDS = 3600
MAX_SECONDS = 86_400
"""`--service-account-max-token-expiration` of EKS."""
EXTENDED_SECONDS = 90 * 86_400
"""How long a Pod's token for the API server really lives on EKS (`--service-account-extend-token-expiration`)."""


def create_token(scope: RequestScope, name: str, body: JsonObject, *, dry_run: bool) -> tuple[JsonObject, list[str]]:
    """The answered TokenRequest, and warnings. Raises `ApiError` 400, 403, 404, 409 and 422."""
    world, namespace = scope.world, scope.namespace
    # (1) The request.
    request, _ = decode_typed(body, RESOURCES["serviceaccounts"], kind="TokenRequest", api_version=f"{GROUP}/v1")
    spec = request.get("spec", {})
    seconds = spec.get("expirationSeconds", DEFAULT_SECONDS)
    metadata = request.setdefault("metadata", {})
    match_namespace(metadata, RESOURCES["serviceaccounts"], namespace)
    check_namespace(world, RESOURCES["serviceaccounts"], namespace, name)
    if metadata.get("name", name) != name:
        cause = invalid_value("metadata.name", metadata["name"], "must match the service account name if specified")
        raise errors.invalid("TokenRequest", GROUP, name, [cause])
    wrong = [invalid_value("spec.expirationSeconds", seconds, why) for why in token_seconds_errors(seconds)]
    account = world.cluster.read("serviceaccounts", namespace, name).object
    if wrong:
        raise errors.invalid("TokenRequest", GROUP, "", wrong)
    # (2) What it is bound to.
    bound = _bound_object(world, namespace, name, spec.get("boundObjectRef"))
    _restrict_node(scope, name, spec, bound)
    # (3) How long it lives.
    warnings = []
    if seconds > MAX_SECONDS:
        warnings.append(f"requested expiration of {seconds} seconds shortened to {MAX_SECONDS} seconds")
        seconds = MAX_SECONDS
    audiences = spec.get("audiences") or [world.api_audience]
    for_pod = "pod" in bound and audiences == [world.api_audience] and seconds == API_TOKEN_SECONDS
    # (4) The claims.
    now = int(world.clock.now())
    claims = _claims(world, account, bound, audiences, now, EXTENDED_SECONDS if for_pod else seconds)
    if for_pod:
        claims["kubernetes.io"]["warnafter"] = now + seconds
    token = "" if dry_run else world.keys.current.sign(claims)
    answer: JsonObject = {
        "kind": "TokenRequest",
        "apiVersion": f"{GROUP}/v1",
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": timestamp(now)},
        "spec": {
            "audiences": audiences,
            "expirationSeconds": seconds,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        # The asked-for end, even where the token lives longer: the kubelet renews by it.
        "status": {"token": token, "expirationTimestamp": timestamp(now + seconds)},
    }
    return answer, warnings


def _bound_object(world: World, namespace: str, account: str, reference: JsonObject | None) -> dict[str, JsonObject]:
    """The bound objects as claims name them (`pod` and its `node`, `secret`, or `node`), each with name and uid."""
    if reference is None:
        return {}
    name = reference.get("name", "")
    api_version, kind = reference.get("apiVersion", ""), reference.get("kind", "")
    group, _, version = api_version.rpartition("/")
    bound: dict[str, JsonObject] = {}
    if (group, kind) == ("", "Pod"):
        pod = world.cluster.read("pods", namespace, name).object
        if pod["spec"]["serviceAccountName"] != account:
            sentence = (
                f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount name.'
            )
            raise errors.bad_request(sentence)
        uid = pod["metadata"]["uid"]
        bound["pod"] = {"name": name, "uid": uid}
        node = pod["spec"].get("nodeName")
        if node:
            bound["node"] = {"name": node} | ({"uid": world.node_uid} if node == world.node_name else {})
    elif (group, kind) == ("", "Secret"):
        uid = world.cluster.read("secrets", namespace, name).object["metadata"]["uid"]
        bound["secret"] = {"name": name, "uid": uid}
    elif (group, kind) == ("", "Node"):
        if name != world.node_name:
            raise errors.ApiError(404, "NotFound", f'nodes "{name}" not found', {"name": name, "kind": "nodes"})
        uid = world.node_uid
        bound["node"] = {"name": name, "uid": uid}
    else:
        raise errors.bad_request(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    given = reference.get("uid")
    if given and given != uid:
        why = (
            f"the UID in the bound object reference ({given}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        message = f'Operation cannot be fulfilled on {kind} "{name}": {why}'
        raise errors.ApiError(409, "Conflict", message, {"name": name, "kind": kind})
    return bound


def _restrict_node(scope: RequestScope, account: str, spec: JsonObject, bound: dict[str, JsonObject]) -> None:
    """NodeRestriction: a kubelet gets tokens for Pods of its own node alone, named with their uid, and each for one
    audience that a volume of the Pod asks for or that a role allows the node to request.

    Source: `plugin/pkg/admission/noderestriction/admission.go`; the audience counts since Kubernetes 1.33.
    """
    user = scope.user
    if "system:nodes" not in user.groups:
        return
    reference, audiences = spec.get("boundObjectRef") or {}, spec.get("audiences") or [""]
    why = ""
    if "pod" not in bound:
        why = "node requested token not bound to a pod"
    elif not reference.get("uid"):
        why = "node requested token with a pod binding without a uid"
    elif user.name != f"system:node:{bound.get('node', {}).get('name')}":
        why = "node requested token bound to a pod scheduled on a different node"
    elif len(audiences) > 1:
        why = "node may only request 0 or 1 audiences"
    elif audiences[0] not in _audiences_of(scope, reference["name"]) and not is_allowed(
        scope.world,
        user,
        Request(verb=_REQUEST_AUDIENCE, resource=audiences[0], namespace=scope.namespace, name=account),
    ):
        unknown = f"audience {json.dumps(audiences[0], ensure_ascii=False)} not found in pod spec volume"
        why = f"{unknown}, {user.name} is not authorized to request tokens for this audience"
    if why:
        raise errors.forbidden(RESOURCES["serviceaccounts"], account, why)


def _audiences_of(scope: RequestScope, pod: str) -> set[str]:
    """The audiences that the volumes of a Pod ask for; empty is the API server's own."""
    volumes = scope.world.cluster.read("pods", scope.namespace, pod).object["spec"].get("volumes", [])
    sources = [source for volume in volumes for source in (volume.get("projected") or {}).get("sources", ())]
    return {source["serviceAccountToken"].get("audience", "") for source in sources if "serviceAccountToken" in source}


def _claims(
    world: World, account: JsonObject, bound: dict[str, JsonObject], audiences: list[str], now: int, seconds: int
) -> JsonObject:
    metadata = account["metadata"]
    private: JsonObject = {
        "namespace": metadata["namespace"],
        **bound,
        "serviceaccount": {"name": metadata["name"], "uid": metadata["uid"]},
    }
    return {
        "aud": audiences,
        "exp": now + seconds,
        "iat": now,
        "iss": world.issuer,
        "jti": str(uuid.uuid4()),
        "kubernetes.io": private,
        "nbf": now,
        "sub": username(metadata["namespace"], metadata["name"]),
    }
