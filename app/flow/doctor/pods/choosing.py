"""Which Pod to look at where the caller names none, and which Pod has replaced one that is gone."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.flow.doctor.pods.rows import PodRow
from app.flow.doctor.workload import workload_of
from app.flow.errors import NotPermitted
from app.flow.json_access import get, get_str
from app.flow.model import JsonValue
from app.flow.ports import Ports
from app.flow.steps.kubelet_status import ENDED

_REVISIONS = ("pod-template-hash", "controller-revision-hash")
"""The labels that differ after a change of the Pod template: that of a Deployment, and that of a StatefulSet or
DaemonSet."""
_LETTER = "[bcdfghjklmnpqrstvwxz2456789]"
_SUFFIX = f"-{_LETTER}{{5}}"
"""What the API server appends to a generated name (apimachinery, util/rand; apiserver, storage/names)."""
_NAMES = {
    "deployment": f"-{_LETTER}{{6,10}}{_SUFFIX}",  # the hash of the template is in the ReplicaSet's name
    "statefulset": r"-\d+",
    "job": rf"(-\d+)?{_SUFFIX}",  # an Indexed Job's Pods have their index in the name
    "cronjob": rf"-\d{{8}}(-\d+)?{_SUFFIX}",
}
"""The rest of a Pod's name after the name of its workload, as a pattern by kind of workload."""


def pod_of(ports: Ports, namespace: str, service_account: str) -> str:
    """The Pod of a ServiceAccount that `in_order` puts first; empty where there is none, or we may not look.

    Raises `FlowError` where the server does not answer, or does not accept our login.
    """
    try:
        pods = ports.cluster.pods(namespace, service_account)
    except NotPermitted as error:
        if error.about_login:
            raise
        return ""
    return get_str(next(iter(in_order(pods)), None), "metadata", "name")


def in_order(pods: Sequence[JsonValue]) -> list[JsonValue]:
    """The Pods, in the order in which to look at them: the youngest that runs, those that do not run yet, those that
    ended.

    While a workload rolls out, its youngest Pod is the first, although it does not run yet: it is about to replace the
    running ones.
    """
    found = sorted(pods, key=_rank, reverse=True)
    coming = [pod for pod in found if _replaces(pod, found[0])]
    first = max(coming, key=_created, default=None)
    return found if first is None else [first, *(pod for pod in found if pod is not first)]


def _rank(pod: JsonValue) -> tuple[bool, bool, bool, str]:
    living = get(pod, "metadata", "deletionTimestamp") is None
    phase = get_str(pod, "status", "phase")
    return living, phase not in ENDED, phase == "Running", _created(pod)


def _replaces(pod: JsonValue, running: JsonValue) -> bool:
    """Whether a Pod belongs to the same workload as a running one, has another revision, and is younger."""
    lives = _rank(pod)[:2] == (True, True) and _created(pod) > _created(running)
    return lives and _revision(pod) != _revision(running) and workload_of(pod) == workload_of(running)


def _created(pod: JsonValue) -> str:
    return get_str(pod, "metadata", "creationTimestamp")


def _revision(pod: JsonValue) -> list[str]:
    return [get_str(pod, "metadata", "labels", label) for label in _REVISIONS]


def successor(name: str, pods: Sequence[PodRow]) -> str:
    """The youngest Pod of the workload that had made the Pod of this name, which is gone; empty where there is none.

    A Pod that has ended is taken only where there is no other. Only the name of the Pod that is gone shows its owner,
    so the owner with the longest name that fits is taken.
    """
    found = [pod for pod in pods if not pod.deleting and _is_named_after(name, pod)]
    best = max(found, key=lambda pod: (len(get_str(pod.workload, "name")), not pod.ended, pod.created), default=None)
    return best.name if best else ""


def _is_named_after(name: str, pod: PodRow) -> bool:
    kind, owner = get_str(pod.workload, "kind"), get_str(pod.workload, "name")
    if kind == "pod" or pod.name == name:
        return False
    return re.fullmatch(re.escape(owner) + _NAMES.get(kind, _SUFFIX), name) is not None
