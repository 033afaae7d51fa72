"""Rows about the cluster: ServiceAccount, webhook and Pods."""

from __future__ import annotations

from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import ACCOUNT, POD, Cluster


def _older_than_the_annotation(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account(annotations={})
    cluster.deployment()
    cluster.annotate({"eks.amazonaws.com/role-arn": cluster.role_arn})


def _no_annotation(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account(annotations={})
    cluster.deployment()


def _no_service_account(cluster: Cluster) -> None:
    """The ReplicaSet goes on trying, and makes its Pod as soon as the ServiceAccount is there."""
    labels = {"app": POD}
    template = {"metadata": {"labels": labels}, "spec": cluster.pod_spec()}
    wanted = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    cluster.role()
    cluster.post("deployments", {"metadata": {"name": POD}, "spec": wanted}, group="apis/apps/v1")


def _as_default(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()
    cluster.deployment({"serviceAccountName": "default"})


def _dead_webhook(cluster: Cluster) -> None:
    cluster.healthy()
    client = {"url": "https://127.0.0.1:1/mutate", "caBundle": ""}
    cluster.webhook(clientConfig=client, failurePolicy="Fail")


def _no_webhook(cluster: Cluster) -> None:
    cluster.webhook()
    cluster.healthy()


ROWS = (
    Case(
        name="the Deployment's Pod is older than the annotation",
        make=_older_than_the_annotation,
        read_only="broken pod.injected",
        allowed="broken pod.injected",
        fix="recreate",
        after=WORKS,
    ),
    Case(
        name="the ServiceAccount is not there, and a Deployment waits for it",
        make=_no_service_account,
        read_only="broken service_account.exists",
        allowed="broken service_account.exists",
        fix="create_service_account",
        after=WORKS,
    ),
    Case(
        name="the ServiceAccount is not annotated",
        make=_no_annotation,
        read_only="broken service_account.annotation",
        allowed="broken service_account.annotation",
        fix="found_role",
        after=WORKS,
    ),
    Case(
        name=f"no Pod runs as {ACCOUNT}",
        make=_as_default,
        read_only="unknown pod.exists",
        allowed=WORKS,
        fix="use_service_account",
        after=WORKS,
    ),
    Case(
        name="the webhook does not answer, and no Pod may be made without it",
        make=_dead_webhook,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
        fix="webhook_silent_on_eks",
    ),
    Case(
        name="no webhook is registered",
        make=_no_webhook,
        read_only="broken webhook.registered",
        allowed="broken webhook.registered",
        fix="register_webhook",
    ),
)
