"""What CloudTrail has written down of requests to assume a role with a web identity, and what it denied to the role."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from app.clients.aws.calls import AwsCalls, document
from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.model import JsonValue
from app.flow.names import APPLICATION_ID
from app.flow.ports import Assumptions

EVENT_PAGES = 2
"""Pages of 50 events that are read: CloudTrail answers two requests a second."""
DENIED_LIMIT = 20
"""Requests denied to a session that are handed on."""
_DENIALS = ("AccessDenied", "UnauthorizedOperation")
"""What the error codes of a missing permission contain: `AccessDeniedException`, `Client.UnauthorizedOperation`."""


def assumptions(calls: AwsCalls, role_arn: str, subject: str) -> Assumptions:
    """The AssumeRoleWithWebIdentity calls of others, the newest first, and how far back they were read.

    The refused ones are those for the role or by the subject, the granted ones those by the subject for the role.
    Beside them, what was denied to the newest granted session.
    """
    records: list[Mapping[str, Any]] = []
    since = ""
    more: dict[str, str] = {}
    for _ in range(EVENT_PAGES):
        page = calls.ask("cloudtrail", "LookupEvents", partial(_assumptions, **more))
        records += page["records"]
        since = page["oldest"] if page["next"] else ""
        if not since:
            break
        more = {"NextToken": page["next"]}
    asked = [(record, _by_subject(record, subject), _for_role(record, role_arn)) for record in records]
    refused = [record for record, by_subject, for_role in asked if record.get("errorCode") and (by_subject or for_role)]
    granted = [
        record for record, by_subject, for_role in asked if not record.get("errorCode") and by_subject and for_role
    ]
    keys = (get_str(record, "responseElements", "credentials", "accessKeyId") for record in granted)
    key = next((key for key in keys if key), "")
    return Assumptions(
        refused=tuple(refused),
        granted=tuple(map(_without_credentials, granted)),
        denied=tuple(_denied(calls, key)) if key else (),
        since=since,
    )


def _assumptions(cloudtrail: Any, **more: str) -> Mapping[str, Any]:
    """One page of the events of others. Each of our own walks has left one as well, and is skipped."""
    page = _events(cloudtrail, "EventName", "AssumeRoleWithWebIdentity", **more)
    return {**page, "records": [record for record in page["records"] if not _is_ours(record)]}


def _events(cloudtrail: Any, key: str, value: str, **more: str) -> Mapping[str, Any]:
    """One page of events: CloudTrail's own records, each a text of JSON within its event, and what comes next."""
    attribute = {"AttributeKey": key, "AttributeValue": value}
    answer = cloudtrail.lookup_events(LookupAttributes=[attribute], MaxResults=50, **more)
    events = answer.get("Events", [])
    records = [document(event.get("CloudTrailEvent")) for event in events]
    return {
        "records": [record for record in records if isinstance(record, Mapping)],
        "oldest": events[-1]["EventTime"] if events else "",
        "next": answer.get("NextToken", ""),
    }


def _by_subject(record: Mapping[str, Any], subject: str) -> bool:
    identity = record.get("userIdentity")
    return isinstance(identity, Mapping) and identity.get("userName") == subject


def _for_role(record: Mapping[str, Any], role_arn: str) -> bool:
    asked = record.get("requestParameters")
    return isinstance(asked, Mapping) and asked.get("roleArn") == role_arn


def _without_credentials(record: Mapping[str, Any]) -> JsonValue:
    """CloudTrail writes the session token down as well."""
    return {key: value for key, value in record.items() if key != "responseElements"}


def _denied(calls: AwsCalls, key: str) -> list[JsonValue]:
    """What was denied to a session, of the calls that CloudTrail keeps: management events, no reading of data.

    The assumptions are what was asked for, so they do not get lost where this question is not answered.
    """
    try:
        page = calls.ask("cloudtrail", "LookupEvents", partial(_events, key="AccessKeyId", value=key))
    except FlowError:
        return []
    found = [it for it in page["records"] if any(code in get_str(it, "errorCode") for code in _DENIALS)]
    return found[:DENIED_LIMIT]


def _is_ours(record: Mapping[str, Any]) -> bool:
    """Whether this app sent the request, here or elsewhere: its clients say so in their user agent (`sdk.LIMITS`)."""
    return f"app/{APPLICATION_ID}" in str(record.get("userAgent", "")).split()
