"""What a fix makes in the cluster, tried by the API server in a dry run, where one is granted and we may.

Any admission rule of the cluster has its say in it, and the webhook that is really registered. Nothing is stored.
"""

from __future__ import annotations

from app.flow.doctor.fix import Change, Fix
from app.flow.doctor.prediction.effects import STORED, has_placeholder
from app.flow.doctor.prediction.new_pod import ADMITTED, REFUSED, requested
from app.flow.doctor.prediction.patches import patch_of
from app.flow.errors import FlowError, NotFound
from app.flow.json_access import get_list, get_object
from app.flow.model import JsonObject, JsonValue, Step, StepReport, Subject
from app.flow.ports import Ports
from app.flow.steps.findings import Findings, unseen
from app.flow.targets.kinds import SERVICE_ACCOUNT, WORKLOADS

NOT_STORED = "object_refused"
"""The evidence of a dry run of the change that was refused: of what, and the server's words."""
_PATCHED = {
    kind.name: kind
    for kind in (SERVICE_ACCOUNT, *WORKLOADS)
    if kind.name in ("ServiceAccount", "Deployment", "StatefulSet", "DaemonSet", "CronJob")
}
"""The kinds that a fix changes where they are. The template of a Job cannot be changed, so its fix makes a new one."""


def inspect(ports: Ports, subject: Subject, fix: Fix | None) -> StepReport:
    """Shows the object and the Pod as they would be stored, or why not. Never raises, and stores nothing."""
    findings = Findings(Step.WEBHOOK, ports, ())
    change = fix.change if fix is not None else None
    if change is None or has_placeholder(change.after):
        return findings.report()
    if change.kind in _PATCHED and not _is_stored(findings, ports, change):
        return findings.report()
    if get_list(change.pod, "spec", "containers"):
        _pod(findings, ports, subject, change.pod)
    return findings.report()


def _is_stored(findings: Findings, ports: Ports, change: Change) -> bool:
    """Whether the API server does not refuse the change. What we may not try it does not refuse."""
    namespace, _, name = change.name.partition("/")
    try:
        if change.before is None:
            made = ports.cluster.dry_run_service_account(namespace, change.after)
        else:
            patch = patch_of(change.before, change.after)
            made = ports.cluster.dry_run_patch(namespace, _PATCHED[change.kind], name, patch)
    except FlowError as error:
        if unseen(error) or isinstance(error, NotFound):
            return True
        findings.show(NOT_STORED, {"object": change.object, **_said(error)})
        return False
    annotations = get_object(made, "metadata", "annotations")
    findings.show(STORED, {"object": change.object, "kind": change.kind, "annotations": annotations})
    return True


def _pod(findings: Findings, ports: Ports, subject: Subject, manifest: JsonValue) -> None:
    try:
        made = ports.cluster.dry_run_pod(subject.namespace, requested(manifest, subject.namespace))
    except FlowError as error:
        if not unseen(error):
            findings.show(REFUSED, _said(error))
    else:
        findings.show(ADMITTED, made)


def _said(error: FlowError) -> JsonObject:
    return {"code": error.code, "message": error.server_message}
