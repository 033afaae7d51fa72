"""The two Pods of the story "why IRSA": who they are, the roles of each scheme, and the database they are about.

The Pods themselves are not started: what an attacker in them could do follows from ServiceAccounts and policies.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from app.flow.annotations import ROLE_ARN
from app.flow.model import JsonObject
from app.flow.names import role_in
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.setup.roles import NODE_POLICIES, NODE_TRUST, create_role, trust_policy, trust_policy_without_subject

if TYPE_CHECKING:
    from app.world.world import World

NAMESPACE = "shop"
FRONTEND = "frontend"
"""The ServiceAccount of Pod 1: many requests, nothing to do in AWS."""
ORDERS = "orders"
"""The ServiceAccount of Pod 2: talks to Aurora."""
FRONTEND_ROLE = "frontend"
"""A role that permits nothing."""
ORDERS_ROLE = "orders"
"""A role that may connect to Aurora and trusts the ServiceAccount of Pod 2 alone."""
ORDERS_ROLE_WITHOUT_SUB = "orders-any"
"""The same, but its trust policy forgot `sub`."""
SHARED_NODE_ROLE = "shared-node"
"""The role of the node before there was IRSA: what one Pod needs, every Pod has."""
CONNECT = "rds-db:connect"


async def seed(world: World) -> None:
    """Adds the story to a new world whose namespaces' controllers run."""
    # (1) The roles. The node's role of today is the scenario's: it may not connect.
    connect = connect_policy(world)
    create_role(world, SHARED_NODE_ROLE, NODE_TRUST, managed=NODE_POLICIES, inline=connect)
    create_role(world, FRONTEND_ROLE, trust_policy(world, NAMESPACE, FRONTEND))
    create_role(world, ORDERS_ROLE, trust_policy(world, NAMESPACE, ORDERS), inline=connect)
    create_role(world, ORDERS_ROLE_WITHOUT_SUB, trust_policy_without_subject(world), inline=connect)
    # (2) The ServiceAccounts, each annotated with its role.
    if world.cluster.find("namespaces", "", NAMESPACE) is None:
        await operations.create(world, ADMIN, "namespaces", None, {"metadata": {"name": NAMESPACE}})
    for name, role in ((FRONTEND, FRONTEND_ROLE), (ORDERS, ORDERS_ROLE)):
        annotations = {ROLE_ARN: role_in(world.account_id, role)}
        metadata = {"name": name, "namespace": NAMESPACE, "annotations": annotations}
        await operations.create(world, ADMIN, "serviceaccounts", NAMESPACE, {"metadata": metadata})


def database_user(world: World) -> str:
    """The ARN of the database account that Pod 2 signs in as: the resource of `rds-db:connect`.

    Source: Aurora user guide, "Creating and using an IAM policy for IAM database access". The cluster's resource id
    is made from the world's issuer.
    """
    digest = base64.b32encode(hashlib.sha256(world.issuer.encode()).digest()).decode()
    return f"arn:aws:rds-db:{world.region}:{world.account_id}:dbuser:cluster-{digest[:26]}/{ORDERS}"


def connect_policy(world: World) -> JsonObject:
    """Lets its holder sign in to the database as `orders`."""
    statement = {"Effect": "Allow", "Action": [CONNECT], "Resource": [database_user(world)]}
    return {"Version": "2012-10-17", "Statement": [statement]}
