"""Rows about why the webhook did not edit a Pod."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from app.flow.model import JsonValue
from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import POD, Cluster

SERVICE = "pod-identity-webhook"


def _skipped(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()
    labels = {"app": POD}
    metadata = {"labels": labels, "annotations": {"eks.amazonaws.com/skip-containers": "app"}}
    template = {"metadata": metadata, "spec": cluster.pod_spec()}
    wanted = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    cluster.post("deployments", {"metadata": {"name": POD}, "spec": wanted}, group="apis/apps/v1")
    cluster.settle()


def _by_hand(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()
    cluster.deployment(env=[{"name": "AWS_ROLE_ARN", "value": cluster.role_arn}])


def _namespace_without_a_label(cluster: Cluster) -> None:
    cluster.webhook(namespaceSelector={"matchLabels": {"irsa": "on"}})
    cluster.healthy()


def _namespace_of_another_value(cluster: Cluster) -> None:
    cluster.webhook(namespaceSelector={"matchExpressions": [{"key": "irsa", "operator": "In", "values": ["on"]}]})
    cluster.healthy()


def _namespace_of_another_name(cluster: Cluster) -> None:
    label = {"kubernetes.io/metadata.name": cluster.namespace}  # from Kubernetes 1.21 on the API server sets it
    cluster.eks.patch(
        f"api/v1/namespaces/{cluster.namespace}", {"op": "add", "path": "/metadata/labels", "value": label}
    )
    wanted = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["prod"]}
    cluster.webhook(namespaceSelector={"matchExpressions": [wanted]})
    cluster.healthy()


def _pod_without_a_label(cluster: Cluster) -> None:
    cluster.webhook(objectSelector={"matchExpressions": [{"key": "irsa", "operator": "Exists"}]})
    cluster.healthy()


def _not_at_create(cluster: Cluster) -> None:
    rule = {"operations": ["UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
    cluster.webhook(rules=[rule])
    cluster.healthy()


def _at_a_service(cluster: Cluster) -> Mapping[str, JsonValue]:
    """A registration at a Service, which a Pod does not wait long for."""
    service = {"namespace": cluster.namespace, "name": SERVICE, "path": "/mutate"}
    return {"clientConfig": {"service": service, "caBundle": ""}, "timeoutSeconds": 1}


def _service_missing(cluster: Cluster) -> None:
    cluster.webhook(**_at_a_service(cluster))
    cluster.healthy()


def _service_without_pods(cluster: Cluster) -> None:
    cluster.post(
        "services", {"metadata": {"name": SERVICE}, "spec": {"selector": {"app": SERVICE}, "ports": [{"port": 443}]}}
    )
    cluster.webhook(**_at_a_service(cluster))
    cluster.healthy()


def _silent(cluster: Cluster) -> None:
    cluster.webhook(clientConfig={"url": "https://127.0.0.1:1/mutate", "caBundle": ""})
    cluster.healthy()


def _other_ca(cluster: Cluster) -> None:
    cluster.healthy()
    other = base64.b64encode(cluster.eks.control_plane.ca_pem).decode()
    cluster.webhook(clientConfig={"url": cluster.eks.world.webhook_url, "caBundle": other}, failurePolicy="Fail")


ROWS = (
    Case(
        name="the webhook is registered for something else than the creation of Pods",
        make=_not_at_create,
        read_only="broken webhook.registered",
        allowed="broken webhook.registered",
        fix="webhook_rules",
        after=WORKS,
    ),
    Case(
        name="the annotation skip-containers names the container",
        make=_skipped,
        read_only="broken pod.skipped",
        allowed="broken pod.skipped",
        fix="unskip",
        after=WORKS,
    ),
    Case(
        name="the manifest sets AWS_ROLE_ARN",
        make=_by_hand,
        read_only="broken pod.handwritten",
        allowed="broken pod.handwritten",
        fix="handwritten",
        after=WORKS,
    ),
    Case(
        name="the namespace lacks the label that the webhook selects by",
        make=_namespace_without_a_label,
        read_only="broken webhook.selector",
        allowed="broken webhook.selector",
        fix="namespace_labels",
        after=WORKS,
    ),
    Case(
        name="the namespace has none of the values that the webhook selects by",
        make=_namespace_of_another_value,
        read_only="broken webhook.selector",
        allowed="broken webhook.selector",
        fix="namespace_labels",
        after=WORKS,
    ),
    Case(
        name="the webhook selects other namespaces by their names",
        make=_namespace_of_another_name,
        read_only="broken webhook.selector",
        allowed="broken webhook.selector",
        fix="namespace_name",
        after=WORKS,
    ),
    Case(
        name="the Pod lacks the label that the webhook selects by",
        make=_pod_without_a_label,
        read_only="broken webhook.selector",
        allowed="broken webhook.selector",
        fix="pod_labels",
        after=WORKS,
    ),
    Case(
        name="the webhook is registered at a Service that is not there",
        make=_service_missing,
        read_only="broken webhook.reachable",
        allowed="broken webhook.reachable",
        fix="webhook_service",
    ),
    Case(
        name="the webhook is registered at a Service without Pods",
        make=_service_without_pods,
        read_only="broken webhook.reachable",
        allowed="broken webhook.reachable",
        fix="webhook_pods",
    ),
    Case(
        name="the API server does not trust the webhook's certificate, and no Pod may be made without it",
        make=_other_ca,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
        fix="ca_on_eks",  # its commands are tried beside this table: the simulated AWS has no EKS
    ),
    Case(
        name="the webhook does not answer, and Pods are made without it",
        make=_silent,
        read_only="broken pod.injected",
        allowed="broken webhook.volume",
        fix="webhook_silent_on_eks",
    ),
)
