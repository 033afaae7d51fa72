"""The Pods of a ServiceAccount, newest first, judged by the one list that chose the examined one: no request per Pod.

The webhook edits at CREATE alone, so a Pod from before a change of the annotations stays as it was, and one Pod that
works says nothing of its siblings. Where the ServiceAccount has no Pod, those that run as `default` are listed: a Pod
whose manifest names no ServiceAccount is one of them (kubernetes.io, "Configure Service Accounts for Pods").
"""

from __future__ import annotations

from collections.abc import Sequence

from app.flow.doctor.evidence import check_of, evidence_of, webhooks_audience
from app.flow.doctor.pods.rows import PodRow, row
from app.flow.errors import FlowError
from app.flow.model import JsonValue, Status, Step, StepReport, Walk
from app.flow.names import DEFAULT_AUDIENCE, annotated_role_arn
from app.flow.ports import Ports
from app.flow.steps.findings import Findings
from app.flow.steps.injection import ROLE_VARIABLE

CHECK = "pod.siblings"
CHECKS = (CHECK,)
DEFAULT = "default"
"""The ServiceAccount of a Pod whose manifest names none."""


def inspect(ports: Ports, walk: Walk) -> StepReport:
    """Lists the Pods and judges each. Never raises.

    Evidence: `pods`, the rows; `default_pods`, where there are none. Neither is there where nothing was listed.
    """
    findings = Findings(Step.WEBHOOK, ports, CHECKS)
    subject = walk.subject
    where = f"Pod {subject.namespace}/* .spec.serviceAccountName={subject.service_account}"
    try:
        listed = ports.cluster.pods(subject.namespace, subject.service_account)
    except FlowError as error:
        findings.unread(CHECK, error, where=where)
        return findings.report()

    # (1) Which there are.
    account = evidence_of(walk, "service_account")
    audience = webhooks_audience(walk)
    found = _newest_first(listed, account, evidence_of(walk, "configuration"), audience)
    findings.show("pods", found)
    if not found:
        if subject.service_account != DEFAULT:
            _show_default(findings, ports, subject.namespace)
        findings.judge(CHECK, False, got=[], expected="Pod", where=where, otherwise=Status.WARNING)
        return findings.report()

    # (2) Which of them are as the webhook would make them today.
    role_arn = annotated_role_arn(account)
    if not role_arn:
        _unannotated(findings, walk, where)
        return findings.report()
    stale = [f"{pod.name}: {pod.stand}" for pod in found if pod.stale]
    findings.judge(
        CHECK,
        not stale,
        got=stale or [pod.name for pod in found],
        expected=f"{ROLE_VARIABLE}={role_arn} audience={audience}",
        where=where,
        otherwise=Status.WARNING,
    )
    return findings.report()


def _newest_first(
    pods: Sequence[JsonValue],
    service_account: JsonValue = None,
    configuration: JsonValue = None,
    audience: str = DEFAULT_AUDIENCE,
) -> list[PodRow]:
    made = [row(pod, service_account, configuration, audience) for pod in pods]
    return sorted(made, key=lambda pod: (pod.created, pod.name), reverse=True)


def _show_default(findings: Findings, ports: Ports, namespace: str) -> None:
    """Shows the Pods that run as `default`: a Pod that was meant to run as the ServiceAccount is one of them if its
    manifest does not name it."""
    try:
        findings.show("default_pods", _newest_first(ports.cluster.pods(namespace, DEFAULT)))
    except FlowError:
        return


def _unannotated(findings: Findings, walk: Walk, where: str) -> None:
    """Says that the Pods cannot be judged: without the annotation it is not known which role is meant."""
    exists = check_of(walk, "service_account.exists")
    if exists is not None and exists.status is Status.UNKNOWN:
        findings.unknown(CHECK, exists.reason, where=where, error=exists.error)
    else:
        findings.unreached_by_earlier_step()
