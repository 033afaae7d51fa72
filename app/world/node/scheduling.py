"""Whether the node takes a Pod: the scheduler's filters, as far as they are modelled.

Source: `pkg/scheduler/framework/plugins`. Left out: what Pods request, affinity, spreading.
"""

from __future__ import annotations

from app.flow.model import JsonObject

UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
_PREEMPTION = "preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."


def is_gated(pod: JsonObject) -> bool:
    """Whether the scheduler leaves the Pod alone until its `schedulingGates` are removed."""
    return bool(pod["spec"].get("schedulingGates"))


def refusal(pod: JsonObject, node: JsonObject | None) -> str:
    """Why the node does not take the Pod, in the scheduler's words; empty where it does."""
    if node is None:
        return "no nodes available to schedule pods"
    spec, labels = node.get("spec", {}), node["metadata"].get("labels", {})
    tolerations = pod["spec"].get("tolerations", [])
    taints = [taint for taint in spec.get("taints", []) if taint.get("effect") in ("NoSchedule", "NoExecute")]
    own = {"key": UNSCHEDULABLE, "effect": "NoSchedule"}
    wrong = next((taint for taint in taints if not _is_tolerated(taint, tolerations)), None)
    if spec.get("unschedulable") and not _is_tolerated(own, tolerations):
        why = "1 node(s) were unschedulable"
    elif wrong is not None:
        why = f"1 node(s) had untolerated taint {{{wrong['key']}: {wrong.get('value', '')}}}"
    elif any(labels.get(key) != value for key, value in pod["spec"].get("nodeSelector", {}).items()):
        why = "1 node(s) didn't match Pod's node affinity/selector"
    else:
        return ""
    return f"0/1 nodes are available: {why}. {_PREEMPTION}"


def _is_tolerated(taint: JsonObject, tolerations: list[JsonObject]) -> bool:
    """`ToleratesTaint` of k8s.io/api `core/v1/toleration.go`."""
    return any(
        toleration.get("effect", taint["effect"]) == taint["effect"]
        and toleration.get("key", taint["key"]) == taint["key"]
        and (toleration.get("operator", "Equal") == "Exists" or toleration.get("value", "") == taint.get("value", ""))
        for toleration in tolerations
    )
