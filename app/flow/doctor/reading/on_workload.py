"""A role's annotation on the Deployment itself: it is in none of its Pods, and the webhook does not read it there."""

from __future__ import annotations

from app.flow.annotations import ROLE_ARN
from app.flow.doctor.evidence import check_of
from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.model import JsonValue, Status, Step, StepReport, Walk
from app.flow.ports import Ports
from app.flow.steps.findings import Findings
from app.flow.targets.kinds import kind_of

EVIDENCE = "annotated_workload"


def inspect(ports: Ports, walk: Walk, workload: JsonValue) -> StepReport:
    """Reads the Pod's workload where the annotation was found nowhere, and only then. Never raises.

    Evidence: `annotated_workload`, the object and the annotation's value, where it is there.
    """
    findings = Findings(Step.SERVICE_ACCOUNT, ports, ())
    annotation = check_of(walk, "service_account.annotation")
    kind = kind_of(get_str(workload, "kind"))
    if (
        annotation is None
        or annotation.status is not Status.FAILED
        or annotation.reason
        or kind is None
        or not kind.group
    ):
        return findings.report()
    name = get_str(workload, "name")
    try:
        found = ports.cluster.workload(walk.subject.namespace, kind, name)
    except FlowError:
        return findings.report()
    if role_arn := get_str(found, "metadata", "annotations", ROLE_ARN):
        findings.show(EVIDENCE, {"object": f"{kind.name} {walk.subject.namespace}/{name}", "role_arn": role_arn})
    return findings.report()
