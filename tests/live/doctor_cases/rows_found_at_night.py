"""Rows about what an operator runs into at night: what is written a little differently from what the guides show."""

from __future__ import annotations

from app.flow.names import host_and_path
from tests.live.doctor_cases.case import WORKS, Case
from tests.live.doctor_cases.cluster import Cluster


def _quoted(cluster: Cluster) -> None:
    cluster.role()
    cluster.service_account(annotations={"eks.amazonaws.com/role-arn": f'"{cluster.role_arn}"'})
    cluster.deployment()


def _any_other_subject(cluster: Cluster) -> None:
    document = cluster.trust()
    conditions, key = document["Statement"][0]["Condition"], f"{host_and_path(cluster.eks.world.issuer)}:sub"
    conditions["StringNotEquals"] = {key: conditions["StringEquals"].pop(key)}
    cluster.role(trust=document)
    cluster.service_account()
    cluster.deployment()


def _from_an_address(cluster: Cluster) -> None:
    document = cluster.trust()
    document["Statement"][0]["Condition"]["IpAddress"] = {"aws:SourceIp": "203.0.113.0/24"}
    cluster.role(trust=document)
    cluster.service_account()
    cluster.deployment()


def token_by_hand(cluster: Cluster) -> None:
    """As it is written where no webhook runs."""
    directory = "/var/run/secrets/eks.amazonaws.com/serviceaccount"
    source = {"serviceAccountToken": {"audience": "sts.amazonaws.com", "expirationSeconds": 86400, "path": "token"}}
    variables = {"AWS_ROLE_ARN": cluster.role_arn, "AWS_WEB_IDENTITY_TOKEN_FILE": f"{directory}/token"}
    cluster.role()
    cluster.service_account(annotations={})
    cluster.deployment(
        {"volumes": [{"name": "aws-token", "projected": {"sources": [source]}}]},
        env=[{"name": name, "value": value} for name, value in variables.items()],
        volumeMounts=[{"name": "aws-token", "mountPath": directory}],
    )


ROWS = (
    Case(
        name="the manifest mounts the token itself",
        make=token_by_hand,
        read_only="should_work token.file",
        allowed=WORKS,
        fix="region",
    ),
    Case(
        name="quotes are part of the annotation",
        make=_quoted,
        read_only="broken service_account.role_arn",
        allowed="broken service_account.role_arn",
        fix="without_quotes",
        after=WORKS,
    ),
    Case(
        name="the condition on `sub` asks for any other ServiceAccount",
        make=_any_other_subject,
        read_only="broken trust.subject",
        allowed="broken trust.subject",
        fix="trust",
        after=WORKS,
    ),
    Case(
        name="the trust policy asks for the address of the request",
        make=_from_an_address,
        read_only="unknown trust.decision",
        allowed="unknown sts.credentials",
        fix="own_request",
    ),
)
