"""Rows about the siblings of the examined Pod: all Pods of the ServiceAccount are judged."""

from __future__ import annotations

from app.flow.json_access import get_str
from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import Cluster
from tests.waiting import eventually

ROLE_ARN = "eks.amazonaws.com/role-arn"
OTHER = "worker"


def _stale(cluster: Cluster) -> None:
    """Two replicas of another Deployment are older than the annotation."""
    cluster.role()
    cluster.service_account(annotations={})
    _other_deployment(cluster)
    _examined(cluster)


def _of_another_role(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account(annotations={ROLE_ARN: f"{cluster.role_arn}-of-before"})
    _other_deployment(cluster)
    _examined(cluster)


def _bare(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account(annotations={})
    cluster.post("pods", {"metadata": {"name": OTHER}, "spec": cluster.pod_spec()})
    cluster.settle()
    _examined(cluster)


def _kept_away(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()
    labels = {"eks.amazonaws.com/skip-pod-identity-webhook": "true"}
    cluster.post("pods", {"metadata": {"name": OTHER, "labels": labels}, "spec": cluster.pod_spec()})
    cluster.settle()
    _examined(cluster)


def _other_deployment(cluster: Cluster) -> None:
    labels = {"app": OTHER}
    template = {"metadata": {"labels": labels}, "spec": cluster.pod_spec()}
    wanted = {"replicas": 2, "selector": {"matchLabels": labels}, "template": template}
    cluster.post("deployments", {"metadata": {"name": OTHER}, "spec": wanted}, group="apis/apps/v1")
    cluster.settle()


def _examined(cluster: Cluster) -> None:
    """Annotates the ServiceAccount, and makes a Pod that is newer than all others by the server's clock, in seconds."""
    cluster.annotate({ROLE_ARN: cluster.role_arn})
    newest = max(get_str(pod, "metadata", "creationTimestamp") for pod in cluster.pods())
    now = {"metadata": {"name": "now"}, "spec": cluster.pod_spec()}
    eventually(lambda: get_str(cluster.post("pods?dryRun=All", now), "metadata", "creationTimestamp") > newest)
    cluster.deployment()


ROWS = (
    Case(
        name="another Deployment is older than the annotation",
        make=_stale,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
        fix="restart_pods",
        after=WORKS,
    ),
    Case(
        name="another Deployment has the role of before",
        make=_of_another_role,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
        fix="restart_pods",
        after=WORKS,
    ),
    Case(
        name="a Pod without an owner is older than the annotation",
        make=_bare,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
        fix="restart_pods",
        after=WORKS,
    ),
    Case(
        name="the label of another Pod keeps the webhook away",
        make=_kept_away,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
        fix="examine_pods",
    ),
)
