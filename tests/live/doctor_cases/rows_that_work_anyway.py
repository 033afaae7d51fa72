"""Rows of what is believed to break IRSA, or looks broken, and does not."""

from __future__ import annotations

from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import Cluster


def _no_api_token(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()
    cluster.deployment({"automountServiceAccountToken": False})


ROWS = (
    Case(
        name="the token for the API server is not mounted",
        make=_no_api_token,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
    ),
)
