"""What a new world holds: the article's cluster, set up the way `eksctl` does, with a Pod before IRSA and one after."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.names import DEFAULT_AUDIENCE
from app.world.apiserver.registry import controllers
from app.world.aws.entities import Bucket, Node, StoredObject
from app.world.setup import story
from app.world.setup.developer import Developer
from app.world.setup.roles import NODE_POLICIES, NODE_TRUST, create_role, trust_policy

if TYPE_CHECKING:
    from app.world.world import World

NAMESPACE = "default"
SERVICE_ACCOUNT = "my-sa"
ROLE = "s3-reader"
POD_BEFORE = "pod-before"
POD_AFTER = "pod-after"
_DAY = 86400.0


async def seed(world: World) -> None:
    """Fills a new world. What IRSA needs comes by its developer's requests to the servers: `ExchangeLog.setup`.

    Returns once all objects are created; the Pods then run on their own. Raises `SetupRefused` and `NetworkError`.
    """
    controllers.bootstrap(world)
    developer = Developer(world)
    await _aws(world, developer)
    await _cluster(world, developer)
    await story.seed(world)


async def _aws(world: World, developer: Developer) -> None:
    # (1) The trust record for the cluster's issuer: `eksctl utils associate-iam-oidc-provider`.
    thumbprint = await world.network.thumbprint(world.issuer)
    parameters = {"Url": world.issuer, "ClientIDList.member.1": DEFAULT_AUDIENCE, "ThumbprintList.member.1": thumbprint}
    await developer.iam("CreateOpenIDConnectProvider", parameters)
    # (2) The role and who may assume it: `eksctl create iamserviceaccount`.
    trust = trust_policy(world, NAMESPACE, SERVICE_ACCOUNT)
    await developer.create_role(ROLE, trust, managed=["AmazonS3ReadOnlyAccess"])
    # (3) The node's instance role, which may not list buckets: CloudFormation makes it, no request of the developer.
    create_role(world, world.node_role_name, NODE_TRUST, managed=NODE_POLICIES)
    world.account.node = Node(role_name=world.node_role_name, instance_id=world.instance_id)
    # (4) Something to read.
    now = world.clock.now()
    for name, age, objects in (
        (f"irsa-reports-{world.account_id}", 40, {"2026/summary.csv": b"month,visitors\n10,1024\n11,2048\n"}),
        (f"irsa-web-assets-{world.account_id}", 12, {"index.html": b"<!doctype html><title>IRSA</title>\n"}),
    ):
        world.account.buckets[name] = Bucket(
            name=name,
            region=world.region,
            created=now - age * _DAY,
            objects={
                key: StoredObject(
                    body=body,
                    content_type="text/csv" if key.endswith(".csv") else "text/html",
                    etag=hashlib.md5(body, usedforsecurity=False).hexdigest(),
                    modified=now - age * _DAY / 2,
                )
                for key, body in objects.items()
            },
        )


async def _cluster(world: World, developer: Developer) -> None:
    # (5) The webhook that EKS registers in every cluster.
    await developer.create("mutatingwebhookconfigurations", "", webhook_configuration(world))
    # (6) The ServiceAccount, annotated with the role.
    metadata = {
        "name": SERVICE_ACCOUNT,
        "namespace": NAMESPACE,
        "labels": {"app.kubernetes.io/managed-by": "eksctl"},
        "annotations": {"eks.amazonaws.com/role-arn": f"arn:aws:iam::{world.account_id}:role/{ROLE}"},
    }
    await developer.create("serviceaccounts", NAMESPACE, {"metadata": metadata})
    # (7) The same Pod twice: under the default ServiceAccount, and under `my-sa`.
    await developer.create("pods", NAMESPACE, pod(POD_BEFORE))
    await developer.create("pods", NAMESPACE, pod(POD_AFTER, SERVICE_ACCOUNT))


def webhook_configuration(world: World) -> JsonObject:
    """The registration on EKS, with the URL at which the webhook of this world listens."""
    ca_bundle = base64.b64encode(world.root_ca_pem).decode()
    skip = {"key": "eks.amazonaws.com/skip-pod-identity-webhook", "operator": "DoesNotExist"}
    webhook = {
        "name": "iam-for-pods.amazonaws.com",
        "admissionReviewVersions": ["v1"],
        "clientConfig": {"url": world.webhook_url, "caBundle": ca_bundle},
        "failurePolicy": "Ignore",
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": {"matchExpressions": [skip]},
        "reinvocationPolicy": "IfNeeded",
        "rules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "operations": ["CREATE"],
                "resources": ["pods"],
                "scope": "*",
            }
        ],
        "sideEffects": "None",
        "timeoutSeconds": 10,
    }
    return {"metadata": {"name": "pod-identity-webhook"}, "webhooks": [webhook]}


def pod(name: str, service_account: str | None = None) -> JsonObject:
    """The article's Pod: lists the account's buckets once."""
    container = {"name": "aws-cli", "image": "amazon/aws-cli:latest", "args": ["s3", "ls"]}
    spec: JsonObject = {"containers": [container], "restartPolicy": "Never"}
    if service_account is not None:
        spec["serviceAccountName"] = service_account
    return {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}
