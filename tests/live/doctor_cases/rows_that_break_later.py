"""Rows of what stops the next Pod, while the one that runs was edited before and works."""

from __future__ import annotations

from tests.live.doctor_cases.case import Case
from tests.live.doctor_cases.cluster import Cluster
from tests.live.doctor_cases.rows_found_at_night import token_by_hand


def _not_registered_any_more(cluster: Cluster) -> None:
    cluster.healthy()
    cluster.webhook()


def _another_selector_by_now(cluster: Cluster) -> None:
    cluster.healthy()
    cluster.webhook(namespaceSelector={"matchLabels": {"irsa": "on"}})


def _not_annotated_any_more(cluster: Cluster) -> None:
    cluster.healthy()
    cluster.annotate({"eks.amazonaws.com/role-arn": None})


def _token_by_hand_and_annotated(cluster: Cluster) -> None:
    token_by_hand(cluster)
    cluster.annotate({"eks.amazonaws.com/role-arn": cluster.role_arn})


ROWS = (
    Case(
        name="the ServiceAccount of a Pod that mounts the token itself was annotated as well",
        make=_token_by_hand_and_annotated,
        read_only="should_work webhook.dry_run",
        allowed="works",
        fix="mounted_twice",
        after="works",
    ),
    Case(
        name="the webhook's registration was deleted after the Pod was made",
        make=_not_registered_any_more,
        read_only="should_work webhook.dry_run",
        allowed="works",
        fix="register_webhook",
    ),
    Case(
        name="the annotation was removed after the Pod was made",
        make=_not_annotated_any_more,
        read_only="should_work webhook.dry_run",
        allowed="works",
        fix="annotate_again",
        after="works",
    ),
    Case(
        name="the webhook selects other namespaces since the Pod was made",
        make=_another_selector_by_now,
        read_only="should_work webhook.dry_run",
        allowed="works",
        fix="namespace_labels",
    ),
)
