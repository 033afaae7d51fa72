"""From a workload to its ServiceAccount, and to one of its Pods."""

from __future__ import annotations

from dataclasses import replace

from app.flow.doctor import Diagnosis
from app.flow.doctor.pods.choosing import in_order
from app.flow.doctor.workload import ENDED, NO_POD_YET, NOT_CREATED, PAUSED, SCALED_TO_ZERO, SUSPENDED, why_held_back
from app.flow.errors import FlowError, NotPermitted
from app.flow.json_access import get, get_list, get_object, get_str, shown
from app.flow.model import JsonValue, Subject
from app.flow.ports import Ports
from app.flow.steps import selectors
from app.flow.targets.kinds import Target


def subject_of(ports: Ports, target: Target, namespace: str) -> Subject:
    """Whose IRSA a workload needs, with that of its Pods that is looked at first. Raises `FlowError`.

    The ServiceAccount is that of the template, which an owner that names none leaves to `default` (Kubernetes,
    "Configure Service Accounts for Pods"). No Pod where it has none, or we may not list them.
    """
    workload = ports.cluster.workload(namespace, target.kind, target.name)
    spec = get_object(workload, "spec", "jobTemplate", "spec") or get_object(workload, "spec")
    account = get_str(spec, "template", "spec", "serviceAccountName") or "default"
    try:
        pods = ports.cluster.pods(namespace, account)
    except NotPermitted as error:
        if error.about_login:
            raise
        pods = ()
    own = [pod for pod in pods if _is_of(pod, workload, target)]
    pod = get_str(next(iter(in_order(own)), None), "metadata", "name")
    return Subject(namespace=namespace, service_account=account, pod=pod)


def with_workload(ports: Ports, found: Diagnosis, target: Target) -> Diagnosis:
    """The diagnosis of a workload that has no Pod, with the evidence why (`NO_PODS`). Where we may not list Pods,
    nothing is known. Never raises."""
    if found.evidence.get("pods") is None:
        return found
    try:
        workload = ports.cluster.workload(found.subject.namespace, target.kind, target.name)
    except FlowError:
        workload = None
    refused = {NOT_CREATED: said} if (said := _not_created(workload)) else {}
    return replace(found, evidence={**found.evidence, _why_none(workload): str(target), **refused})


def _not_created(workload: JsonValue) -> str:
    """What the API server says where it creates no Pod of a ReplicaSet, by a quota, a policy or a webhook that fails
    (apps/v1, `ReplicaSetReplicaFailure`, which a Deployment shows as well)."""
    for it in get_list(workload, "status", "conditions"):
        if (get_str(it, "type"), get_str(it, "status")) == ("ReplicaFailure", "True"):
            return shown(get_str(it, "message"))
    return ""


def _why_none(workload: JsonValue) -> str:
    """Why it has no Pod: it has 0 replicas (without `replicas` it has one: apps/v1, `DeploymentSpec`); its rollout is
    paused, so that Pods of a template before run under another ServiceAccount; it is a Job that has ended, or a Job
    or a CronJob that is suspended (batch/v1, `JobSpec`, `JobStatus`); or, as a CronJob before its first run, it has
    none yet."""
    if get(workload, "spec", "replicas") == 0:
        return SCALED_TO_ZERO
    if why_held_back(workload) == PAUSED:
        return PAUSED
    reached = [it for it in get_list(workload, "status", "conditions") if get_str(it, "status") == "True"]
    if any(get_str(it, "type") in ("Complete", "Failed") for it in reached):
        return ENDED
    return SUSPENDED if get(workload, "spec", "suspend") is True else NO_POD_YET


def _is_of(pod: JsonValue, workload: JsonValue, target: Target) -> bool:
    """By the selector; a CronJob has none, and names its Jobs `NAME-MINUTES`."""
    selector = get(workload, "spec", "selector")
    if selector:
        return selectors.matches(selector, get_object(pod, "metadata", "labels"))
    owners = get_list(pod, "metadata", "ownerReferences")
    return any(
        get_str(owner, "kind") == "Job" and get_str(owner, "name").rpartition("-")[0] == target.name for owner in owners
    )
