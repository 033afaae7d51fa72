"""Rows of which reading sees nothing wrong: what it says then, and what only a request to AWS shows."""

from __future__ import annotations

import json

from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import Cluster


def _without_permissions(cluster: Cluster) -> None:
    cluster.role(managed=())
    cluster.service_account()
    cluster.deployment()


def _no_pod_yet(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()


def _denied_by_the_organization(cluster: Cluster) -> None:
    cluster.healthy()
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sts:AssumeRoleWithWebIdentity", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cluster.eks.world.account.resource_control_policies.append(policy)


ROWS = (
    Case(
        name="the role has no permissions",
        make=_without_permissions,
        read_only="broken access.policy",
        allowed="broken access.policy",
        fix="permit",
        after=WORKS,
    ),
    Case(
        name="no Pod has been made yet",
        make=_no_pod_yet,
        read_only="unknown pod.exists",
        allowed=WORKS,
        fix="write_service_account",
    ),
    Case(
        name="a policy of the organization denies it",
        make=_denied_by_the_organization,
        read_only="should_work webhook.dry_run",
        allowed="broken sts.credentials",
        fix="organization",
    ),
)
