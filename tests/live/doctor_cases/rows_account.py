"""Rows about the account: provider, role and trust policy."""

from __future__ import annotations

import json

from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import Cluster


def _healthy(cluster: Cluster) -> None:
    cluster.healthy()


def _another_subject(cluster: Cluster) -> None:
    document = cluster.trust()
    for key in document["Statement"][0]["Condition"]["StringEquals"]:
        if key.endswith(":sub"):
            document["Statement"][0]["Condition"]["StringEquals"][key] += "-of-another"
    cluster.role(trust=document)
    cluster.service_account()
    cluster.deployment()


def _no_provider(cluster: Cluster) -> None:
    cluster.healthy()
    (provider,) = cluster.eks.world.account.oidc_providers.values()
    cluster.iam("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=provider.arn)


def _other_client_id(cluster: Cluster) -> None:
    cluster.healthy()
    (provider,) = cluster.eks.world.account.oidc_providers.values()
    provider.client_ids[:] = ["another.example.com"]


def _no_action(cluster: Cluster) -> None:
    document = cluster.trust()
    document["Statement"][0]["Action"] = "sts:AssumeRole"
    cluster.healthy()
    cluster.iam("UpdateAssumeRolePolicy", RoleName=cluster.role_name, PolicyDocument=json.dumps(document))


ROWS = (
    Case(name="nothing is wrong", make=_healthy, read_only="should_work webhook.dry_run", allowed=WORKS),
    Case(
        name="the trust policy lets another ServiceAccount in",
        make=_another_subject,
        read_only="broken trust.subject",
        allowed="broken trust.subject",
        fix="trust",
        after=WORKS,
    ),
    Case(
        name="there is no IAM OIDC provider for the issuer",
        make=_no_provider,
        read_only="broken provider.exists",
        allowed="broken provider.exists",
        fix="create_provider",
        after=WORKS,
    ),
    Case(
        name="the provider does not list the audience",
        make=_other_client_id,
        read_only="broken provider.audience",
        allowed="broken provider.audience",
        fix="accept_audience",
        after=WORKS,
    ),
    Case(
        name="the trust policy allows another action",
        make=_no_action,
        read_only="broken trust.action",
        allowed="broken trust.action",
        fix="trust",
        after=WORKS,
    ),
)
