"""Rows about the trust policy and the provider that it trusts: what teams write by hand, and how it is put right."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from app.flow.names import host_and_path
from app.world.world import CLUSTER_NAME
from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import ACCOUNT, Cluster

Make = Callable[[Cluster], None]


def _with(change: Callable[[Cluster, Any], object]) -> Make:
    """A healthy chain whose trust policy has this change, made in its one statement."""

    def make(cluster: Cluster) -> None:
        document = cluster.trust()
        change(cluster, document["Statement"][0])
        cluster.role(trust=document)
        cluster.service_account()
        cluster.deployment()

    return make


def _key(cluster: Cluster, name: str) -> str:
    return f"{host_and_path(cluster.eks.world.issuer)}:{name}"


def _condition(operator: str, name: str, value: str) -> Make:
    """`{namespace}` and `{account}` in the value are the row's; the key leaves StringEquals."""

    def change(cluster: Cluster, statement: Any) -> None:
        key, conditions = _key(cluster, name), statement["Condition"]
        del conditions["StringEquals"][key]
        written = value.format(namespace=cluster.namespace, account=ACCOUNT)
        conditions.setdefault(operator, {})[key] = written

    return _with(change)


def _without(name: str) -> Make:
    return _with(lambda cluster, statement: statement["Condition"]["StringEquals"].pop(_key(cluster, name)))


def _key_of_another_cluster(cluster: Cluster, statement: Any) -> None:
    conditions = statement["Condition"]["StringEquals"]
    conditions["oidc.eks.eu-west-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF:sub"] = conditions.pop(
        _key(cluster, "sub")
    )


def _provider_of_another_cluster(cluster: Cluster, statement: Any) -> None:
    arn = statement["Principal"]["Federated"]
    statement["Principal"]["Federated"] = arn[:-4] + "0000"


def _service(cluster: Cluster, statement: Any) -> None:
    statement["Principal"] = {"Service": "pods.eks.amazonaws.com"}


def _deny(cluster: Cluster, statement: Any) -> None:
    statement["Effect"] = "Deny"


def _pattern_that_fits(cluster: Cluster) -> None:
    _condition("StringLike", "sub", "system:serviceaccount:{namespace}:w*")(cluster)


def _role_is_gone(cluster: Cluster) -> None:
    cluster.healthy()
    cluster.iam(
        "DetachRolePolicy", RoleName=cluster.role_name, PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    )
    cluster.iam("DeleteRole", RoleName=cluster.role_name)


def _other_thumbprint(cluster: Cluster) -> None:
    cluster.healthy()
    (provider,) = cluster.eks.world.account.oidc_providers.values()
    cluster.iam(
        "UpdateOpenIDConnectProviderThumbprint",
        OpenIDConnectProviderArn=provider.arn,
        **{"ThumbprintList.member.1": "0" * 40},
    )


def _denied_by_the_organization(cluster: Cluster) -> None:
    cluster.healthy()
    denied = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [denied]})
    cluster.eks.world.account.service_control_policies = [document]


def _trust(name: str, make: Make, check: str, **more: Any) -> Case:
    """A row whose verdict is this check either way, and whose fix makes it work."""
    verdict = f"broken {check}"
    return Case(
        **{"name": name, "make": make, "read_only": verdict, "allowed": verdict, "fix": "trust", "after": WORKS} | more
    )


ROWS = (
    _trust(
        "a pattern under StringEquals",
        _condition("StringEquals", "sub", "system:serviceaccount:{namespace}:*"),
        "trust.subject",
        fix="trust_instead",
    ),
    _trust(
        "the namespace of another environment in `sub`",
        _condition("StringEquals", "sub", "system:serviceaccount:{namespace}-staging:{account}"),
        "trust.subject",
    ),
    _trust(
        "a blank behind `sub`",
        _condition("StringEquals", "sub", "system:serviceaccount:{namespace}:{account} "),
        "trust.subject",
    ),
    _trust(
        "`sub` without its prefix",
        _condition("StringEquals", "sub", "{namespace}:{account}"),
        "trust.subject",
    ),
    _trust(
        "another audience",
        _condition("StringEquals", "aud", "sts.eu-west-1.amazonaws.com"),
        "trust.audience",
    ),
    _trust("the condition key of another cluster", _with(_key_of_another_cluster), "trust.subject"),
    _trust("the provider of another cluster", _with(_provider_of_another_cluster), "trust.provider"),
    _trust(
        "the principal of EKS Pod Identity",
        _with(_service),
        "trust.provider",
        fix="trust_or_association",
        fill={"CLUSTER": CLUSTER_NAME},
    ),
    _trust(
        "a statement that denies, and none that allows",
        _with(_deny),
        "trust.provider",
        fix="remove_deny",
        after="broken trust.provider",
    ),
    Case(
        name="a pattern under StringLike",
        make=_pattern_that_fits,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
        fix="narrow",
        after=WORKS,
    ),
    Case(
        name="no condition on `sub`",
        make=_without("sub"),
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
        fix="narrow",
        after=WORKS,
    ),
    Case(name="no condition on `aud`", make=_without("aud"), read_only="should_work webhook.dry_run", allowed=WORKS),
    Case(
        name="the role was deleted",
        make=_role_is_gone,
        read_only="broken role.exists",
        allowed="broken role.exists",
        fix="create_role",
        after="broken access.policy",
    ),
    Case(
        name="a thumbprint that the issuer does not serve",
        make=_other_thumbprint,
        read_only="should_work webhook.dry_run",
        allowed=WORKS,
        fix="thumbprint",
        after=WORKS,
    ),
    Case(
        name="the organization denies S3",
        make=_denied_by_the_organization,
        read_only="broken access.policy",
        allowed="broken access.policy",
        fix="control_policy",
    ),
)
