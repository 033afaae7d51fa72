"""Answers and errors in the shape of each of AWS's protocols, and the refusal of what this AWS does not simulate.

Source: Smithy's AWS protocols (awsJson1_0, awsJson1_1, awsQuery, ec2Query, restJson1, restXml), "Operation error
serialization", and what botocore's parsers read.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from enum import StrEnum

from starlette.responses import Response

from app.flow.model import JsonValue
from app.world.aws import xml
from app.world.aws.authentication import authenticate
from app.world.aws.directory import Directory
from app.world.aws.errors import AwsError, not_simulated
from app.world.aws.incoming import Incoming
from app.world.aws.parameters import Parameters
from app.world.aws.sigv4 import Signature

JSON_CODES: Mapping[str, str] = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "Throttling": "ThrottlingException",
}
"""What the JSON protocols call the refusals that all services share."""
_EC2_FAILURE = "AWS was not able to validate the provided access credentials"
_EC2_CODES = ("InvalidClientTokenId", "SignatureDoesNotMatch")
_REST_XML = ("route53", "cloudfront")
"""The services that speak restXml, S3 apart."""
_SERVICE = re.compile(r"[a-z0-9-]{1,64}")


class Protocol(StrEnum):
    """How a service writes its errors. The value is the media type."""

    JSON_1_0 = "application/x-amz-json-1.0"
    JSON_1_1 = "application/x-amz-json-1.1"
    REST_JSON = "application/json"
    XML = "text/xml"
    """awsQuery and restXml (S3 apart, which has errors of its own)."""
    EC2 = "text/xml;charset=UTF-8"


def answer(protocol: Protocol, document: JsonValue) -> Response:
    """The document as the response of a JSON protocol to a request that succeeds."""
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return Response(text, media_type=protocol, headers={"x-amzn-RequestId": str(uuid.uuid4())})


def refusal(protocol: Protocol, error: AwsError, *, namespace: str = "") -> Response:
    """The error as a response. `namespace`: that of the XML; empty where none is known."""
    request_id = str(uuid.uuid4())
    if protocol is Protocol.EC2:
        return _ec2(error, request_id)
    if protocol is Protocol.XML:
        members = {"Type": "Sender", "Code": error.code, "Message": error.message or None}
        children = [xml.element("Error", members), xml.element("RequestId", request_id)]
        body = xml.document("ErrorResponse", namespace, children)
        return Response(body, error.status, media_type=protocol, headers={"x-amzn-RequestId": request_id})
    code = JSON_CODES.get(error.code, error.code)
    headers = {"x-amzn-RequestId": request_id}
    document = {**error.details, **({"message": error.message} if error.message else {})}
    if protocol is Protocol.REST_JSON:
        headers["x-amzn-ErrorType"] = code
    else:
        document = {"__type": code, **document}
    status = error.status if protocol is Protocol.REST_JSON else 400
    text = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    return Response(text, status, media_type=protocol, headers=headers)


def _ec2(error: AwsError, request_id: str) -> Response:
    if error.code in _EC2_CODES:
        error = AwsError(401, "AuthFailure", _EC2_FAILURE)
    members = {"Errors": {"Error": {"Code": error.code, "Message": error.message}}, "RequestID": request_id}
    body = xml.DECLARATION + xml.element("Response", members)
    return Response(body, error.status, media_type=Protocol.EC2, headers={"x-amzn-RequestId": request_id})


def refuse_unsimulated(
    directory: Directory, request: Incoming, signature: Signature, parameters: Parameters
) -> Response:
    """Refuses a signed call of a service that is not simulated, in its own protocol.

    The credential scope names the service and the request's form the protocol, so no list of AWS's services is needed.
    `parameters`: of the query protocol; empty in others.
    """
    service = signature.service if _SERVICE.fullmatch(signature.service) else ""
    protocol, operation = _read(request, service, parameters)
    try:
        authenticate(directory, request, signature)
        raise not_simulated(service or "this service", operation)
    except AwsError as error:
        return refusal(protocol, error)


def _read(request: Incoming, service: str, parameters: Parameters) -> tuple[Protocol, str]:
    """The protocol that the request is written in, and the operation that it asks for."""
    if target := request.header("x-amz-target"):
        is_old = (request.header("content-type") or "").startswith(Protocol.JSON_1_0)
        return Protocol.JSON_1_0 if is_old else Protocol.JSON_1_1, target.rpartition(".")[2]
    if "Action" in parameters:
        return Protocol.EC2 if service == "ec2" else Protocol.XML, parameters["Action"]
    operation = f"{request.method} {request.raw_path}"
    return Protocol.XML if service in _REST_XML else Protocol.REST_JSON, operation
