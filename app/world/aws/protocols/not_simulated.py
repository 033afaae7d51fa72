"""What this AWS does not simulate: a signed request to it is refused with that reason, in its own protocol.

The credential scope names the service and the request's form the protocol, so no list of AWS's services is needed.
"""

from __future__ import annotations

import re

from starlette.responses import Response

from app.world.aws.authentication import authenticate
from app.world.aws.directory import Directory
from app.world.aws.errors import AwsError, not_simulated
from app.world.aws.incoming import Incoming
from app.world.aws.parameters import Parameters
from app.world.aws.protocols.responses import Protocol, refusal
from app.world.aws.sigv4 import Signature

_REST_XML = ("route53", "cloudfront")
"""The services that speak restXml, S3 apart."""
_SERVICE = re.compile(r"[a-z0-9-]{1,64}")


def respond(directory: Directory, request: Incoming, signature: Signature, parameters: Parameters) -> Response:
    """Refuses a call of a service that is not simulated. `parameters`: of the query protocol; empty in others."""
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
