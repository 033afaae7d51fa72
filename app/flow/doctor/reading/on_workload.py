"""What only the workload itself shows: a role's annotation on it, which is in none of its Pods and has no effect there,
and whether it makes new Pods by itself."""

from __future__ import annotations

from app.flow.annotations import ROLE_ARN
from app.flow.doctor.evidence import check_of
from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.model import JsonValue, Status, Step, StepReport, Walk
from app.flow.ports import Ports
from app.flow.steps.findings import Findings
from app.flow.targets.kinds import kind_of

EVIDENCE, ON_DELETE = "annotated_workload", "on_delete"
_STRATEGIC = ("statefulset", "daemonset")
"""What has an `updateStrategy`."""


def inspect(ports: Ports, walk: Walk, workload: JsonValue) -> StepReport:
    """Reads the Pod's workload where the annotation was found nowhere, or where it may keep its Pods as they are, and
    only then. Never raises.

    Evidence: `annotated_workload`, the object and the annotation's value, where it is there; `on_delete`, the workload
    as kubectl takes it, where it makes no new Pod until an old one is deleted (Kubernetes, `updateStrategy`).
    """
    findings = Findings(Step.SERVICE_ACCOUNT, ports, ())
    annotation = check_of(walk, "service_account.annotation")
    lacking = annotation is not None and annotation.status is Status.FAILED and not annotation.reason
    kind, name = kind_of(get_str(workload, "kind")), get_str(workload, "name")
    if kind is None or not kind.group or not (lacking or kind.singular in _STRATEGIC):
        return findings.report()
    try:
        found = ports.cluster.workload(walk.subject.namespace, kind, name)
    except FlowError:
        return findings.report()
    if get_str(found, "spec", "updateStrategy", "type") == "OnDelete":
        findings.show(ON_DELETE, f"{kind.singular}/{name}")
    if lacking and (role_arn := get_str(found, "metadata", "annotations", ROLE_ARN)):
        findings.show(EVIDENCE, {"object": f"{kind.name} {walk.subject.namespace}/{name}", "role_arn": role_arn})
    return findings.report()
