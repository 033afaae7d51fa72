"""Questions that are answered and never stored: who am I, what may I or another user do, whose token is this.

Source: `pkg/registry/{authentication,authorization}/*/rest.go` and `pkg/apis/authorization/validation/validation.go`.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.flow.model import JsonObject
from app.flow.times import timestamp
from app.world.apiserver.auth.authentication import MASTERS, InvalidToken, User
from app.world.apiserver.auth.authentication import review as review_token
from app.world.apiserver.auth.authorization import BUILT_IN, Grant, Request, decide, grants_of, missing_roles
from app.world.apiserver.registry.preparation import match_namespace, typed
from app.world.apiserver.request.options import Options
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types.errors import Cause, bad_request, invalid
from app.world.apiserver.types.names import invalid_value

_ATTRIBUTES = ("verb", "group", "version", "resource", "subresource", "namespace", "name")


def answer_review(scope: RequestScope, body: JsonObject, options: Options) -> tuple[JsonObject, list[str]]:
    """The answered review, and warnings about unknown fields. Raises `ApiError` 400 and 422."""
    review, warnings = typed(body, scope.resource, options)
    match_namespace(review.setdefault("metadata", {}), scope.resource, scope.namespace)
    answers = {
        "LocalSubjectAccessReview": _access,
        "SelfSubjectReview": _who,
        "SelfSubjectAccessReview": _access,
        "SelfSubjectRulesReview": _rules,
        "SubjectAccessReview": _access,
        "TokenReview": _token,
    }
    kind = scope.resource.kind
    return {"kind": kind, "apiVersion": scope.resource.api_version, **answers[kind](scope, review)}, warnings


def _metadata(review: JsonObject) -> JsonObject:
    """That of an object that is never stored: nothing sets its time."""
    return {**review["metadata"], "creationTimestamp": None}


def _who(scope: RequestScope, review: JsonObject) -> JsonObject:
    metadata = {"creationTimestamp": timestamp(scope.world.clock.now())}
    return {"metadata": metadata, "status": {"userInfo": _info(scope.user)}}


def _token(scope: RequestScope, review: JsonObject) -> JsonObject:
    """Without an audience the review is for the API server's own."""
    world, spec = scope.world, review.get("spec", {})
    asked = {"metadata": _metadata(review), "spec": spec}
    if not spec.get("token"):
        raise bad_request("token is required for TokenReview in authentication")
    try:
        whose, audiences = review_token(world, spec["token"], spec.get("audiences") or [world.api_audience])
    except InvalidToken as error:
        return {**asked, "status": {"user": {}, "error": str(error)}}
    return {**asked, "status": {"authenticated": True, "user": _info(whose), "audiences": list(audiences)}}


def _info(user: User) -> JsonObject:
    info: JsonObject = {"username": user.name}
    if user.uid:
        info["uid"] = user.uid
    info["groups"] = list(user.groups)
    if user.extra:
        info["extra"] = {key: list(values) for key, values in user.extra.items()}
    return info


def _access(scope: RequestScope, review: JsonObject) -> JsonObject:
    """Whether a user may do something: the one who asks, or the one that the review names."""
    kind, spec = scope.resource.kind, review.get("spec", {})
    if causes := list(_invalid(kind, review["metadata"], spec)):
        raise invalid("", scope.resource.group, "", causes)
    user = scope.user if kind.startswith("Self") else _named(spec)
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None:
        request = Request(**{name: resource.get(name, "") for name in _ATTRIBUTES})
    else:
        request = Request(verb=path.get("verb", ""), path=path.get("path", ""))
    allowed, reason = decide(scope.world, user, request)
    status: JsonObject = {"allowed": allowed, **({"reason": reason} if reason else {})}
    return {"metadata": _metadata(review), "spec": spec, "status": status}


def _named(spec: JsonObject) -> User:
    """The user that a review names. No group follows from the name: the review lists the groups."""
    extra = {key: tuple(values) for key, values in spec.get("extra", {}).items()}
    return User(name=spec.get("user", ""), groups=tuple(spec.get("groups", ())), uid=spec.get("uid", ""), extra=extra)


def _invalid(kind: str, metadata: JsonObject, spec: JsonObject) -> Iterator[Cause]:
    """The causes against a review of what a user may do."""
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        sentence = "cannot be specified in combination with resourceAttributes"
        yield invalid_value("spec.nonResourceAttributes", path, sentence)
    elif resource is None and path is None:
        sentence = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        yield invalid_value("spec.resourceAttributes", None, sentence)
    if not kind.startswith("Self") and not spec.get("user") and not spec.get("groups"):
        yield invalid_value("spec.user", "", "at least one of user or group must be specified")
    is_local = kind.startswith("Local")
    if metadata.keys() - ({"namespace"} if is_local else set()) - {"managedFields"}:
        yield invalid_value("metadata", metadata, f"must be empty{' except for namespace' if is_local else ''}")
    if is_local and resource is not None and resource.get("namespace", "") != metadata["namespace"]:
        namespace = resource.get("namespace", "")
        yield invalid_value("spec.resourceAttributes.namespace", namespace, "must match metadata.namespace")
    if is_local and path is not None:
        yield invalid_value("spec.nonResourceAttributes", path, "disallowed on this kind of request")


def _rule(grant: Grant) -> JsonObject:
    rule: JsonObject = {"verbs": list(grant.verbs), "apiGroups": list(grant.groups), "resources": list(grant.resources)}
    return rule | ({"resourceNames": list(grant.names)} if grant.names else {})


def _rules(scope: RequestScope, review: JsonObject) -> JsonObject:
    """What the one who asks may do in a namespace. The right of `system:masters` is listed as that of its role."""
    namespace = review.get("spec", {}).get("namespace", "")
    if not namespace:
        raise bad_request("no namespace on request")
    held = [it for it in grants_of(scope.world, scope.user, namespace) if it not in BUILT_IN[MASTERS]]
    missing = missing_roles(scope.world, scope.user, namespace)
    return {
        "metadata": {"creationTimestamp": None},
        "spec": {},
        "status": {
            "resourceRules": [_rule(grant) for grant in held if grant.resources],
            "nonResourceRules": [
                {"verbs": list(grant.verbs), "nonResourceURLs": list(grant.paths)} for grant in held if grant.paths
            ],
            "incomplete": False,
            **({"evaluationError": missing} if missing else {}),
        },
    }
