"""What other tools have for a task: a command of eksctl with the calls that it makes, and resources of Terraform.

Sources: eksctl's code (github.com/eksctl-io/eksctl, commit 99984adb6), where CloudFormation calls IAM for the stack
that eksctl creates; the documentation of Terraform's providers hashicorp/aws and hashicorp/kubernetes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.flow.build.plan import READ_ONLY
from app.flow.build.tasks import TASKS, TaskId
from app.flow.model import Chain


@dataclass(frozen=True, kw_only=True)
class Eksctl:
    """A command of eksctl, and of its calls those that do this task."""

    command: str
    numbers: tuple[int, ...]
    """The tasks that this one command does, as the exercise counts them."""
    calls: tuple[str, ...]
    terraform: tuple[str, ...]
    """The arguments of Terraform's resources that specify the same."""


_ASSOCIATE = "eksctl utils associate-iam-oidc-provider --region=ap-northeast-1 --cluster={cluster} --approve"
_CREATE = (
    "eksctl create iamserviceaccount --name {service_account} --namespace {namespace} --cluster {cluster} --approve"
    f" --attach-policy-arn {READ_ONLY}"
)
_CALLS: Mapping[TaskId, tuple[str, tuple[str, ...]]] = {
    TaskId.ISSUER: (_ASSOCIATE, ("sts:GetCallerIdentity", "eks:DescribeCluster")),
    TaskId.PROVIDER: (
        _ASSOCIATE,
        (
            "iam:GetOpenIDConnectProvider",
            "GET https://oidc.eks.… → thumbprint",
            "iam:CreateOpenIDConnectProvider",
            "eks:TagResource",
        ),
    ),
    TaskId.ROLE: (
        _CREATE,
        (
            "iam:GetOpenIDConnectProvider",
            "cloudformation:ListStacks",
            "GET serviceaccount",
            "cloudformation:CreateStack → iam:CreateRole, iam:AttachRolePolicy",
            "cloudformation:DescribeStacks",
        ),
    ),
    TaskId.SERVICE_ACCOUNT: (
        _CREATE,
        ("GET namespace", "GET serviceaccount", "POST serviceaccount (metadata.annotations, metadata.labels)"),
    ),
}
_TERRAFORM: Mapping[TaskId, tuple[str, ...]] = {
    TaskId.ISSUER: ("aws_eks_cluster: identity[0].oidc[0].issuer",),
    TaskId.PROVIDER: ("aws_iam_openid_connect_provider: url, client_id_list",),
    TaskId.ROLE: ("aws_iam_role: assume_role_policy", "aws_iam_role_policy_attachment: role, policy_arn"),
    TaskId.SERVICE_ACCOUNT: ("kubernetes_service_account_v1: metadata.annotations",),
}


def eksctl(task: TaskId, chain: Chain, cluster: str) -> Eksctl | None:
    """What the article types for that task; None where eksctl has no part in it."""
    if task not in _CALLS:
        return None
    command, calls = _CALLS[task]
    names = {"service_account": chain.service_account, "namespace": chain.namespace, "cluster": cluster}
    numbers = tuple(number for number, it in enumerate(TASKS, 1) if _CALLS.get(it.id, ("",))[0] == command)
    return Eksctl(command=command.format(**names), numbers=numbers, calls=calls, terraform=_TERRAFORM[task])
