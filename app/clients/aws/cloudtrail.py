"""What CloudTrail has written down of requests to assume a role with a web identity, and what it denied to the role."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import islice
from typing import Any

from app.clients.aws.calls import AwsCalls, document
from app.clients.errors import is_throttling
from app.flow.errors import FlowError, ServerFailed
from app.flow.json_access import get_str
from app.flow.model import JsonValue
from app.flow.names import is_own_request
from app.flow.ports import Assumptions

ENOUGH = 100
"""Events of others after which no further page is read."""
EVENT_PAGES = 6
"""Pages of 50 events that are read at most. Ours are among them, because LookupEvents takes one attribute, and the user
agent is none: a doctor that watches leaves an event every two seconds."""
SESSIONS = 3
"""Sessions of the subject whose denied calls are looked for, the newest: each of its Pods has one."""
SECONDS, PAUSE = 2.0, 0.5
"""How long is read on, and the wait after a throttled request. AWS answers two requests a second (CloudTrail API
reference, LookupEvents), and a question may take 3.5 seconds in all (`app/flow/port_wrappers/deadline.py`)."""
DENIED_LIMIT = 20
"""Requests denied to a session that are handed on."""
_DENIALS = ("AccessDenied", "UnauthorizedOperation")
"""What the error codes of a missing permission contain: `AccessDeniedException`, `Client.UnauthorizedOperation`."""


def assumptions(calls: AwsCalls, role_arn: str, subject: str) -> Assumptions:
    """The AssumeRoleWithWebIdentity calls of others, the newest first, and how far back they were read.

    The refused ones are those for the role or by the subject, the granted ones those by the subject for the role.
    Beside them, what was denied to one of the newest granted sessions.
    """
    lookups = _Lookups(calls)
    records, since = _of_others(lookups)
    asked = [(record, _by_subject(record, subject), _for_role(record, role_arn)) for record in records]
    refused = [record for record, by_subject, for_role in asked if record.get("errorCode") and (by_subject or for_role)]
    granted = [
        record for record, by_subject, for_role in asked if not record.get("errorCode") and by_subject and for_role
    ]
    keys = (get_str(record, "responseElements", "credentials", "accessKeyId") for record in granted)
    return Assumptions(
        refused=tuple(refused),
        granted=tuple(map(_without_credentials, granted)),
        denied=tuple(_denied(lookups, islice(filter(None, keys), SESSIONS))),
        since=since,
    )


class _Lookups:
    """Pages of events, one request after the other. What AWS throttles after the first one, which may be because of
    us, is sent again as long as there is time."""

    def __init__(self, calls: AwsCalls) -> None:
        self._calls = calls
        self._until = time.monotonic() + SECONDS
        self._answered = False

    @property
    def has_time(self) -> bool:
        """Whether another page may be read."""
        return time.monotonic() < self._until

    def page(self, key: str, value: str, **more: str) -> Mapping[str, Any]:
        """A page of the events with this value of an attribute, the newest first. Raises `FlowError`."""
        ask = partial(_events, key=key, value=value, **more)
        while True:
            try:
                page: Mapping[str, Any] = self._calls.ask("cloudtrail", "LookupEvents", ask)
            except ServerFailed as error:
                if not (self._answered and is_throttling(error.code) and self.has_time):
                    raise
                time.sleep(PAUSE)
            else:
                self._answered = True
                return page


def _of_others(lookups: _Lookups) -> tuple[list[Mapping[str, Any]], str]:
    """The events of others, and how far back they were read; empty where to their end.

    Raises `FlowError` where none could be read.
    """
    found: list[Mapping[str, Any]] = []
    since, more = "", dict[str, str]()
    for number in range(EVENT_PAGES):
        try:
            page = lookups.page("EventName", "AssumeRoleWithWebIdentity", **more)
        except FlowError:
            if not number:
                raise
            break
        found += [record for record in page["records"] if not is_own_request(str(record.get("userAgent", "")))]
        since, more = page["oldest"] or since, {"NextToken": page["next"]}
        if not page["next"]:
            return found, ""
        if len(found) >= ENOUGH or not lookups.has_time:
            break
    return found, since


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


def _denied(lookups: _Lookups, keys: Iterable[str]) -> list[JsonValue]:
    """What was denied to the first of these sessions that anything was denied to, of the calls that CloudTrail keeps:
    management events, no reading of data.

    The assumptions are what was asked for, so they do not get lost where this question is not answered.
    """
    for key in keys:
        try:
            page = lookups.page("AccessKeyId", key)
        except FlowError:
            break
        found = [it for it in page["records"] if any(code in get_str(it, "errorCode") for code in _DENIALS)]
        if found or not lookups.has_time:
            return found[:DENIED_LIMIT]
    return []
