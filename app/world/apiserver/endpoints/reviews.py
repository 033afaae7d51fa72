"""Questions that are answered and never stored: who am I, what may I do, whose token is this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.auth.authentication import InvalidToken, User
from app.world.apiserver.auth.authentication import review as review_token
from app.world.apiserver.auth.authorization import Grant, Request, grants_of, is_allowed, reason
from app.world.apiserver.types.codec import decode_typed
from app.world.apiserver.types.errors import bad_request, invalid
from app.world.apiserver.types.names import invalid_value
from app.world.apiserver.types.resources import Resource

if TYPE_CHECKING:
    from app.world.world import World


def answer_review(world: World, user: User, resource: Resource, body: JsonObject) -> JsonObject:
    """The answered review. Raises `ApiError` 400 and 422."""
    review, _ = decode_typed(body, resource)
    answers = {
        "SelfSubjectReview": _who,
        "SelfSubjectAccessReview": _access,
        "SelfSubjectRulesReview": _rules,
        "TokenReview": _token,
    }
    return {
        "kind": resource.kind,
        "apiVersion": resource.api_version,
        "metadata": {"creationTimestamp": timestamp(world.clock.now())},
        **answers[resource.kind](world, user, review),
    }


def _who(world: World, user: User, review: JsonObject) -> JsonObject:
    return {"status": {"userInfo": _info(user)}}


def _token(world: World, user: User, review: JsonObject) -> JsonObject:
    """`pkg/registry/authentication/tokenreview`: without an audience the review is for the API server's own."""
    spec = review.get("spec", {})
    if not spec.get("token"):
        raise bad_request("token is required for TokenReview in authentication")
    try:
        whose, audiences = review_token(world, spec["token"], spec.get("audiences") or [world.api_audience])
    except InvalidToken as error:
        return {"spec": spec, "status": {"user": {}, "error": str(error)}}
    return {"spec": spec, "status": {"authenticated": True, "user": _info(whose), "audiences": list(audiences)}}


def _info(user: User) -> JsonObject:
    info: JsonObject = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {key: list(values) for key, values in user.extra.items()}
    return info


def _access(world: World, user: User, review: JsonObject) -> JsonObject:
    spec = review.get("spec", {})
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (path is None):
        sentence = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        cause = invalid_value("spec.resourceAttributes", None, sentence)
        raise invalid("SelfSubjectAccessReview", "authorization.k8s.io", "", [cause])
    fields = ("verb", "group", "version", "resource", "subresource", "namespace", "name")
    asked = resource if resource is not None else path
    request = Request(
        path=(path or {}).get("path", ""),
        **{name: asked.get(name, "") for name in (fields if resource is not None else ("verb",))},
    )
    status: JsonObject = {"allowed": is_allowed(world, user, request)}
    if not status["allowed"] and (said := reason(world, user, request.namespace)):
        status["reason"] = said
    return {"spec": spec, "status": status}


def _rule(grant: Grant) -> JsonObject:
    rule: JsonObject = {"verbs": list(grant.verbs), "apiGroups": list(grant.groups), "resources": list(grant.resources)}
    return rule | ({"resourceNames": list(grant.names)} if grant.names else {})


def _rules(world: World, user: User, review: JsonObject) -> JsonObject:
    spec = review.get("spec", {})
    held = list(grants_of(world, user, spec.get("namespace", "")))
    return {
        "spec": spec,
        "status": {
            "resourceRules": [_rule(grant) for grant in held if grant.resources],
            "nonResourceRules": [
                {"verbs": list(grant.verbs), "nonResourceURLs": list(grant.paths)} for grant in held if grant.paths
            ],
            "incomplete": False,
        },
    }
