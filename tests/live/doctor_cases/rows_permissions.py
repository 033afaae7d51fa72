"""Rows about permissions: what the Pod asks for, what the role may do, and what limits it."""

from __future__ import annotations

import json

from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import Cluster


def _policy(action: str, effect: str = "Allow") -> str:
    statement = {"Effect": effect, "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _lists_without_permission(cluster: Cluster) -> None:
    cluster.role(managed=())
    cluster.service_account()
    cluster.deployment()


def _other_program_without_permission(cluster: Cluster) -> None:
    cluster.role(managed=())
    cluster.service_account()
    cluster.deployment(image="registry.example/orders:1", command=["orders", "serve"])


def _lists_one_bucket(cluster: Cluster) -> None:
    cluster.role(managed=())
    cluster.iam("PutRolePolicy", RoleName=cluster.role_name, PolicyName="own", PolicyDocument=_policy("s3:ListBucket"))
    cluster.service_account()
    cluster.deployment()


def _denied(cluster: Cluster) -> None:
    cluster.healthy()
    cluster.iam("PutRolePolicy", RoleName=cluster.role_name, PolicyName="no", PolicyDocument=_policy("s3:*", "Deny"))


def _bounded(cluster: Cluster) -> None:
    cluster.healthy()
    name = f"{cluster.role_name}-limit"
    cluster.iam("CreatePolicy", PolicyName=name, PolicyDocument=_policy("dynamodb:*"))
    arn = f"arn:aws:iam::{cluster.eks.world.account.account_id}:policy/{name}"
    cluster.iam("PutRolePermissionsBoundary", RoleName=cluster.role_name, PermissionsBoundary=arn)


ROWS = (
    Case(
        name="the role lacks what the Pod's command needs",
        make=_lists_without_permission,
        read_only="broken access.policy",
        allowed="broken access.policy",
        fix="permit",
        after=WORKS,
    ),
    Case(
        name="the role has no permission and nothing says that the Pod needs one",
        make=_other_program_without_permission,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
    ),
    Case(
        name="the role may list one bucket but not the buckets",
        make=_lists_one_bucket,
        read_only="broken access.policy",
        allowed="broken access.policy",
        fix="permit",
        after=WORKS,
    ),
    Case(
        name="a policy of the role denies what the Pod needs",
        make=_denied,
        read_only="broken access.policy",
        allowed="broken access.policy",
        fix="remove_deny_from_role",
    ),
    Case(
        name="the role's permissions boundary does not allow it",
        make=_bounded,
        read_only="broken access.policy",
        allowed="broken access.policy",
        fix="boundary",
    ),
)
