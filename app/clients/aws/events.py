"""What CloudTrail has written down of refused requests to assume a role."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from app.clients.aws.answers import document
from app.clients.aws.calls import AwsCalls
from app.flow.model import JsonValue
from app.flow.names import APPLICATION_ID
from app.flow.ports import FailedAssumptions

EVENT_PAGES = 2
"""Pages of 50 events that are read: CloudTrail answers two requests a second."""
FAILURE_LIMIT = 20
"""Refused requests that are handed on."""


def failed_assumptions(calls: AwsCalls, role_arn: str, subject: str) -> FailedAssumptions:
    """Those for the role or by the subject that others sent, the newest first, and how far back was read."""
    records: list[JsonValue] = []
    since = ""
    more: dict[str, str] = {}
    for _ in range(EVENT_PAGES):
        page = calls.ask("cloudtrail", "LookupEvents", partial(_assumptions, **more))
        records += (record for record in page["records"] if _is_failure(record, role_arn, subject))
        since = page["oldest"] if page["next"] else ""
        if not since:
            break
        more = {"NextToken": page["next"]}
    return FailedAssumptions(records=tuple(records[:FAILURE_LIMIT]), since=since)


def _assumptions(cloudtrail: Any, **more: str) -> Mapping[str, Any]:
    """One page of events: CloudTrail's own records, each a text of JSON within its event, and what comes next."""
    attribute = {"AttributeKey": "EventName", "AttributeValue": "AssumeRoleWithWebIdentity"}
    answer = cloudtrail.lookup_events(LookupAttributes=[attribute], MaxResults=50, **more)
    events = answer.get("Events", [])
    records = [document(event.get("CloudTrailEvent")) for event in events]
    return {
        "records": [record for record in records if isinstance(record, Mapping)],
        "oldest": events[-1]["EventTime"] if events else "",
        "next": answer.get("NextToken", ""),
    }


def _is_failure(record: Mapping[str, Any], role_arn: str, subject: str) -> bool:
    identity, asked = record.get("userIdentity"), record.get("requestParameters")
    by_subject = isinstance(identity, Mapping) and identity.get("userName") == subject
    for_role = isinstance(asked, Mapping) and asked.get("roleArn") == role_arn
    return bool(record.get("errorCode")) and (by_subject or for_role) and not _is_ours(record)


def _is_ours(record: Mapping[str, Any]) -> bool:
    """Whether this app sent the request, here or elsewhere: its clients say so in their user agent (`sdk.LIMITS`)."""
    return f"app/{APPLICATION_ID}" in str(record.get("userAgent", "")).split()
