"""Refusals as the API server words them: every one is a `Status` object with its HTTP code.

Source of the texts: k8s.io/apimachinery `pkg/api/errors/errors.go` and `pkg/util/validation/field/errors.go`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.flow.model import JsonObject
from app.world.apiserver.types.resources import Resource


class ApiError(Exception):
    """The request is refused; `status` is the body that says so."""

    def __init__(
        self, code: int, reason: str, message: str, details: JsonObject | None = None, *, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        """The HTTP status."""
        self.reason = reason
        """The machine-readable word, such as `NotFound`."""
        self.message = message
        self.details = details
        self.retry_after = retry_after
        """Seconds for the `Retry-After` header; None sends no such header."""

    @property
    def status(self) -> JsonObject:
        """The `Status` object (meta/v1)."""
        status: JsonObject = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status


@dataclass(frozen=True, kw_only=True)
class Cause:
    """One invalid field, in the words of field validation."""

    field: str
    reason: str
    """Such as `FieldValueInvalid`."""
    message: str
    """Such as `Invalid value: 599: may not specify a duration less than 10 minutes`."""


def _details(resource: Resource, name: str) -> JsonObject:
    details: JsonObject = {}
    if name:
        details["name"] = name
    if resource.group:
        details["group"] = resource.group
    return {**details, "kind": resource.plural}


def bad_request(message: str) -> ApiError:
    """400: the body or a parameter cannot be understood."""
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    """401: a token that is not accepted. The reason is never given."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(resource: Resource, name: str, why: str) -> ApiError:
    """403 about one object: RBAC or an admission plugin said no."""
    about = f'{resource.qualified} "{name}"' if name else resource.qualified
    return ApiError(403, "Forbidden", f"{about} is forbidden: {why}", _details(resource, name))


def forbidden_path(user: str, verb: str, path: str, because: str) -> ApiError:
    """403 about a URL that is no resource."""
    return ApiError(403, "Forbidden", f'forbidden: User "{user}" cannot {verb} path "{path}"{because}', {})


def not_found(resource: Resource, name: str) -> ApiError:
    """404: no such object."""
    return ApiError(404, "NotFound", f'{resource.qualified} "{name}" not found', _details(resource, name))


def no_such_resource(name: str = "") -> ApiError:
    """404: no such path. `name`: what is not there, though it may be in a real cluster."""
    lacks = f" (this simulated API server has no {name[:64]})" if name else ""
    return ApiError(404, "NotFound", f"the server could not find the requested resource{lacks}", {})


def method_not_allowed() -> ApiError:
    """405: the path exists, the verb does not."""
    return ApiError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})


def already_exists(resource: Resource, name: str) -> ApiError:
    """409: the name is taken."""
    return ApiError(409, "AlreadyExists", f'{resource.qualified} "{name}" already exists', _details(resource, name))


def conflict(resource: Resource, name: str, why: str) -> ApiError:
    """409: the object is not what the request assumed."""
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiError(409, "Conflict", message, _details(resource, name))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def expired(message: str) -> ApiError:
    """410: the resource version is older than what the server still remembers."""
    return ApiError(410, "Expired", message)


def too_large() -> ApiError:
    """413: the body is larger than the limit."""
    return ApiError(413, "RequestEntityTooLarge", "Request entity too large: limit is 1048576", {})


def too_many_values(limit: int) -> ApiError:
    """413: the document is small in bytes, yet holds more values than this server takes."""
    limited = f"this simulated API server takes at most {limit} values in a document"
    return ApiError(413, "RequestEntityTooLarge", f"Request entity too large: {limited}", {})


def too_slow() -> ApiError:
    """504: the body did not come in time (`NewTimeoutError` of k8s.io/apiserver's request deadline)."""
    return ApiError(504, "Timeout", "Timeout: request did not complete within the allotted timeout", {})


def unsupported_media_type(accepted: Sequence[str]) -> ApiError:
    """415: no decoder for the body's Content-Type."""
    message = f"the body of the request was in an unknown format - accepted media types include: {', '.join(accepted)}"
    return ApiError(415, "UnsupportedMediaType", message, {})


def unread_protobuf(kind: str) -> ApiError:
    """415: a kind that this server does not read in protobuf. kubectl sends it so, and takes no other way."""
    sent = ", which kubectl debug sends" if kind == "Pod" else ""
    why = f"this simulated API server reads a {kind[:64]} in JSON or YAML, not in protobuf{sent}"
    return ApiError(415, "UnsupportedMediaType", why, {})


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """422: fields break the rules. One cause is written as it is, several in brackets, as Kubernetes does."""
    texts = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    details: JsonObject = {"name": name} if name else {}
    if group:
        details["group"] = group
    if kind:
        details["kind"] = kind
    details["causes"] = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
    qualified = f"{kind}.{group}" if group else kind
    return ApiError(422, "Invalid", f'{qualified} "{name}" is invalid: {listed}', details)


def unprocessable() -> ApiError:
    """422 for a JSON patch that does not apply."""
    message = "the server rejected our request due to an error in our request"
    return ApiError(422, "Invalid", message, {})


def too_many_requests(message: str, seconds: float = 1) -> ApiError:
    """429: a cap of this simulated cluster is reached, or the client is to wait (`NewTooManyRequests`)."""
    whole = math.ceil(seconds)
    return ApiError(429, "TooManyRequests", message, {"retryAfterSeconds": whole}, retry_after=whole)


def internal(message: str) -> ApiError:
    """500: a webhook with `failurePolicy: Fail` could not be called or answered nonsense, or there is nothing left to
    allocate."""
    details: JsonObject = {"causes": [{"message": message}]}
    return ApiError(500, "InternalError", f"Internal error occurred: {message}", details)
