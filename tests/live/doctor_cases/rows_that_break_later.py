"""Rows of what stops the next Pod, while the one that runs was edited before and works."""

from __future__ import annotations

from tests.live.doctor_cases.case import Case
from tests.live.doctor_cases.cluster import Cluster


def _not_registered_any_more(cluster: Cluster) -> None:
    cluster.healthy()
    cluster.webhook()


def _another_selector_by_now(cluster: Cluster) -> None:
    cluster.healthy()
    cluster.webhook(namespaceSelector={"matchLabels": {"irsa": "on"}})


ROWS = (
    Case(
        name="the webhook's registration was deleted after the Pod was made",
        make=_not_registered_any_more,
        read_only="should_work webhook.dry_run",
        allowed="works",
        fix="registration_missing",
    ),
    Case(
        name="the webhook selects other namespaces since the Pod was made",
        make=_another_selector_by_now,
        read_only="should_work webhook.dry_run",
        allowed="works",
        fix="namespace_labels",
    ),
)
