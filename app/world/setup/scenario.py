"""What a new world has: a cluster without IRSA; or the article's, set up as `eksctl` does, with a Pod before and after.

The names of the chain with IRSA are the world's (`World.seeded`); the Pod before it is the article's in every world.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.annotations import ROLE_ARN
from app.flow.build.documents import IMAGE, LIST_BUCKETS
from app.flow.model import Chain, JsonObject
from app.flow.names import DEFAULT_AUDIENCE, role_in
from app.world.setup import new_world, story
from app.world.setup.developer import Developer
from app.world.setup.roles import trust_policy

if TYPE_CHECKING:
    from app.world.world import World

ARTICLE = Chain(namespace="default", service_account="my-sa", pod="pod-after", role="s3-reader")
"""The chain that a world is about unless another one is named."""
NAMESPACE = ARTICLE.namespace
"""Where `POD_BEFORE` is."""
POD_BEFORE = "pod-before"
"""The Pod before IRSA, under the ServiceAccount `default`."""


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
    """Fills a new world as far as its start says. Its developer makes what IRSA needs by requests to the servers, which
    are in `ExchangeLog.setup`.

    Returns once all objects are created; the Pods then run on their own. Raises `SetupRefused` and `NetworkError`.
    """
    await new_world.fill(world)
    if world.start == "finished":
        await _irsa(world, Developer(world))
        await story.seed(world)


async def _irsa(world: World, developer: Developer) -> None:
    # (1) The trust record for the cluster's issuer: `eksctl utils associate-iam-oidc-provider`.
    thumbprint = await world.network.thumbprint(world.issuer)
    parameters = {"Url": world.issuer, "ClientIDList.member.1": DEFAULT_AUDIENCE, "ThumbprintList.member.1": thumbprint}
    await developer.iam("CreateOpenIDConnectProvider", parameters)
    # (2) The role and who may assume it: `eksctl create iamserviceaccount`.
    chain = world.seeded
    trust = trust_policy(world, chain.namespace, chain.service_account)
    await developer.create_role(chain.role, trust, managed=["AmazonS3ReadOnlyAccess"])
    # (3) The ServiceAccount, annotated with the role.
    if world.cluster.find("namespaces", "", chain.namespace) is None:
        await developer.create("namespaces", "", {"metadata": {"name": chain.namespace}})
    metadata = {
        "name": chain.service_account,
        "namespace": chain.namespace,
        "labels": {"app.kubernetes.io/managed-by": "eksctl"},
        "annotations": {ROLE_ARN: role_in(world.account_id, chain.role)},
    }
    await developer.create("serviceaccounts", chain.namespace, {"metadata": metadata})
    # (4) The same Pod twice: under the default ServiceAccount, and under the annotated one.
    await developer.create("pods", NAMESPACE, pod(POD_BEFORE))
    await developer.create("pods", chain.namespace, pod(chain.pod, chain.service_account))


def pod(name: str, service_account: str | None = None) -> JsonObject:
    """The article's Pod: lists the account's buckets once."""
    container = {"name": "aws-cli", "image": IMAGE, "args": list(LIST_BUCKETS)}
    spec: JsonObject = {"containers": [container], "restartPolicy": "Never"}
    if service_account is not None:
        spec["serviceAccountName"] = service_account
    return {"metadata": {"name": name}, "spec": spec}
