"""Mutating admission webhooks: which are called, and what happens when a call fails.

Source: k8s.io/apiserver `pkg/admission/plugin/webhook/` (`mutating/dispatcher.go`, `predicates/`). A failed call under
`failurePolicy: Fail` is a 500 there and so here.
"""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.flow.model import JsonObject, JsonValue
from app.world.apiserver.admission.admission_review import (
    Attributes,
    CallFailed,
    apply_response,
    denial,
    make_request,
    verify_response,
)
from app.world.apiserver.types import errors
from app.world.apiserver.types.selectors import matches_selector
from app.world.servers.loopback import NetworkError

if TYPE_CHECKING:
    from app.world.world import World


WEBHOOKS_LIMIT = 50
"""Mutating webhooks in one cluster: each may be called for each write."""


def check_room(world: World, configuration: JsonObject) -> None:
    """Checks whether the cluster has room for the webhooks of a configuration that is to be stored. Raises `ApiError`
    429."""
    name = configuration["metadata"].get("name")
    stored = world.cluster.scan("mutatingwebhookconfigurations")
    others = [other.object for other in stored if other.object["metadata"]["name"] != name]
    if sum(len(each.get("webhooks", [])) for each in (configuration, *others)) > WEBHOOKS_LIMIT:
        raise errors.too_many_requests(f"this simulated cluster holds at most {WEBHOOKS_LIMIT} mutating webhooks")


async def mutate(
    world: World,
    attributes: Attributes,
    body: JsonObject | None,
    plugins: Callable[[JsonObject], None] = lambda body: None,
) -> tuple[JsonObject | None, list[str]]:
    """The object after all webhooks, and their warnings. Raises `ApiError` where one refuses or a call must not fail.

    Once a webhook has changed the object, the in-tree `plugins` see it again, and so do the webhooks with
    `reinvocationPolicy: IfNeeded` that had been called before the last change.
    """
    warnings: list[str] = []
    if attributes.resource.plural == "mutatingwebhookconfigurations":
        return body, warnings
    original = body
    called: list[JsonObject] = []
    to_repeat: list[JsonObject] = []
    # (1) Every webhook once.
    for hook in _all_webhooks(world):
        if not _concerns(world, hook, attributes, body):
            continue
        changed = await _call_by_policy(world, hook, attributes, body, warnings)
        if changed != body:
            body, to_repeat = changed, list(called)
        if hook["reinvocationPolicy"] == "IfNeeded":
            called.append(hook)
    # (2) Once more those webhooks that have not seen the last change.
    if body is not None and body != original:
        before = json.loads(json.dumps(body))  # a copy, in a third of the time of `copy.deepcopy`
        plugins(body)
        for hook in called if body != before else to_repeat:
            if _concerns(world, hook, attributes, body):
                body = await _call_by_policy(world, hook, attributes, body, warnings)
    return body, warnings


def _all_webhooks(world: World) -> list[JsonObject]:
    """For reading only: no caller changes them."""
    return [
        hook
        for stored in world.cluster.scan("mutatingwebhookconfigurations")
        for hook in stored.object.get("webhooks", [])
    ]


def _concerns(world: World, hook: JsonObject, attributes: Attributes, body: JsonObject | None) -> bool:
    """Whether rules, namespace selector and object selector all match."""
    if not any(_rule_matches(rule, attributes) for rule in hook.get("rules", [])):
        return False
    # A Namespace is matched by its own labels; any other cluster-wide object always matches.
    if attributes.resource.plural == "namespaces":
        labels = ((body or attributes.old or {}).get("metadata") or {}).get("labels", {})
        in_namespace = matches_selector(hook["namespaceSelector"], labels)
    elif attributes.namespace:
        stored = world.cluster.find("namespaces", None, attributes.namespace)
        labels = stored.object["metadata"].get("labels", {}) if stored else {}
        in_namespace = matches_selector(hook["namespaceSelector"], labels)
    else:
        in_namespace = True
    candidates = [document for document in (body, attributes.old) if document is not None]
    return in_namespace and any(
        matches_selector(hook["objectSelector"], document["metadata"].get("labels", {})) for document in candidates
    )


