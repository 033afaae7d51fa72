"""The JSON protocol that CloudTrail speaks (AWS JSON 1.1): the operation in a header, JSON in and out."""

from __future__ import annotations

from starlette.responses import Response

from app.flow import strict_json
from app.world.aws.authentication import authenticate
from app.world.aws.authorization import authorize
from app.world.aws.cloudtrail.lookup import lookup_events
from app.world.aws.directory import Directory
from app.world.aws.errors import AwsError, not_simulated
from app.world.aws.incoming import Incoming
from app.world.aws.protocols import responses
from app.world.aws.protocols.responses import Protocol, answer
from app.world.aws.sigv4 import Signature

SERVICE = "cloudtrail"
_TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
_ACTION = "LookupEvents"


def respond(directory: Directory, request: Incoming, signature: Signature) -> Response:
    """Answers one call. Raises `AwsError`."""
    caller = authenticate(directory, request, signature)
    target = request.header("x-amz-target") or ""
    if not target.startswith(_TARGET):
        raise AwsError(400, "UnknownOperationException", "")
    if target != f"{_TARGET}{_ACTION}":
        raise not_simulated(SERVICE, target.removeprefix(_TARGET))
    authorize(caller, f"{SERVICE}:{_ACTION}")
    try:
        asked = strict_json.loads(request.body.decode() or "{}")
    except ValueError as error:
        raise AwsError(400, "SerializationException", "") from error
    if not isinstance(asked, dict):
        raise AwsError(400, "SerializationException", "")
    return answer(Protocol.JSON_1_1, lookup_events(caller.account, caller.region, asked))


def refusal(error: AwsError) -> Response:
    """An error in the shape of the JSON protocol."""
    return responses.refusal(Protocol.JSON_1_1, error)
