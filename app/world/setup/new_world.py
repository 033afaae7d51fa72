"""What is in every new world: the cluster and the account as they are after `eksctl create cluster`, and two buckets.

The developer requests nothing of it: EKS, eksctl's CloudFormation stack and the node bring it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.webhook import CONFIGURATION, WEBHOOKS, registered, selector_on_eks
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import bootstrap, operations
from app.world.aws import iam
from app.world.aws.entities import Bucket, Node, StoredObject
from app.world.setup import kube_system
from app.world.setup.roles import NODE_POLICIES, NODE_TRUST, create_role

if TYPE_CHECKING:
    from app.world.aws.account import Account
    from app.world.world import World

_DAY = 86400.0


async def fill(world: World) -> None:
    """Fills a world that has nothing in it yet."""
    # (1) Namespaces with their ServiceAccounts `default`. A learner who looks around in an empty world finds what EKS
    #     runs. A finished world does not have it, so its lists of all ServiceAccounts are shorter.
    bootstrap.bootstrap(world)
    if world.start == "empty":
        await kube_system.fill(world)
    # (2) The webhook that EKS registers in every cluster.
    await operations.create(world, ADMIN, "mutatingwebhookconfigurations", None, webhook_configuration(world))
    # (3) The node with its instance role, which may not list buckets.
    create_role(world, world.node_role_name, NODE_TRUST, managed=NODE_POLICIES)
    profile = {"InstanceProfileName": world.node_role_name}
    iam.call(world.account, "CreateInstanceProfile", profile)
    iam.call(world.account, "AddRoleToInstanceProfile", {**profile, "RoleName": world.node_role_name})
    world.account.node = Node(role_name=world.node_role_name, instance_id=world.instance_id)
    # (4) Something to read.
    fill_buckets(world.account)


def fill_buckets(account: Account) -> None:
    """Two buckets, as if they had been there for weeks."""
    now = account.clock.now()
    for name, age, objects in (
        (f"irsa-reports-{account.account_id}", 40, {"2026/summary.csv": b"month,visitors\n10,1024\n11,2048\n"}),
        (f"irsa-web-assets-{account.account_id}", 12, {"index.html": b"<!doctype html><title>IRSA</title>\n"}),
    ):
        account.buckets[name] = Bucket(
            name=name,
            region=account.region,
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


def webhook_configuration(world: World) -> JsonObject:
    """The registration on EKS, with the URL at which the webhook of this world listens."""
    entry = registered(WEBHOOKS[0], world.webhook_url, world.root_ca_pem) | {"objectSelector": selector_on_eks()}
    return {"metadata": {"name": CONFIGURATION}, "webhooks": [entry]}