def _rule_matches(rule: JsonObject, attributes: Attributes) -> bool:
    resource, subresource = attributes.resource, attributes.subresource
    suffixes = (f"/{subresource}", "/*") if subresource else ("", "/*")
    wanted = {f"{name}{suffix}" for name in (resource.plural, "*") for suffix in suffixes}
    scope = "Namespaced" if resource.namespaced else "Cluster"
    return (
        rule["scope"] in ("*", scope)
        and bool({"*", attributes.operation} & set(rule["operations"]))
        and bool({"*", resource.group} & set(rule["apiGroups"]))
        and bool({"*", resource.version} & set(rule["apiVersions"]))
        and bool(wanted & set(rule["resources"]))
    )


async def _call_by_policy(
    world: World, hook: JsonObject, attributes: Attributes, body: JsonObject | None, warnings: list[str]
) -> JsonObject | None:
    try:
        return await _call(world, hook, attributes, body, warnings)
    except CallFailed as failure:
        if hook["failurePolicy"] == "Ignore":
            return body
        raise errors.internal(f'failed calling webhook "{hook["name"]}": {failure}') from None


async def _call(
    world: World, hook: JsonObject, attributes: Attributes, body: JsonObject | None, warnings: list[str]
) -> JsonObject | None:
    # (1) Ask. Other work gets its turn before each webhook: one that is out of reach does not wait for anything.
    await asyncio.sleep(0)
    uid = str(uuid.uuid4())
    version = next(item for item in hook["admissionReviewVersions"] if item in ("v1", "v1beta1"))
    review = {
        "kind": "AdmissionReview",
        "apiVersion": f"admission.k8s.io/{version}",
        "request": make_request(uid, attributes, body),
    }
    answer = await _post(world, hook, review)
    await asyncio.sleep(0)  # other work gets its turn: a large object took a while to send, and takes one to patch
    # (2) Is it an answer?
    response = verify_response(answer, uid, version)
    given = response.get("warnings")
    warnings.extend(item for item in (given if isinstance(given, list) else ()) if isinstance(item, str))
    # (3) Allowed?
    if response.get("allowed") is not True:
        raise denial(hook["name"], response.get("status"))
    # (4) Patched?
    return body if body is None else apply_response(response, body)


async def _post(world: World, hook: JsonObject, review: JsonObject) -> JsonValue:
    client, seconds = hook["clientConfig"], hook["timeoutSeconds"]
    if "service" in client:
        service = client["service"]
        host = f"{service['name']}.{service['namespace']}.svc"
        url = f"https://{host}:{service['port']}/{service.get('path', '').lstrip('/')}?timeout={seconds}s"
        raise CallFailed(f'failed to call webhook: Post "{url}": {_why_out_of_reach(world, service)}')
    bundle = base64.b64decode(client.get("caBundle", ""))
    if bundle and b"-----BEGIN CERTIFICATE-----" not in bundle:
        why = "unable to load root certificates: unable to parse bytes as PEM block"
        raise CallFailed(f"could not get REST client: {why}")
    url = f"{client['url']}?timeout={seconds}s"
    try:
        return await world.network.post_json(url, review, ca_bundle_pem=bundle, timeout=float(seconds))
    except NetworkError as error:
        # The server's response is reported unchanged; an error of Go's client with method and URL.
        sentence = str(error) if error.kind == "answer" else f'Post "{url}": {error}'
        raise CallFailed(f"failed to call webhook: {sentence}") from error


def _why_out_of_reach(world: World, service: JsonObject) -> str:
    """Why a Service cannot be called (`ResolveEndpoint` in k8s.io/apiserver `pkg/util/proxy`). Nothing listens in Pods
    here, so a Pod refuses the connection."""
    name, namespace, wanted = service["name"], service["namespace"], service["port"]
    stored = world.cluster.find("services", namespace, name)
    if stored is None:
        return f'service "{name}" not found'
    port = next((each for each in stored.object["spec"].get("ports") or [] if each["port"] == wanted), None)
    if port is None:
        return f'no service port {wanted} found for service "{name}"'
    for each in world.cluster.scan("endpointslices", namespace):
        if each.object["metadata"].get("labels", {}).get("kubernetes.io/service-name") != name:
            continue
        numbers = {entry.get("name") or "": entry.get("port") for entry in each.object.get("ports") or []}
        for endpoint in each.object.get("endpoints") or []:
            ready = (endpoint.get("conditions") or {}).get("ready", True)
            if (number := numbers.get(port.get("name") or "")) and ready and endpoint.get("addresses"):
                return f"dial tcp {endpoint['addresses'][0]}:{number}: connect: connection refused"
    return f'no endpoints available for service "{name}"'
