"""The policies that AWS manages: those that a node role and a Pod's role of an EKS cluster usually have."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

from app.flow.model import JsonValue
from app.world.aws.entities import Policy, PolicyVersion

ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"


def _allow(actions: str, sid: str = "") -> dict[str, JsonValue]:
    listed = actions.split()
    statement: dict[str, JsonValue] = {"Sid": sid} if sid else {}
    action = listed if len(listed) > 1 else listed[0]
    return statement | {"Effect": "Allow", "Action": action, "Resource": "*"}


def _policy(name: str, description: str, created: str, *statements: dict[str, JsonValue]) -> tuple[str, Policy]:
    arn = f"arn:aws:iam::aws:policy/{name}"
    parsed: JsonValue = {"Version": "2012-10-17", "Statement": list(statements)}
    document = json.dumps(parsed, indent=4)
    moment = datetime.fromisoformat(created).timestamp()
    return arn, Policy(
        name=name,
        path="/",
        arn=arn,
        policy_id="ANPA" + base64.b32encode(hashlib.sha256(name.encode()).digest()).decode()[:17],
        created=moment,
        updated=moment,
        description=description,
        versions={"v1": PolicyVersion(version_id="v1", document=document, created=moment)},
    )


_ECR_READ = """ecr:GetAuthorizationToken ecr:BatchCheckLayerAvailability ecr:GetDownloadUrlForLayer
    ecr:GetRepositoryPolicy ecr:DescribeRepositories ecr:ListImages ecr:DescribeImages ecr:BatchGetImage
    ecr:GetLifecyclePolicy ecr:GetLifecyclePolicyPreview ecr:ListTagsForResource ecr:DescribeImageScanFindings"""
_CNI = """ec2:AssignPrivateIpAddresses ec2:AttachNetworkInterface ec2:CreateNetworkInterface
    ec2:DeleteNetworkInterface ec2:DescribeInstances ec2:DescribeTags ec2:DescribeNetworkInterfaces
    ec2:DescribeInstanceTypes ec2:DescribeSubnets ec2:DetachNetworkInterface ec2:ModifyNetworkInterfaceAttribute
    ec2:UnassignPrivateIpAddresses"""
_WORKER = """ec2:DescribeInstances ec2:DescribeInstanceTypes ec2:DescribeRouteTables ec2:DescribeSecurityGroups
    ec2:DescribeSubnets ec2:DescribeVolumes ec2:DescribeVolumesModifications ec2:DescribeVpcs eks:DescribeCluster
    eks-auth:AssumeRoleForPodIdentity"""
_S3_READ = "s3:Get* s3:List* s3:Describe* s3-object-lambda:Get* s3-object-lambda:List*"
_SSM_CORE = """ssm:DescribeAssociation ssm:GetDeployablePatchSnapshotForInstance ssm:GetDocument ssm:DescribeDocument
    ssm:GetManifest ssm:GetParameter ssm:GetParameters ssm:ListAssociations ssm:ListInstanceAssociations
    ssm:PutInventory ssm:PutComplianceItems ssm:PutConfigurePackageResult ssm:UpdateAssociationStatus
    ssm:UpdateInstanceAssociationStatus ssm:UpdateInstanceInformation"""
_SSM_MESSAGES = """ssmmessages:CreateControlChannel ssmmessages:CreateDataChannel ssmmessages:OpenControlChannel
    ssmmessages:OpenDataChannel"""
_EC2_MESSAGES = """ec2messages:AcknowledgeMessage ec2messages:DeleteMessage ec2messages:FailMessage
    ec2messages:GetEndpoint ec2messages:GetMessages ec2messages:SendReply"""
_ENI = ["arn:aws:ec2:*:*:network-interface/*"]

MANAGED_POLICIES: Mapping[str, Policy] = dict(
    [
        _policy(
            "AdministratorAccess",
            "Provides full access to AWS services and resources.",
            "2015-02-06T18:39:46Z",
            _allow("*"),
        ),
        _policy(
            "IAMReadOnlyAccess",
            "Provides read only access to IAM via the AWS Management Console.",
            "2015-02-06T18:40:40Z",
            _allow(
                "iam:GenerateCredentialReport iam:GenerateServiceLastAccessedDetails iam:Get* iam:List* "
                "iam:SimulateCustomPolicy iam:SimulatePrincipalPolicy"
            ),
        ),
        _policy(
            "AmazonS3ReadOnlyAccess",
            "Provides read only access to all buckets via the AWS Management Console.",
            "2015-02-06T18:40:59Z",
            _allow(_S3_READ),
        ),
        _policy(
            "AmazonS3FullAccess",
            "Provides full access to all buckets via the AWS Management Console.",
            "2015-02-06T18:40:58Z",
            _allow("s3:* s3-object-lambda:*"),
        ),
        _policy(
            "AmazonEC2ContainerRegistryReadOnly",
            "Provides read-only access to Amazon EC2 Container Registry repositories.",
            "2015-12-21T17:04:15Z",
            _allow(_ECR_READ),
        ),
        _policy(
            "AmazonEC2ContainerRegistryPullOnly",
            "Provides pull access to Amazon EC2 Container Registry repositories.",
            "2024-10-10T00:00:00Z",
            _allow(
                "ecr:GetAuthorizationToken ecr:BatchImportUpstreamImage ecr:BatchGetImage ecr:GetDownloadUrlForLayer"
            ),
        ),
        _policy(
            "AmazonEKSWorkerNodePolicy",
            "This policy allows Amazon EKS worker nodes to connect to Amazon EKS Clusters.",
            "2018-05-27T21:09:01Z",
            _allow(_WORKER, sid="WorkerNodePermissions"),
        ),
        _policy(
            "AmazonEKS_CNI_Policy",
            "This policy provides the Amazon VPC CNI Plugin (amazon-vpc-cni-k8s) the permissions it requires to modify "
            "the IP address configuration on your EKS worker nodes. This permission set allows the CNI to list, "
            "describe, and modify Elastic Network Interfaces on your behalf. More information on the AWS VPC CNI "
            "Plugin is available here: https://github.com/aws/amazon-vpc-cni-k8s",
            "2018-05-27T21:07:42Z",
            _allow(_CNI, sid="AmazonEKSCNIPolicy"),
            {"Sid": "AmazonEKSCNIPolicyENITag", "Effect": "Allow", "Action": ["ec2:CreateTags"], "Resource": _ENI},
        ),
        _policy(
            "AmazonSSMManagedInstanceCore",
            "The policy for Amazon EC2 Role to enable AWS Systems Manager service core functionality.",
            "2019-03-15T17:22:12Z",
            _allow(_SSM_CORE),
            _allow(_SSM_MESSAGES),
            _allow(_EC2_MESSAGES),
        ),
    ]
)
"""By ARN. Each shows one version, `v1`; AWS's own have been revised since."""
