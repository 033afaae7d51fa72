"""Whether AWS has given this ServiceAccount the role since the Pod was started, by CloudTrail.

That needs no token and no command in the Pod. It proves that the ServiceAccount can get the role, but not which of its
Pods got it: a record has the token's `sub`, its issuer's provider and the role, and nothing about the Pod.
"""

from __future__ import annotations

from app.flow.doctor.evidence import evidence_of
from app.flow.json_access import get, get_str, unix_time
from app.flow.model import JsonValue, Walk
from app.flow.names import provider_arn, subject_claim
from app.flow.ports import Assumptions, Ports
from app.flow.steps.findings import NO_POD, Findings
from app.flow.steps.sts_assume import SESSION_NAME
from app.flow.verdict.refusals import GRANTED

LONGEST_SESSION = 43_200
"""Seconds: no role's credentials last longer, so a program with valid credentials has got them within this time."""
NO_RECORD = "no_record"
"""The reason where CloudTrail has no such record. That proves nothing, because a record comes some minutes late."""


def judge_grants(
    findings: Findings, ports: Ports, walk: Walk, pod: JsonValue, role_arn: str, found: Assumptions, where: str
) -> None:
    """Decides `sts.recent_successes`; `found` is what CloudTrail has of this role and ServiceAccount."""
    subject = subject_claim(walk.subject)
    wanted = f"{subject} → {role_arn}"
    if not walk.subject.pod:
        findings.unknown(GRANTED, NO_POD, where=where, expected=wanted)
        return
    if not get(pod, "status"):
        findings.unreached_by_earlier_step(GRANTED)
        return

    # A ServiceAccount of the same name in another cluster has the same `sub`, and another provider.
    provider = provider_arn(role_arn, get_str(evidence_of(walk, "cluster_discovery"), "issuer"))
    started = unix_time(pod, "status", "startTime")
    granted = [record for record in found.granted if _is_by(record, provider)]
    newest = _time(granted[0]) if granted else None
    refused = max(
        (_time(record) or 0.0 for record in found.refused if _is_same(record, subject, role_arn)), default=0.0
    )
    now = ports.clock.now()
    if newest is None or started is None or newest < max(started, refused, now - LONGEST_SESSION):
        findings.unknown(GRANTED, NO_RECORD, where=where, expected=wanted, error=_last_used(walk))
        return
    asked = [get_str(granted[0], "eventTime"), get_str(granted[0], "requestParameters", "roleSessionName")]
    findings.judge(GRANTED, True, got=[*asked, get_str(granted[0], "sourceIPAddress")], expected=wanted, where=where)


def _is_by(record: JsonValue, provider: str) -> bool:
    """Whether the token was one of this cluster's issuer."""
    issued_here = bool(provider) and get_str(record, "userIdentity", "identityProvider") == provider
    return issued_here and not _is_ours(record)


def _is_ours(record: JsonValue) -> bool:
    """Whether this app sent the request, or a reader did: the examples on our pages use the same session names."""
    return get_str(record, "requestParameters", "roleSessionName").startswith(SESSION_NAME)


def _is_same(record: JsonValue, subject: str, role_arn: str) -> bool:
    """Whether the Pod's program may have sent this request. A refusal of our own requests says nothing about the
    program."""
    asked = get_str(record, "userIdentity", "userName"), get_str(record, "requestParameters", "roleArn")
    return asked == (subject, role_arn) and not _is_ours(record)


def _time(record: JsonValue) -> float | None:
    return unix_time(record, "eventTime")


def _last_used(walk: Walk) -> str:
    """When the role was last used, as IAM shows it, which does not say which ServiceAccount used it."""
    used = get(evidence_of(walk, "role"), "RoleLastUsed")
    words = " ".join(filter(None, (get_str(used, "LastUsedDate"), get_str(used, "Region"))))
    return f"RoleLastUsed: {words}" if words else ""
