"""The REST protocol that S3 speaks."""

from __future__ import annotations

import base64
import secrets

from starlette.responses import Response

from app.world.aws import xml
from app.world.aws.authentication import authenticate
from app.world.aws.directory import Directory
from app.world.aws.errors import AwsError, access_denied
from app.world.aws.incoming import Incoming
from app.world.aws.s3 import operations
from app.world.aws.sigv4 import Signature


async def respond(directory: Directory, request: Incoming, signature: Signature | None) -> Response:
    """Answers one call of S3. Raises `AwsError`."""
    if signature is None:
        if (request.header("authorization") or "").startswith("AWS ") or request.argument("AWSAccessKeyId"):
            message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
            raise AwsError(400, "InvalidRequest", message)
        raise access_denied("Access Denied")
    answer = await operations.call(authenticate(directory, request, signature), request)
    response = Response(answer.body, answer.status, headers=answer.headers | _identifiers())
    if answer.status == 204:
        del response.headers["content-length"]
    return response


def refusal(error: AwsError, raw_path: str) -> Response:
    """An error in the shape of S3. A client that asked with HEAD gets no body: the server leaves it out."""
    identifiers = _identifiers()
    members = {
        "Code": error.code,
        "Message": error.message,
        **error.details,
        "Resource": raw_path,
        "RequestId": identifiers["x-amz-request-id"],
        "HostId": identifiers["x-amz-id-2"],
    }
    body = xml.DECLARATION + xml.element("Error", members)
    return Response(body, error.status, media_type="application/xml", headers=identifiers)


def _identifiers() -> dict[str, str]:
    return {
        "x-amz-request-id": base64.b32encode(secrets.token_bytes(10)).decode(),
        "x-amz-id-2": base64.b64encode(secrets.token_bytes(42)).decode(),
    }
