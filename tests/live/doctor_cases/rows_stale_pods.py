"""Rows about Pods that are older than what their ServiceAccount says now: each owner restarts in its own way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.flow.model import JsonValue
from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import POD, Cluster

ROLE = "eks.amazonaws.com/role-arn"
AUDIENCE = "eks.amazonaws.com/audience"
Make = Callable[[Cluster], None]


def _template(cluster: Cluster, **spec: JsonValue) -> JsonValue:
    return {"metadata": {"labels": {"app": POD}}, "spec": cluster.pod_spec(spec)}


def _stateful_set(cluster: Cluster, **also: JsonValue) -> None:
    spec = {"selector": {"matchLabels": {"app": POD}}, "template": _template(cluster), "serviceName": POD, **also}
    cluster.post("statefulsets", {"metadata": {"name": POD}, "spec": spec}, group="apis/apps/v1")
    cluster.settle()


def _on_delete(cluster: Cluster) -> None:
    _stateful_set(cluster, updateStrategy={"type": "OnDelete"})


def _paused(cluster: Cluster) -> None:
    cluster.deployment()
    cluster.paste(f"kubectl -n {cluster.namespace} rollout pause deployment/{POD}")


def _paused_by_hand(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()
    cluster.deployment(env=[{"name": "AWS_ROLE_ARN", "value": cluster.role_arn}])
    cluster.paste(f"kubectl -n {cluster.namespace} rollout pause deployment/{POD}")


def _partitioned(cluster: Cluster) -> None:
    _stateful_set(cluster, updateStrategy={"rollingUpdate": {"partition": 1}})


def _partitioned_by_hand(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()
    template = _template(cluster, containers=[_by_hand(cluster)])
    _stateful_set(cluster, template=template, updateStrategy={"rollingUpdate": {"partition": 1}})


def _by_hand(cluster: Cluster) -> JsonValue:
    variable = {"name": "AWS_ROLE_ARN", "value": cluster.role_arn}
    return {"name": "app", "image": "amazon/aws-cli:latest", "command": ["aws", "s3", "ls"], "env": [variable]}


def _job(cluster: Cluster) -> None:
    spec = {"template": _template(cluster, restartPolicy="Never")}
    cluster.post("jobs", {"metadata": {"name": POD}, "spec": spec}, group="apis/batch/v1")
    cluster.settle()


def _annotated_after(create: Make) -> Make:
    """The role's annotation is set after the Pods were made."""

    def make(cluster: Cluster) -> None:
        cluster.role()
        cluster.service_account(annotations={})
        create(cluster)
        cluster.annotate({ROLE: cluster.role_arn})

    return make


def _another_role_before(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account(annotations={ROLE: f"{cluster.role_arn}-of-old"})
    cluster.deployment()
    cluster.annotate({ROLE: cluster.role_arn})


def _another_audience_before(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account(annotations={ROLE: cluster.role_arn, AUDIENCE: "vault.example.com"})
    cluster.deployment()
    cluster.annotate({AUDIENCE: None})


def _stale(name: str, make: Make, check: str = "pod.injected", **more: Any) -> Case:
    verdict = f"broken {check}"
    return Case(
        **{"name": name, "make": make, "read_only": verdict, "allowed": verdict, "fix": "recreate", "after": WORKS}
        | more
    )


ROWS = (
    _stale("the StatefulSet's Pod is older", _annotated_after(_stateful_set)),
    _stale("the StatefulSet's Pod is older, and only deleting it makes another", _annotated_after(_on_delete)),
    _stale("the Deployment's Pod is older, and its rollout is paused", _annotated_after(_paused)),
    _stale(
        "the manifest sets a variable, and its rollout is paused", _paused_by_hand, "pod.handwritten", fix="handwritten"
    ),
    _stale("the StatefulSet's Pod is older, and a partition keeps it back", _annotated_after(_partitioned)),
    _stale(
        "the manifest sets a variable, and a partition keeps the Pod back",
        _partitioned_by_hand,
        "pod.handwritten",
        fix="handwritten",
    ),
    _stale("the bare Pod is older", _annotated_after(lambda it: it.pod())),
    _stale("the Job's Pod is older", _annotated_after(_job)),
    _stale("the Pod has the role of before", _another_role_before),
    _stale(
        "the Pod has the audience of before",
        _another_audience_before,
        "token.audience",
    ),
)
