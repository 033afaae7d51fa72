"""What only a workload itself shows: a role's annotation on it, which is in none of its Pods and has no effect there,
and whether it makes new Pods by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.flow.doctor.evidence import check_of
from app.flow.doctor.pods.rows import rows
from app.flow.doctor.workload import HELD_BACK, MANAGED, MAY_HOLD_BACK, is_managed, why_held_back
from app.flow.errors import FlowError
from app.flow.json_access import get_str
from app.flow.model import JsonValue, Status, Step, StepReport, Walk
from app.flow.names import annotated_role_arn
from app.flow.port_wrappers.side_by_side import answers
from app.flow.ports import Cluster, Ports
from app.flow.steps.findings import Findings
from app.flow.steps.service_account import KUBE2IAM
from app.flow.targets.kinds import kind_of

EVIDENCE = "annotated_workload"
_MOST = 16
"""Workloads that are read: a ServiceAccount has few, and the namespace may have any number that run as `default`."""


def inspect(ports: Ports, walk: Walk, of_pod: StepReport, of_list: StepReport) -> StepReport:
    """Reads the Pod's workload where the annotation was found nowhere, and each that a fix may have to restart, and
    only then. Never raises. `of_list` is the report of all Pods.

    Evidence: `annotated_workload`, the object and the annotation's value, where it is there; `held_back`; `managed`.
    """
    findings = Findings(Step.SERVICE_ACCOUNT, ports, ())
    own, namespace = of_pod.evidence.get("workload"), walk.subject.namespace
    annotation = check_of(walk, "service_account.annotation")
    failed = annotation if annotation is not None and annotation.status is Status.FAILED else None
    lacking = failed is not None and failed.reason in ("", KUBE2IAM)
    wrong = any(check.status in (Status.FAILED, Status.WARNING) for check in (*walk.checks, *of_pod.checks))
    stale = [pod.workload for pod in rows(of_list.evidence.get("pods")) if pod.stale]
    others = stale or [pod.workload for pod in rows(of_list.evidence.get("default_pods")) if not pod.deleting]
    recreated = [it for it in (*([own] if wrong else []), *others) if get_str(it, "kind") in MAY_HOLD_BACK]
    named = [(namespace, it) for it in (*([own] if lacking else []), *recreated[:_MOST])]
    found = {name: it for (_, name), it in read_workloads(ports.cluster, named).items()}
    if held_back := {name: why for name, it in found.items() if (why := why_held_back(it))}:
        findings.show(HELD_BACK, held_back)
    if managed := [name for name, it in found.items() if is_managed(it)]:
        findings.show(MANAGED, managed)
    kind, name = kind_of(get_str(own, "kind")), get_str(own, "name")
    there = found.get(f"{get_str(own, 'kind')}/{name}") if lacking else None
    if kind is not None and (role_arn := annotated_role_arn(there)):
        findings.show(EVIDENCE, {"object": f"{kind.name} {namespace}/{name}", "role_arn": role_arn})
    return findings.report()


def read_workloads(cluster: Cluster, named: Iterable[tuple[str, JsonValue]]) -> Mapping[tuple[str, str], JsonValue]:
    """The workloads that can be read, each by its namespace and its name as kubectl takes it."""
    asked = {
        (namespace, f"{kind.singular}/{name}"): (lambda of=(namespace, kind, name): cluster.workload(*of))
        for namespace, it in named
        if (kind := kind_of(get_str(it, "kind"))) is not None and kind.group and (name := get_str(it, "name"))
    }
    return {name: it for name, it in zip(asked, answers(*asked.values()), strict=True) if not isinstance(it, FlowError)}
