"""What STS refused lately, and what it granted, by CloudTrail: nothing of the chain, but its echo in the real world.

A Pod that was not restarted goes on asking for the role of before; one that runs under another ServiceAccount asks for
this role as another subject. Neither shows in what is configured now.
"""

from __future__ import annotations

from datetime import datetime

from app.flow.annotations import ROLE_ARN
from app.flow.doctor.without_exec.grants import judge_grants
from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.model import JsonValue, Status, Step, StepReport, Walk
from app.flow.names import subject_claim
from app.flow.ports import Ports
from app.flow.steps.findings import Findings, unseen
from app.flow.steps.sts_assume import SESSION_NAME
from app.flow.verdict.refusals import GRANTED

REFUSED = "sts.recent_failures"
CHECKS = (REFUSED, GRANTED)
RECENT = 3600
"""Seconds in which a Pod that is still refused would have tried again; what is older is history."""
WHERE = "cloudtrail:LookupEvents"


def inspect(ports: Ports, walk: Walk, pod: JsonValue) -> StepReport:
    """Looks for refused requests for the role, and for those of the ServiceAccount; for what it was granted since the
    Pod was started. Never raises.

    `pod` is the Pod as it was read; None where it was not.
    """
    findings = Findings(Step.STS_ASSUME, ports, CHECKS)
    service_account = walk.report(Step.SERVICE_ACCOUNT).evidence.get("service_account")
    role_arn, subject = get_str(service_account, "metadata", "annotations", ROLE_ARN), subject_claim(walk.subject)
    if not role_arn:
        findings.unreached_by_earlier_step()
        return findings.report()
    try:
        found = ports.aws.assumptions(role_arn, subject)
    except FlowError as error:
        for check_id in CHECKS:
            findings.unknown(check_id, unseen(error) or "not_observable", where=WHERE, error=error.server_message)
        return findings.report()

    # The examples on our pages name their sessions so: they come from a reader and no Pod.
    failures = [_failure(record, role_arn, subject) for record in found.refused]
    failures = [failure for failure in failures if not failure["session"].startswith(SESSION_NAME)]
    newest = failures[0] if failures else {}
    if failures:
        findings.show("recent_failures", failures)
    where = f"{WHERE} > {found.since}" if found.since else WHERE
    findings.judge(
        REFUSED,
        not failures or ports.clock.now() - _seconds(newest["time"]) > RECENT,
        got="{time} {code}: {subject} → {role}".format_map(newest) if newest else "-",
        expected=f"{subject} → {role_arn}",
        where=where,
        otherwise=Status.WARNING,
    )
    judge_grants(findings, ports, walk, pod, role_arn, found, where)
    return findings.report()


def _failure(record: JsonValue, role_arn: str, subject: str) -> dict[str, JsonValue]:
    """One refused request, in the few things that tell it from others."""
    asked_for, asked_as = get_str(record, "requestParameters", "roleArn"), get_str(record, "userIdentity", "userName")
    return {
        "time": get_str(record, "eventTime"),
        "code": get_str(record, "errorCode"),
        "role": asked_for,
        "subject": asked_as,
        "session": get_str(record, "requestParameters", "roleSessionName"),
        "agent": get_str(record, "userAgent"),
        "address": get_str(record, "sourceIPAddress"),
        "other_role": asked_for != role_arn,
        "other_subject": asked_as != subject,
    }


def _seconds(time: str) -> float:
    """RFC 3339 as Unix seconds; long ago where it is something else."""
    try:
        return datetime.fromisoformat(time).timestamp()
    except (ValueError, OverflowError):
        return 0.0
