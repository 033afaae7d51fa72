"""The Pod that a fix makes, admitted by the API server in a dry run, where one is granted and the manifest changes.

Any admission rule of the cluster has its say in it, and the webhook that is really registered.
"""

from __future__ import annotations

from app.flow.doctor.fix import Fix
from app.flow.doctor.prediction.effects import has_placeholder
from app.flow.doctor.prediction.new_pod import ADMITTED, REFUSED, requested
from app.flow.errors import FlowError
from app.flow.json_access import get_list
from app.flow.model import Step, StepReport, Subject
from app.flow.ports import Ports
from app.flow.steps.findings import Findings, unseen


def inspect(ports: Ports, subject: Subject, fix: Fix | None) -> StepReport:
    """Shows the Pod as it would be stored, or why it would not be. Never raises, and stores nothing."""
    findings = Findings(Step.WEBHOOK, ports, ())
    change = fix.change if fix is not None else None
    if change is None or not get_list(change.pod, "spec", "containers") or has_placeholder(change.after):
        return findings.report()
    try:
        made = ports.cluster.dry_run_pod(subject.namespace, requested(change.pod, subject.namespace))
    except FlowError as error:
        if not unseen(error):
            findings.show(REFUSED, {"code": error.code, "message": error.server_message})
    else:
        findings.show(ADMITTED, made)
    return findings.report()
