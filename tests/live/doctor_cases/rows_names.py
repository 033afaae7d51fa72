"""Rows about names and values: where keys come from, regions, roles, ServiceAccounts, blanks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import Cluster

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-real-one"}
_ANNOTATION, _AUDIENCE = "eks.amazonaws.com/role-arn", "eks.amazonaws.com/audience"


def _with(**container: Any) -> Callable[[Cluster], None]:
    """A healthy chain, where the container has this besides; a Secret and a ConfigMap with keys are there."""

    def make(cluster: Cluster) -> None:
        cluster.role()
        cluster.service_account()
        cluster.post("secrets", {"metadata": {"name": "aws"}, "stringData": {**KEYS, "LEVEL": "debug"}})
        cluster.post("configmaps", {"metadata": {"name": "aws"}, "data": {**KEYS, "LEVEL": "debug"}})
        cluster.deployment(**container)

    return make


def _variables(**values: str) -> Callable[[Cluster], None]:
    return _with(env=[{"name": name, "value": value} for name, value in values.items()])


def _annotated(wrong: Callable[[str], str]) -> Callable[[Cluster], None]:
    def make(cluster: Cluster) -> None:
        cluster.role()
        cluster.service_account(annotations={_ANNOTATION: wrong(cluster.role_arn)})
        cluster.deployment()

    return make


def _audience_with_a_blank(cluster: Cluster) -> None:
    cluster.role()
    annotations = {_ANNOTATION: cluster.role_arn, _AUDIENCE: "sts.amazonaws.com "}
    cluster.service_account(annotations=annotations)
    cluster.deployment()


def _no_audience(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account(annotations={_ANNOTATION: cluster.role_arn, _AUDIENCE: ""})
    cluster.deployment()


def _mount_elsewhere(cluster: Cluster) -> None:
    source = {"serviceAccountToken": {"audience": "sts.amazonaws.com", "path": "token"}}
    cluster.role()
    cluster.service_account()
    cluster.deployment(
        {"volumes": [{"name": "aws-iam-token", "projected": {"sources": [source]}}]},
        volumeMounts=[{"name": "aws-iam-token", "mountPath": "/tokens"}],
    )


def _another_account(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account("webs")
    cluster.deployment({"serviceAccountName": "webs"})


_REFERENCES = [
    {"name": name, "valueFrom": {"secretKeyRef": {"name": "aws", "key": name}}}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
]

ROWS = (
    Case(
        name="access keys come from a whole Secret",
        make=_with(envFrom=[{"secretRef": {"name": "aws"}}]),
        read_only="should_work webhook.dry_run",
        allowed="broken pod.static_keys",
        fix="empty_keys",
        after=WORKS,
    ),
    Case(
        name="access keys come from a whole ConfigMap",
        make=_with(envFrom=[{"configMapRef": {"name": "aws"}}]),
        read_only="broken pod.static_keys",
        allowed="broken pod.static_keys",
        fix="empty_keys",
        after=WORKS,
    ),
    Case(
        name="access keys come from keys of a Secret",
        make=_with(env=_REFERENCES),
        read_only="broken pod.static_keys",
        allowed="broken pod.static_keys",
        fix="static_keys",
        after=WORKS,
    ),
    Case(
        name="both variables have a region that there is not",
        make=_variables(AWS_REGION="ap-northeast-9", AWS_DEFAULT_REGION="ap-northeast-9"),
        read_only="broken pod.region",
        allowed="broken pod.region",
        fix="region",
        after=WORKS,
    ),
    Case(
        name="the region is empty",
        make=_variables(AWS_REGION="", AWS_DEFAULT_REGION=""),
        read_only="broken pod.region",
        allowed="broken pod.region",
        fix="region",
        after=WORKS,
    ),
    Case(
        name="the region has a blank after it",
        make=_variables(AWS_REGION="ap-northeast-1 ", AWS_DEFAULT_REGION="ap-northeast-1"),
        read_only="broken pod.region",
        allowed="broken pod.region",
        fix="region",
        after=WORKS,
    ),
    Case(
        name="the role's name has a typing error",
        make=_annotated(lambda arn: arn.removesuffix("role") + "roel"),
        read_only="broken role.exists",
        allowed="broken role.exists",
        fix="mean_role",
        after=WORKS,
    ),
    Case(
        name="the role's ARN has a blank after it",
        make=_annotated(lambda arn: f"{arn} "),
        read_only="broken service_account.role_arn",
        allowed="broken service_account.role_arn",
        fix="without_blanks",
        after=WORKS,
    ),
    Case(
        name="the audience has a blank after it",
        make=_audience_with_a_blank,
        read_only="broken trust.audience",
        allowed="broken trust.audience",
        fix="default_audience",
        after=WORKS,
    ),
    Case(
        name="the annotation for the audience is empty",
        make=_no_audience,
        read_only="broken trust.audience",
        allowed="broken trust.audience",
        fix="default_audience",
        after=WORKS,
    ),
    Case(
        name="the manifest mounts a volume of the webhook's name elsewhere",
        make=_mount_elsewhere,
        read_only="broken pod.volume",
        allowed="broken pod.volume",
        fix="own_volume",
        after=WORKS,
    ),
    Case(
        name="the session's name has a blank in it",
        make=_variables(AWS_ROLE_SESSION_NAME="my app"),
        read_only="broken pod.request",
        allowed="broken pod.request",
        fix="session_name",
        after=WORKS,
    ),
    Case(
        name="the ServiceAccount is called a little differently",
        make=_another_account,
        read_only="broken service_account.exists",
        allowed="broken service_account.exists",
        fix="mean_service_account",
    ),
)
