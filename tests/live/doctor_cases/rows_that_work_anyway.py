"""Rows of what is believed to break IRSA, or looks broken, and does not."""

from __future__ import annotations

from app.flow.json_access import get_list
from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import Cluster


def _no_api_token(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()
    cluster.deployment({"automountServiceAccountToken": False})


def _two_roles(cluster: Cluster) -> None:
    variables = {
        "AWS_ROLE_ARN": f"{cluster.role_arn}-of-the-backup",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
    }
    env = [{"name": name, "value": value} for name, value in variables.items()]
    boxes = [*get_list(cluster.pod_spec(), "containers"), {"name": "backup", "image": "backup", "env": env}]
    cluster.role()
    cluster.service_account()
    cluster.deployment({"containers": boxes})


ROWS = (
    Case(
        name="the token for the API server is not mounted",
        make=_no_api_token,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
    ),
    Case(
        name="a second container has a role of its own",
        make=_two_roles,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
        fix="role_apart",
    ),
)
