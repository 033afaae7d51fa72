"""The object that has to be changed and restarted to recreate a Pod, because a Pod itself cannot be."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from app.flow.json_access import get, get_list, get_object, get_str, unix_time, whole_number
from app.flow.model import JsonObject, JsonValue
from app.flow.steps.injection import ROLE_VARIABLE, TOKEN_VARIABLE, containers, environment, has_identity

Again: TypeAlias = Literal["restart", "delete", "apply", "replace", "reset"]
"""How to recreate the Pod: by its owner, which rolls out or notices; from what was applied; from what is stored, as it
is or without the webhook's variables."""
ROLLED_OUT = ("deployment", "statefulset", "daemonset")
"""What `kubectl rollout restart` restarts."""
MAY_HOLD_BACK = (*ROLLED_OUT, "job", "cronjob")
"""What may make no new Pods by itself."""
_OWN_GROUPS = ("", "apps", "batch")
"""The API groups of Kubernetes' own workloads. Others have kinds of the same names, such as OpenKruise's StatefulSet
(`apps.kruise.io`) and Volcano's Job (`batch.volcano.sh`)."""
_SCHEDULED = re.compile(r"(.+)-(\d{8})")
_NEAR = 86_400
"""Seconds between the time for which a run of a CronJob was scheduled and its Pod, at most."""
_BY_TEMPLATE: tuple[tuple[str, str, Again], ...] = (
    ("pod-template-hash", "deployment", "restart"),
    ("rollouts-pod-template-hash", "rollout", "delete"),
)
"""By the label that has the hash of a ReplicaSet's Pod template: whose the ReplicaSet is, and how its Pods are made
again. The second one is of Argo Rollouts, which `kubectl rollout` does not know."""
HELD_BACK = "held_back"
"""The evidence: by workload as kubectl takes it, why it makes no new Pods by itself."""
ON_DELETE, PAUSED, PARTITION, NO_RETRY = "on_delete", "paused", "partition", "no_retry"
"""It waits until its Pods are deleted, or until its rollout is resumed: `kubectl rollout restart` refuses that one.

Of a `partition` the number follows: Pods of a lower one keep their template, also when they are deleted. A Job without
a retry ends with the first Pod that is deleted. The last three are also the keys of the sentences on what else comes of
a rollout that goes on, or of a Job that begins again.
"""
SCALED_TO_ZERO, SUSPENDED, ENDED, NO_POD_YET = "scaled_to_zero", "suspended", "ended", "no_pod_yet"
NO_PODS = (SCALED_TO_ZERO, PAUSED, SUSPENDED, ENDED, NO_POD_YET)
"""The evidence: the examined workload, as kubectl takes it, by why it has no Pod; also the keys of the sentences on
that."""
NOT_CREATED = "not_created"
"""The evidence: why the API server creates no Pod for such a workload, in its own words."""
MANAGED = "managed"
"""The evidence: the workloads, as kubectl takes them, that a tool writes from elsewhere; also the key of the sentence
on what becomes of a change to such an object."""
_HELM = ("app.kubernetes.io/managed-by", "Helm")
_TOOLS = ("meta.helm.sh/", "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/")
"""How the labels and annotations begin by which Helm, Argo CD and Flux know what is theirs."""
_WRITERS = ("HashiCorp", "Terraform", "eks")
"""Who has written the fields that Terraform's provider for Kubernetes has: the beginning of its user agent, and the
default of its resource `kubernetes_manifest`. Last, who has those of an EKS add-on (EKS user guide, "Determine fields
you can customize for Amazon EKS add-ons")."""
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_OF_JOB = ("controller-uid", "job-name")
"""Labels that the API server writes into a Job's template, with the selector; another Job is refused with them.

The second pair has `batch.kubernetes.io/` before it (kubernetes, pkg/registry/batch/job/strategy.go).
"""


