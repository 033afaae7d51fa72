"""IAM roles as a scenario makes them: by IAM's own calls, with the trust policies that eksctl writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from app.flow.build import documents
from app.flow.model import JsonObject
from app.world.aws import iam
from app.world.aws.eks.associations import PRINCIPAL

if TYPE_CHECKING:
    from app.world.world import World

NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly")
"""What eksctl attaches to the role of a node."""
NODE_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
"""The trust policy of a node's role: EC2 assumes it for the instance."""
POD_IDENTITY_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": PRINCIPAL},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}
"""The trust policy that eksctl writes for an association of Pod Identity."""
_MANAGED = "arn:aws:iam::aws:policy/"


def role_calls(
    name: str, trust: JsonObject, *, managed: Iterable[str], inline: JsonObject | None = None
) -> Iterator[tuple[str, dict[str, str]]]:
    """The calls of IAM that make a role. `managed` names policies of AWS; `inline` is a document, kept under eksctl's
    name for it."""
    yield "CreateRole", {"RoleName": name, "AssumeRolePolicyDocument": json.dumps(trust)}
    for policy in managed:
        yield "AttachRolePolicy", {"RoleName": name, "PolicyArn": _MANAGED + policy}
    if inline is not None:
        yield "PutRolePolicy", {"RoleName": name, "PolicyName": "Policy1", "PolicyDocument": json.dumps(inline)}


def create_role(
    world: World, name: str, trust: JsonObject, *, managed: Iterable[str] = (), inline: JsonObject | None = None
) -> None:
    """Creates a role by these calls, without a request: the setup does not show it."""
    for action, parameters in role_calls(name, trust, managed=managed, inline=inline):
        iam.call(world.account, action, parameters)


def trust_policy(world: World, namespace: str, service_account: str) -> JsonObject:
    """The trust policy that eksctl writes for a ServiceAccount of this world."""
    return documents.trust_policy(world.issuer, world.account_id, [(namespace, service_account)])


def trust_policy_without_subject(world: World) -> JsonObject:
    """The trust policy that eksctl writes when it gets no ServiceAccount."""
    return documents.trust_policy_without_subject(world.issuer, world.account_id)
