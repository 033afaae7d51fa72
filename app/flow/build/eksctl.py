"""What eksctl does in one command, task by task, and the calls that it makes for it.

Source: eksctl's code (github.com/eksctl-io/eksctl, commit 99984adb6). For the stack that eksctl creates, CloudFormation
calls IAM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.flow.build.plan import READ_ONLY
from app.flow.build.tasks import TaskId
from app.flow.model import Chain


@dataclass(frozen=True, kw_only=True)
class Eksctl:
    """A command of eksctl, and of its calls those that do this task."""

    command: str
    calls: tuple[str, ...]


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


def eksctl(task: TaskId, chain: Chain, cluster: str) -> Eksctl | None:
    """What the article types for that task; None where eksctl has no part in it."""
    if task not in _CALLS:
        return None
    command, calls = _CALLS[task]
    names = {"service_account": chain.service_account, "namespace": chain.namespace, "cluster": cluster}
    return Eksctl(command=command.format(**names), calls=calls)
