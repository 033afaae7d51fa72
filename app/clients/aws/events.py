"""What CloudTrail has written down of refused requests: for a role, and by a session of that role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from app.clients.aws.answers import document
from app.clients.aws.calls import AwsCalls
from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.model import JsonValue
from app.flow.names import APPLICATION_ID
from app.flow.ports import FailedAssumptions

EVENT_PAGES = 2
"""Pages of 50 events that are read: CloudTrail answers two requests a second."""
FAILURE_LIMIT = 20
"""Refused requests that are handed on."""
_DENIALS = ("AccessDenied", "UnauthorizedOperation")
"""What the error codes of a missing permission contain: `AccessDeniedException`, `Client.UnauthorizedOperation`."""


def failed_assumptions(calls: AwsCalls, role_arn: str, subject: str) -> FailedAssumptions:
    """Those for the role or by the subject that others sent, the newest first, and how far back was read."""
    records: list[JsonValue] = []
    since = key = ""
    more: dict[str, str] = {}
    for _ in range(EVENT_PAGES):
        page = calls.ask("cloudtrail", "LookupEvents", partial(_assumptions, **more))
        records += (record for record in page["records"] if _is_failure(record, role_arn, subject))
        key = key or _newest_session(page["records"], role_arn, subject)
        since = page["oldest"] if page["next"] else ""
        if not since:
            break
        more = {"NextToken": page["next"]}
    return FailedAssumptions(
        records=tuple(records[:FAILURE_LIMIT]), since=since, denied=tuple(_denied(calls, key)) if key else ()
    )


def _assumptions(cloudtrail: Any, **more: str) -> Mapping[str, Any]:
    return _events(cloudtrail, "EventName", "AssumeRoleWithWebIdentity", **more)


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


def _newest_session(records: Sequence[Mapping[str, Any]], role_arn: str, subject: str) -> str:
    """The access key id of the newest session that somebody else got of the role as that subject."""
    return next(
        (
            key
            for record in records
            if (key := get_str(record, "responseElements", "credentials", "accessKeyId"))
            and get_str(record, "requestParameters", "roleArn") == role_arn
            and get_str(record, "userIdentity", "userName") == subject
            and not _is_ours(record)
        ),
        "",
    )


def _denied(calls: AwsCalls, key: str) -> list[JsonValue]:
    """What was denied to a session, of the calls that CloudTrail keeps: management events, no reading of data.

    The refused assumptions are what was asked for, so they do not get lost where this question is not answered.
    """
    try:
        page = calls.ask("cloudtrail", "LookupEvents", partial(_events, key="AccessKeyId", value=key))
    except FlowError:
        return []
    found = [it for it in page["records"] if any(code in get_str(it, "errorCode") for code in _DENIALS)]
    return found[:FAILURE_LIMIT]


def _is_failure(record: Mapping[str, Any], role_arn: str, subject: str) -> bool:
    identity, asked = record.get("userIdentity"), record.get("requestParameters")
    by_subject = isinstance(identity, Mapping) and identity.get("userName") == subject
    for_role = isinstance(asked, Mapping) and asked.get("roleArn") == role_arn
    return bool(record.get("errorCode")) and (by_subject or for_role) and not _is_ours(record)


def _is_ours(record: Mapping[str, Any]) -> bool:
    """Whether this app sent the request, here or elsewhere: its clients say so in their user agent (`sdk.LIMITS`)."""
    return f"app/{APPLICATION_ID}" in str(record.get("userAgent", "")).split()
