"""One http endpoint for all of AWS, as `AWS_ENDPOINT_URL` expects it.

A signed request names its service in the credential scope and its account in the key id. An unsigned one is a call of
the query protocol, of the metadata service, or an anonymous one of S3.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.flow.json_access import whole_number
from app.serving.gate import is_loopback_host
from app.world.aws import metadata, protocols, query_api
from app.world.aws.cloudtrail import api as cloudtrail_api
from app.world.aws.directory import Directory
from app.world.aws.eks import api as eks_api
from app.world.aws.errors import SIMULATED, AwsError, throttled
from app.world.aws.incoming import Incoming, incoming
from app.world.aws.s3 import api as s3_api
from app.world.aws.s3.errors import slow_down, too_large
from app.world.aws.sigv4 import MalformedSignature, Signature, read_signature
from app.world.aws.times import http_date
from app.world.events.aws import account_of_call, changes_account, notice
from app.world.servers.http import BODY_LIMIT, BodyTooLarge, BodyTooSlow, changes_only_if, read_body

QUERY_LIMIT = 400 * 1024
"""Bytes of a form. The largest that IAM takes is a policy of 131,072 characters, at three bytes each 384 KiB."""
_S3_SCOPE = "/s3/aws4_request"
_SCOPE = re.compile(r"(?:/|%2F)([a-z0-9-]{1,64})(?:/|%2F)aws4_request", re.IGNORECASE)
"""The end of a credential scope, in a header or in a query."""
_TOO_SLOW = (
    "Your socket connection to the server was not read from or written to within the timeout period. "
    "Idle connections will be closed."
)


def create_app(directory: Directory, is_own_host: Callable[[str], bool] = is_loopback_host) -> ASGIApp:
    """The endpoint as an ASGI application. `is_own_host`: which Host headers are answered."""
    # No routes: a path is a bucket and a key here, of any characters, and any method is S3's to refuse.
    return _Endpoint(directory, is_own_host)


def wait(scope: Scope) -> Response:
    """The refusal of a request that is to be sent again later, in the shape of the service that it names."""
    service = _named(Request(scope))
    return _refusal(service, slow_down() if service == "s3" else throttled(), scope["path"])


def not_kept(scope: Scope, why: str) -> Response:
    """The answer to a change that is not on the disk: a status that SDKs do not take for a reason to try again, because
    the change is made."""
    return _refusal(_named(Request(scope)), AwsError(507, "InsufficientStorage", why), scope["path"])


class _Endpoint:
    def __init__(self, directory: Directory, is_own_host: Callable[[str], bool]) -> None:
        self._directory = directory
        self._is_own_host = is_own_host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await WebSocketClose()(scope, receive, send)
            return
        try:
            response = await self._respond(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        if not self._is_own_host(request.headers.get("host", "")):
            return PlainTextResponse("Forbidden", 403)
        signed = _claims_signature(request)
        if not signed and request.scope["path"].startswith(metadata.PREFIX):
            return await metadata.respond(self._directory, request)
        try:
            body = await read_body(request, _limit(request))
        except BodyTooLarge:
            return _unread(request, _too_large(request))
        except BodyTooSlow:
            return _unread(request, AwsError(400, "RequestTimeout", _TOO_SLOW))
        try:
            call = incoming(request, body)
        except ValueError:
            error = AwsError(404, "MalformedQueryString", "The query string contains a syntax error.")
            return query_api.refusal("sts", error)
        changes_only_if(request.scope, lambda: changes_account(call))
        response = await self._dispatch(call)
        if (account := account_of_call(self._directory, call)) is not None:
            notice(account, call, response.status_code)
            # STS judges tokens by this clock; the server dates what is of no account.
            response.headers["date"] = http_date(account.clock.now())
        return response

    async def _dispatch(self, call: Incoming) -> Response:
        service = "sts"
        try:
            signature = read_signature(call)
            if signature is not None:
                service = signature.service
            elif not _is_query_call(call):
                service = "s3"
            if service == "s3":
                return await s3_api.respond(self._directory, call, signature)
            if signature is not None and service == cloudtrail_api.SERVICE:
                return cloudtrail_api.respond(self._directory, call, signature)
            if signature is not None and service == eks_api.SERVICE:
                return eks_api.respond(self._directory, call, signature)
            is_query = service in query_api.VERSIONS or _is_query_call(call)
            parameters = query_api.read_parameters(call) if is_query else {}
            version = parameters.get("Version", "")
            if signature is not None and service not in SIMULATED and version not in query_api.VERSIONS.values():
                return protocols.refuse_unsimulated(self._directory, call, signature, parameters)
            service = _service(signature, version)
            return await query_api.respond(self._directory, service, call, parameters, signature)
        except MalformedSignature as problem:
            return _malformed_signature(call, problem)
        except AwsError as error:
            return _refusal(service, error, call.raw_path)


def _named(request: Request) -> str:
    """The service that a request names before its body is read."""
    found = _SCOPE.search(request.headers.get("authorization", "")) or _SCOPE.search(request.url.query)
    return found[1] if found else "sts" if request.method == "POST" or "Action=" in request.url.query else "s3"


def _refusal(service: str, error: AwsError, raw_path: str) -> Response:
    if service == "s3":
        return s3_api.refusal(error, raw_path)
    if service == cloudtrail_api.SERVICE:
        return cloudtrail_api.refusal(error)
    if service == eks_api.SERVICE:
        return eks_api.refusal(error)
    return query_api.refusal(service if service in query_api.VERSIONS else "sts", error)


def _service(signature: Signature | None, version: str) -> str:
    """IAM or STS: what the scope says, else what the API version says. Raises `AwsError` for any other service."""
    asked = next((name for name, known in query_api.VERSIONS.items() if known == version), "sts")
    if signature is None or signature.service in query_api.VERSIONS:
        return signature.service if signature else asked
    raise AwsError(403, "SignatureDoesNotMatch", f"Credential should be scoped to correct service: '{asked}'. ")


def _claims_signature(request: Request) -> bool:
    return (
        request.headers.get("authorization", "").startswith("AWS4-")
        or b"X-Amz-Algorithm" in (request.scope["query_string"])
    )


def _is_query_call(call: Incoming) -> bool:
    """Whether an unsigned request speaks the query protocol: a form, or `Action` in the query string."""
    if call.method == "POST":
        return call.raw_path == "/"
    return call.method == "GET" and call.argument("Action") is not None


def _malformed_signature(call: Incoming, problem: MalformedSignature) -> Response:
    """Which service was meant is known only as far as the signature can be read."""
    authorization = call.header("authorization")
    if _S3_SCOPE not in (authorization or call.argument("X-Amz-Credential") or ""):
        return query_api.refusal("sts", AwsError(400, "IncompleteSignature", str(problem)))
    if authorization is None:
        return s3_api.refusal(AwsError(400, "AuthorizationQueryParametersError", str(problem)), call.raw_path)
    message = f"The authorization header is malformed; {problem}"
    return s3_api.refusal(AwsError(400, "AuthorizationHeaderMalformed", message), call.raw_path)


def _limit(request: Request) -> int:
    is_form = request.method == "POST" and request.scope["path"] == "/" and not _is_s3(request)
    return QUERY_LIMIT if is_form else BODY_LIMIT


def _is_s3(request: Request) -> bool:
    return _S3_SCOPE in request.headers.get("authorization", "")


def _too_large(request: Request) -> AwsError:
    """S3's words are known. IAM's and STS's are not: theirs say what the HTTP status says."""
    if not _is_s3(request):
        return AwsError(413, "RequestEntityTooLarge", "Request Entity Too Large")
    announced = whole_number(request.headers.get("content-length", ""))
    return too_large(BODY_LIMIT + 1 if announced is None else announced, BODY_LIMIT)


def _unread(request: Request, error: AwsError) -> Response:
    """Refuses a request whose body was not read to its end, and closes the connection."""
    response = s3_api.refusal(error, request.scope["path"]) if _is_s3(request) else query_api.refusal("sts", error)
    response.headers["connection"] = "close"
    return response
