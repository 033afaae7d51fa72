"""The JSON protocol that CloudTrail speaks (AWS JSON 1.1), and LookupEvents, its one operation here.

It gives the newest events of one region, by at most one attribute. How it refuses is an assumption.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from starlette.responses import Response

from app.flow import strict_json
from app.flow.model import JsonValue
from app.world.aws import protocols
from app.world.aws.account import Account
from app.world.aws.authentication import authenticate
from app.world.aws.authorization import authorize
from app.world.aws.directory import Directory
from app.world.aws.errors import AwsError, not_simulated
from app.world.aws.incoming import Incoming
from app.world.aws.protocols import Protocol, answer
from app.world.aws.sigv4 import Signature

SERVICE = "cloudtrail"
_TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101."
_ACTION = "LookupEvents"
_INSIGHTS = "insight"
"""Events of CloudTrail Insights, which no account here has."""
Record = Mapping[str, Any]
PAGE = 50
"""Events of one answer: the default and the most."""

_ATTRIBUTES: Mapping[str, Callable[[Record], Iterable[str]]] = {
    "AccessKeyId": lambda record: (),
    "EventId": lambda record: (record["eventID"],),
    "EventName": lambda record: (record["eventName"],),
    "EventSource": lambda record: (record["eventSource"],),
    "ReadOnly": lambda record: (str(record["readOnly"]).lower(),),
    "ResourceName": lambda record: (resource["ARN"] for resource in record["resources"]),
    "ResourceType": lambda record: (resource["type"] for resource in record["resources"]),
    "Username": lambda record: (record["userIdentity"]["userName"],),
}
"""The attributes that events are looked up by, each with its values in a record. An unsigned call has no access key."""


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
    return protocols.refusal(Protocol.JSON_1_1, error)


def lookup_events(account: Account, region: str, request: Mapping[str, JsonValue]) -> JsonValue:
    """The events that the request asks for, newest first. Raises `AwsError`."""
    has_attribute = _attribute(request.get("LookupAttributes"))
    start, end = _time(request, "StartTime", float("-inf")), _time(request, "EndTime", float("inf"))
    if start > end:
        raise AwsError(400, "InvalidTimeRangeException", "The start time must be before the end time.")
    category = request.get("EventCategory")
    if category not in (None, _INSIGHTS):
        raise AwsError(400, "InvalidEventCategoryException", f"The category of events is {_INSIGHTS} or none.")
    size = request.get("MaxResults", PAGE)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= PAGE:
        raise AwsError(400, "InvalidMaxResultsException", f"A value between 1 and {PAGE} is required.")
    found = [
        record
        for record in reversed(account.management_events)
        if category is None
        and record["awsRegion"] == region
        and has_attribute(record)
        and start <= _seconds(record) <= end
    ]
    first = _offset(request.get("NextToken"))
    answer: dict[str, JsonValue] = {"Events": [_event(record) for record in found[first : first + size]]}
    if first + size < len(found):
        answer["NextToken"] = f"{first + size}"
    return answer


def _attribute(given: JsonValue) -> Callable[[Record], bool]:
    match given:
        case None | []:
            return lambda record: True
        case [{"AttributeKey": str(key), "AttributeValue": str(value)}] if key in _ATTRIBUTES:
            return lambda record: value in _ATTRIBUTES[key](record)
        case _:
            raise AwsError(400, "InvalidLookupAttributesException", "Specify one lookup attribute: its key and value.")


def _time(request: Mapping[str, JsonValue], name: str, default: float) -> float:
    value = request.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise AwsError(400, "InvalidTimeRangeException", f"{name} is no time.")
    return value


def _offset(token: JsonValue) -> int:
    """Our token is the number of events that were given already."""
    if token is None:
        return 0
    if not isinstance(token, str) or not token.isascii() or not token.isdigit() or len(token) > 9:
        raise AwsError(400, "InvalidNextTokenException", "The token is invalid.")
    return int(token)


def _seconds(record: Record) -> float:
    return datetime.fromisoformat(record["eventTime"]).timestamp()


def _event(record: Record) -> JsonValue:
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "ReadOnly": str(record["readOnly"]).lower(),
        "EventTime": _seconds(record),
        "EventSource": record["eventSource"],
        "Username": record["userIdentity"]["userName"],
        "Resources": [{"ResourceType": it["type"], "ResourceName": it["ARN"]} for it in record["resources"]],
        "CloudTrailEvent": json.dumps(record, separators=(",", ":")),
    }
