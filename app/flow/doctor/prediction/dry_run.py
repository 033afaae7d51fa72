"""What a fix makes in the cluster, tried by the API server in a dry run, where the reader has asked for one and we may.

Every admission rule of the cluster applies to a dry run, as does the webhook that is really registered. Nothing is
stored.

It is sent as `kubectl patch` sends it: as the strategic merge patch from one document to the other. Rule: Kubernetes
documentation, "Update API Objects in Place Using kubectl patch"; the keys are the `patchMergeKey` of k8s.io/api
`core/v1/types.go`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.flow.doctor.fix import Change, Fix
from app.flow.doctor.prediction.effects import STORED, has_placeholder
from app.flow.doctor.prediction.new_pod import ADMITTED, REFUSED, requested
from app.flow.errors import FlowError, NotFound
from app.flow.json_access import get_list, get_object, get_str
from app.flow.model import JsonObject, JsonValue, Step, StepReport, Subject
from app.flow.ports import Ports
from app.flow.steps.findings import Findings, unseen
from app.flow.targets.kinds import SERVICE_ACCOUNT, WORKLOADS

NOT_STORED = "object_refused"
"""The evidence of a dry run of the change that the API server refused: the object and the server's message."""
_PATCHED = {
    kind.name: kind
    for kind in (SERVICE_ACCOUNT, *WORKLOADS)
    if kind.name in ("ServiceAccount", "Deployment", "StatefulSet", "DaemonSet", "CronJob")
}
"""The kinds that a fix changes in place. The template of a Job cannot be changed, so its fix makes a new Job."""
_MERGED: Mapping[str, str] = {
    **dict.fromkeys(("containers", "initContainers", "env", "volumes"), "name"),
    "volumeMounts": "mountPath",
}
"""Lists that are merged item by item, and the key that identifies an item. Any other list is replaced as a whole."""


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
    """Whether the API server does not refuse the change. A change that we may not try counts as not refused."""
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


def patch_of(before: JsonValue, after: JsonValue, field: str = "") -> Any:
    """The patch from one document to the other; `field` is the key under which both stand in a larger document."""
    if isinstance(before, dict) and isinstance(after, dict):
        gone = {key: None for key in before if key not in after}
        return gone | {
            key: patch_of(before.get(key), after[key], key) for key in after if before.get(key) != after[key]
        }
    key = _MERGED.get(field)
    if key is None or not isinstance(before, list) or not isinstance(after, list):
        return after
    old, new = ({get_str(it, key): it for it in items if isinstance(it, dict)} for items in (before, after))
    changed = [{**patch_of(old.get(name, {}), item), key: name} for name, item in new.items() if old.get(name) != item]
    return [*changed, *({"$patch": "delete", key: name} for name in old if name not in new)]
