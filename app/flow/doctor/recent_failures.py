"""What AWS has refused and granted lately, by CloudTrail. It is no link of the chain, but shows how real requests
ended.

A Pod that was not restarted still asks for the previous role; one that runs under another ServiceAccount asks for this
role as another subject. What is configured now shows neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.flow.doctor.evidence import evidence_of, role_arn_of
from app.flow.doctor.without_exec.grants import judge_grants
from app.flow.errors import FlowError
from app.flow.json_access import get_list, get_object, get_str, unix_time
from app.flow.model import JsonValue, Status, Step, StepReport, Walk
from app.flow.names import host_and_path, is_session_of, provider_url, subject_claim
from app.flow.permissions.asked import AskedAction
from app.flow.ports import Ports
from app.flow.steps import access
from app.flow.steps.findings import Findings
from app.flow.steps.sts_assume import SESSION_NAME
from app.flow.verdict.error_messages import denied_action, denying_policy, principal_of
from app.flow.verdict.judge import REFUSED_LATELY
from app.flow.verdict.refusals import APPLICATION, GRANTED

CHECKS = (REFUSED_LATELY, GRANTED)
RECENT = 3600
"""Seconds within which a Pod that is still refused tries again at least once. An older refusal is history."""
READ_IN_PART = "read_in_part"
"""The reason where the last hour has more events than were read, and none of those is a refusal."""
SHOWN = 20
"""Refused requests that the evidence has, the newest."""
WHERE = "cloudtrail:LookupEvents"


def inspect(ports: Ports, walk: Walk, pod: JsonValue) -> StepReport:
    """Looks for refused requests for the role or by the ServiceAccount, and for what it was granted since the Pod was
    started. Never raises.

    `pod` is the Pod as it was read; None where it was not read.
    """
    findings = Findings(Step.STS_ASSUME, ports, CHECKS)
    role_arn, subject = role_arn_of(walk), subject_claim(walk.subject)
    if not role_arn:
        findings.unreached_by_earlier_step()
        return findings.report()
    try:
        found = ports.aws.assumptions(role_arn, subject)
    except FlowError as error:
        for check_id in CHECKS:
            findings.unread(check_id, error, where=WHERE)
        return findings.report()

    issuer = get_str(evidence_of(walk, "cluster_discovery"), "issuer")
    refused, calls = (tuple(it for it in of if _may_be_of(issuer, it)) for of in (found.refused, found.denied))
    found = replace(found, refused=refused, denied=calls)
    # The examples on our pages use these session names, so such a request came from a reader and not from a Pod.
    failures = [_failure(record, role_arn, subject) for record in found.refused]
    failures = [failure for failure in failures if not failure["session"].startswith(SESSION_NAME)]
    newest = failures[0] if failures else {}
    if failures:
        findings.show("recent_failures", failures[:SHOWN])
    denied = [_denial(record) for record in found.denied if _is_recent(get_str(record, "eventTime"), ports)]
    if any(denied):
        findings.show("denied_calls", [it for it in denied if it])
    where = f"{WHERE} > {found.since}" if found.since else WHERE
    expected = f"{subject} → {role_arn}"
    if not failures and _is_recent(found.since, ports):
        findings.unknown(REFUSED_LATELY, READ_IN_PART, where=where, expected=expected)
    else:
        findings.judge(
            REFUSED_LATELY,
            not failures or not _is_recent(newest["time"], ports),
            got="{time} {code}: {subject} → {role}".format_map(newest) if newest else "-",
            expected=expected,
            where=where,
            otherwise=Status.WARNING,
        )
    judge_grants(findings, ports, walk, pod, role_arn, found, where)
    return findings.report()


def denied_actions(walk: Walk, reports: Iterable[StepReport]) -> access.Denied:
    """What AWS denied to the role's sessions, as the Pod's own log shows it, or else CloudTrail."""
    found = list(reports)
    said = next((it.error for report in found for it in report.checks if it.id == APPLICATION), "")
    if is_session_of(role_arn_of(walk), principal_of(said)) and (denied := _asked(*denied_action(said))):
        return access.Denied(actions=(denied,), message=said, kind=denying_policy(said))
    calls = [get_object(it) for report in found for it in get_list(report.evidence.get("denied_calls"))]
    asked = (_asked(get_str(it, "action"), get_str(it, "resource")) for it in calls)
    said = get_str(next(iter(calls), None), "said")
    return access.Denied(
        actions=tuple(dict.fromkeys(it for it in asked if it)), message=said, kind=denying_policy(said)
    )


def _asked(action: str, resource: str) -> AskedAction | None:
    return AskedAction(action=action, resource=resource) if action else None


def _denial(record: JsonValue) -> dict[str, JsonValue]:
    """The evidence of a denied call; empty where its message names no action."""
    said = get_str(record, "errorMessage")
    action, resource = denied_action(said)
    if not action:
        return {}
    return {"time": get_str(record, "eventTime"), "action": action, "resource": resource, "said": said}


def _may_be_of(issuer: str, record: JsonValue) -> bool:
    """Whether the token, or the one of the session, may have been one of this issuer. A ServiceAccount of the same name
    in another cluster has the same `sub`, and may share the role; its provider is another one (CloudTrail user guide,
    "CloudTrail userIdentity element")."""
    who = get_object(record, "userIdentity")
    session = get_str(who, "sessionContext", "webIdFederationData", "federatedProvider")
    provider = provider_url(get_str(who, "identityProvider") or session)
    return not (issuer and provider) or provider == host_and_path(issuer)


def _is_recent(time: str, ports: Ports) -> bool:
    return ports.clock.now() - (unix_time(time) or 0.0) <= RECENT


def _failure(record: JsonValue, role_arn: str, subject: str) -> dict[str, JsonValue]:
    """The evidence of a refused request: the few values that distinguish it from others."""
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
