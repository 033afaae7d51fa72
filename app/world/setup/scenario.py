"""What a new world holds: the article's cluster, set up the way `eksctl` does, with a Pod before IRSA and one after.

The names of the chain with IRSA are the world's (`World.seeded`); the Pod before it is the article's in every world.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from app.flow.model import Chain, JsonObject
from app.flow.names import DEFAULT_AUDIENCE
from app.world.apiserver.registry import controllers
from app.world.aws import iam
from app.world.aws.entities import Bucket, Node, StoredObject
from app.world.setup import story
from app.world.setup.developer import Developer
from app.world.setup.roles import NODE_POLICIES, NODE_TRUST, create_role, trust_policy

if TYPE_CHECKING:
    from app.world.world import World

ARTICLE = Chain(namespace="default", service_account="my-sa", pod="pod-after", role="s3-reader")
"""The chain that a world is about unless somebody names another one."""
NAMESPACE = ARTICLE.namespace
"""Where `POD_BEFORE` is."""
POD_BEFORE = "pod-before"
"""The Pod before IRSA, under the ServiceAccount `default`."""
_DAY = 86400.0


def has_place_for(chain: Chain) -> bool:
    """Whether a world can be made with these names: none of them belongs to something else that is in every world."""
    roles = {story.FRONTEND_ROLE, story.ORDERS_ROLE, story.ORDERS_ROLE_WITHOUT_SUB, story.SHARED_NODE_ROLE}
    accounts = {(story.NAMESPACE, story.FRONTEND), (story.NAMESPACE, story.ORDERS)}
    return (
        chain.service_account != "default"  # every namespace has one, and another one comes when it is deleted
        and (chain.namespace, chain.service_account) not in accounts
        and (chain.namespace, chain.pod) != (NAMESPACE, POD_BEFORE)
        and chain.role.casefold() not in roles  # IAM takes no two names that differ in case alone
    )


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
    chain = world.seeded
    trust = trust_policy(world, chain.namespace, chain.service_account)
    await developer.create_role(chain.role, trust, managed=["AmazonS3ReadOnlyAccess"])
    # (3) The node's instance role, which may not list buckets: CloudFormation makes it, no request of the developer.
    create_role(world, world.node_role_name, NODE_TRUST, managed=NODE_POLICIES)
    profile = {"InstanceProfileName": world.node_role_name}
    iam.call(world.account, "CreateInstanceProfile", profile)
    iam.call(world.account, "AddRoleToInstanceProfile", {**profile, "RoleName": world.node_role_name})
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
    chain = world.seeded
    if world.cluster.find("namespaces", "", chain.namespace) is None:
        await developer.create("namespaces", "", {"metadata": {"name": chain.namespace}})
    metadata = {
        "name": chain.service_account,
        "namespace": chain.namespace,
        "labels": {"app.kubernetes.io/managed-by": "eksctl"},
        "annotations": {"eks.amazonaws.com/role-arn": f"arn:aws:iam::{world.account_id}:role/{chain.role}"},
    }
    await developer.create("serviceaccounts", chain.namespace, {"metadata": metadata})
    # (7) The same Pod twice: under the default ServiceAccount, and under the annotated one.
    await developer.create("pods", NAMESPACE, pod(POD_BEFORE))
    await developer.create("pods", chain.namespace, pod(chain.pod, chain.service_account))


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
    return {"metadata": {"name": name}, "spec": spec}
