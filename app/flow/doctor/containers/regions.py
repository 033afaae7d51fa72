"""Whether each container's SDK knows a region, and which variables lack one or have a wrong one.

Rules: botocore reads `AWS_DEFAULT_REGION` alone; the webhook adds neither variable to a container that has one of them
(amazon-eks-pod-identity-webhook, pkg/handler).
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from app.flow.doctor.evidence import evidence_of
from app.flow.doctor.reading.variables import Variables, leave_open
from app.flow.json_access import get_str
from app.flow.model import JsonValue, Status, Walk
from app.flow.partitions import partition_of_region, region_of
from app.flow.ports import Ports
from app.flow.steps.findings import Findings
from app.flow.verdict.error_messages import lacks_region
from app.flow.verdict.refusals import APPLICATION
from app.flow.webhook_patch import REGION_VARIABLES

REGIONS = "regions"
"""The evidence: which region variables containers lack or have a wrong value in, and the value to set: that of the
other variable, else the cluster's region; empty where it is not known."""


def judge_region(
    findings: Findings, ports: Ports, walk: Walk, variables: Sequence[Variables], where: str, said: str
) -> None:
    """A value that no region has stops every SDK that reads it; one of another partition leads it to an STS that does
    not know the issuer. A lacking one breaks nothing as long as the program knows better, and does not say that it
    does not.

    A region that the issuer's host names exists, whatever the SDK's own list says.
    """
    shown = [
        f"{box.container}: {name}" + ("" if box.found[name].value is None else f"={box.found[name].value}")
        for box in variables
        for name in REGION_VARIABLES
        if name in box.found
    ]
    ours = region_of(get_str(evidence_of(walk, "cluster_discovery"), "issuer"))
    wrong = {box.container: _wrong(box, ours, ports.aws.regions) for box in variables}
    if to_set := [it for box in variables for it in _to_set(box, wrong[box.container], ours)]:
        findings.show(REGIONS, to_set)
    if any(wrong.values()):
        findings.judge(
            "pod.region",
            False,
            got=shown,
            expected=[f"{name}={ours}" for name in REGION_VARIABLES] if ours else REGION_VARIABLES,
            where=f"{where} .spec.containers[].env",
            otherwise=Status.WARNING if findings.passed(APPLICATION) else Status.FAILED,
            error=said if lacks_region(said) else "",
        )
        return
    wanted = REGION_VARIABLES if lacks_region(said) else REGION_VARIABLES[:1]
    lacking = [box for box in variables if not all(map(box.has, wanted))]
    hidden = next((box for box in lacking if box.hidden), None)
    if hidden:
        leave_open(findings, "pod.region", hidden, where)
        return
    findings.judge(
        "pod.region",
        not lacking,
        got=shown,
        expected=REGION_VARIABLES,
        where=f"{where} .spec.containers[].env",
        otherwise=Status.FAILED if lacks_region(said) else Status.WARNING,
        error=said if lacking and lacks_region(said) else "",
    )


def _wrong(box: Variables, ours: str, known: Container[str]) -> list[str]:
    """The variables with a value that no region has, or that is a region of another partition than the cluster's."""
    values = {name: box.found[name].value for name in REGION_VARIABLES if name in box.found}
    return [
        name
        for name, value in values.items()
        if value is not None
        and value != ours
        and (value not in known or (ours and partition_of_region(value) != partition_of_region(ours)))
    ]


def _to_set(box: Variables, wrong: Sequence[str], ours: str) -> list[JsonValue]:
    kept = [name for name in REGION_VARIABLES if box.has(name) and name not in wrong]
    value = box.value(kept[0]) if kept else "" if box.hidden else ours
    lacking = [name for name in REGION_VARIABLES if name not in kept]
    return [{"container": box.container, "variable": name, "value": value} for name in lacking]
