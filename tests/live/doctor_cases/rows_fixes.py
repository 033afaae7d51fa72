"""Rows about what a fix leads to: the next broken link, or none, as it was predicted."""

from __future__ import annotations

import json

from app.world.aws import iam
from app.world.setup import roles
from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import ACCOUNT, Cluster


def _other_trust(cluster: Cluster) -> None:
    document = cluster.trust()
    (conditions,) = document["Statement"][0]["Condition"].values()
    for key in conditions:
        if key.endswith(":sub"):
            conditions[key] = "system:serviceaccount:production:web"
    iam.call(
        cluster.eks.world.account,
        "UpdateAssumeRolePolicy",
        {"RoleName": cluster.role_name, "PolicyDocument": json.dumps(document)},
    )


def _provider_and_trust(cluster: Cluster) -> None:
    cluster.healthy()
    _other_trust(cluster)
    (provider,) = cluster.eks.world.account.oidc_providers.values()
    cluster.iam("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=provider.arn)


def _trust_and_permission(cluster: Cluster) -> None:
    cluster.role(managed=())
    cluster.service_account()
    cluster.deployment()
    _other_trust(cluster)


def _no_role_under_its_path(cluster: Cluster) -> None:
    arn = cluster.role_arn.replace(":role/", ":role/team/blue/")
    cluster.service_account(annotations={"eks.amazonaws.com/role-arn": arn})
    cluster.deployment()


def _keys_of_its_own(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account()
    keys = [{"name": "AWS_ACCESS_KEY_ID", "value": "AKIAEXAMPLE"}, {"name": "AWS_SECRET_ACCESS_KEY", "value": "x"}]
    cluster.deployment(env=keys)


def _two_roles(cluster: Cluster) -> None:
    cluster.role()
    roles.create_role(cluster.eks.world, f"{cluster.role_name}-2", cluster.trust(), managed=())
    cluster.service_account(annotations={"eks.amazonaws.com/role-arn": ""})
    cluster.deployment()


ROWS = (
    Case(
        name="no provider, and the trust policy lets another ServiceAccount in",
        make=_provider_and_trust,
        read_only="broken provider.exists",
        allowed="broken provider.exists",
        fix="create_provider",
        after="broken trust.subject",
    ),
    Case(
        name="the trust policy lets another ServiceAccount in, and the role may do nothing",
        make=_trust_and_permission,
        read_only="broken trust.subject",
        allowed="broken trust.subject",
        fix="trust",
        after="broken access.policy",
    ),
    Case(
        name="no role is there, and the annotation names a path",
        make=_no_role_under_its_path,
        read_only="broken role.exists",
        allowed="broken role.exists",
        fix="create_role",
        after="broken access.policy",
    ),
    Case(
        name="the Deployment has keys of its own",
        make=_keys_of_its_own,
        read_only="broken pod.static_keys",
        allowed="broken pod.static_keys",
        fix="static_keys",
        after=WORKS,
    ),
    Case(
        name=f"the annotation of {ACCOUNT} is empty, and two roles may be meant",
        make=_two_roles,
        read_only="broken service_account.annotation",
        allowed="broken service_account.annotation",
        fix="choose_role",
        after=WORKS,
        fill={"ROLE_ARN": "{role_arn}"},
    ),
)