def workload_of(pod: JsonValue) -> JsonValue:
    """The Pod's owner (`kind` in lower case, as kubectl takes it, with a group that is not Kubernetes' own), and how to
    recreate the Pod; without an owner the Pod itself.

    A ReplicaSet's name is that of its Deployment, or of its Rollout of Argo, and the hash of the Pod template; a Job's
    name is that of its CronJob and the time.
    """
    name = get_str(pod, "metadata", "name")
    owner = next((it for it in get_list(pod, "metadata", "ownerReferences") if get(it, "controller") is True), None)
    if owner is None:
        return {"kind": "pod", "name": name, "again": _again(pod)}
    kind, owned_by = get_str(owner, "kind").lower(), get_str(owner, "name")
    if (group := get_str(owner, "apiVersion").rpartition("/")[0]) not in _OWN_GROUPS:
        return {"kind": f"{kind}.{group}", "name": owned_by, "again": "delete"}
    for label, of, again in _BY_TEMPLATE if kind == "replicaset" else ():
        template = get_str(pod, "metadata", "labels", label)
        if template and owned_by.endswith(f"-{template}"):
            return {"kind": of, "name": owned_by.removesuffix(f"-{template}"), "again": again}
    if kind == "job" and (cron_job := _cron_job_of(owned_by, get_str(pod, "metadata", "creationTimestamp"))):
        return {"kind": "cronjob", "name": cron_job, "again": "delete"}
    return {"kind": kind, "name": owned_by, "again": "restart" if kind in ROLLED_OUT else "delete"}


def why_held_back(workload: JsonValue) -> str:
    """Why a change of its template makes no new Pods (Kubernetes, `updateStrategy`, `paused`), or a deleted Pod no
    other one; empty where it makes them.

    A partition counts from the number of the first Pod, which `ordinals` may set (kubernetes,
    pkg/controller/statefulset/stateful_set_utils.go, `newVersionedStatefulSetPod`).
    """
    strategy = get(workload, "spec", "updateStrategy")
    if get_str(strategy, "type") == "OnDelete":
        return ON_DELETE
    kept, start = get(strategy, "rollingUpdate", "partition"), get(workload, "spec", "ordinals", "start")
    if isinstance(kept, int) and kept > 0:
        return f"{PARTITION} {kept + (start if isinstance(start, int) else 0)}"
    if get(workload, "spec", "paused") is True:
        return PAUSED
    return "" if _retries(workload) else NO_RETRY


def _retries(workload: JsonValue) -> bool:
    """Whether it makes another Pod after the next one that fails. For a Job, a Pod that is deleted before its end has
    failed (kubernetes, pkg/controller/job/job_controller.go, `isPodFailed`)."""
    spec = get(workload, "spec", "jobTemplate", "spec") or get(workload, "spec")
    limit, failed = get(spec, "backoffLimit"), get(workload, "status", "failed")
    return not isinstance(limit, int) or limit > (failed if isinstance(failed, int) else 0)


def why_kept_back(why: str, pod: str) -> str:
    """The same for one of its Pods: a partition holds back the Pods with a lower number (`NAME-NUMBER`)."""
    kind, _, first = why.partition(" ")
    number, least = whole_number(pod.rpartition("-")[2]), whole_number(first)
    changes = kind == PARTITION and number is not None and least is not None and number >= least
    return "" if changes else kind


def is_managed(document: JsonValue) -> bool:
    """Whether a tool that reads manifests from elsewhere has written the object, or a controller that owns it."""
    labels, annotations = (get_object(document, "metadata", it) for it in ("labels", "annotations"))
    if labels.get(_HELM[0]) == _HELM[1] or any(key.startswith(_TOOLS) for key in (*labels, *annotations)):
        return True
    owners = get_list(document, "metadata", "ownerReferences")
    written_by = {get_str(it, "manager") for it in get_list(document, "metadata", "managedFields")}
    return any(get(it, "controller") is True for it in owners) or not written_by.isdisjoint(_WRITERS)


def _cron_job_of(job: str, created: str) -> str:
    """The CronJob of a Job; empty where it has none.

    The name ends in the minutes since 1970 of the time for which the run was scheduled (kubernetes,
    pkg/controller/cronjob/utils.go). A date of eight digits is another time.
    """
    found, at = _SCHEDULED.fullmatch(job), unix_time(created)
    return found[1] if found and at is not None and abs(int(found[2]) * 60 - at) < _NEAR else ""


def _again(pod: JsonValue) -> Again:
    """How a Pod is created again. The stored Pod already has the webhook's variables, so a Pod made from it would keep
    their old values, or EKS Pod Identity where the association is gone."""
    if LAST_APPLIED in get_object(pod, "metadata", "annotations"):
        return "apply"
    injected = any({ROLE_VARIABLE, TOKEN_VARIABLE} & environment(box).keys() for box in containers(pod))
    return "reset" if injected or has_identity(pod) else "replace"


def new_job(spec: JsonObject) -> JsonObject:
    """The patch by which a stored Job can be made again, with this in the `spec` of its Pods: its template cannot be
    changed."""
    labels = {f"{prefix}{key}": None for prefix in ("", "batch.kubernetes.io/") for key in _OF_JOB}
    return {"spec": {"selector": None, "template": {"metadata": {"labels": labels}, "spec": spec}}}
