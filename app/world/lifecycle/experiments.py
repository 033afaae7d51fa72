"""What a learner does to their world from the pages of the time machine and of the thief, as one request each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.flow.annotations import ROLE_ARN
from app.flow.model import JsonObject
from app.flow.names import host_and_path
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.aws import iam
from app.world.aws.times import iso
from app.world.lifecycle import world_operations
from app.world.lifecycle.world_operations import (
    delete,
    pod_of,
    remove_permissions,
    role_arn,
    service_account_of,
    set_trust_policy,
    settle,
)
from app.world.setup import roles, scenario
from app.world.setup.scenario import NAMESPACE, POD_BEFORE

if TYPE_CHECKING:
    from app.world.world import World

DEFAULT = "default"
"""The ServiceAccount of `pod-before`: the one that every namespace has."""
REVOKED = "AWSRevokeOlderSessions"
"""The inline policy that IAM's console writes for "Revoke active sessions"."""


# (1) The cluster


async def annotate(world: World) -> None:
    """Annotates the ServiceAccount `default` with the role. Its Pod, `pod-before`, stays as it is."""
    await world_operations.annotate(world, {ROLE_ARN: role_arn(world)}, place=(NAMESPACE, DEFAULT))


async def recreate_pod_before(world: World) -> None:
    """Deletes `pod-before`, if it is there, and creates it again: the webhook sees it for the first time since."""
    if world.cluster.find("pods", NAMESPACE, POD_BEFORE) is not None:
        await delete(world, "pods", NAMESPACE, POD_BEFORE)
    await operations.create(world, ADMIN, "pods", NAMESPACE, scenario.pod(POD_BEFORE))
    await settle(world)


async def delete_pod(world: World) -> None:
    """Deletes the Pod to which the token is bound."""
    await delete(world, "pods", *pod_of(world))


async def delete_service_account(world: World) -> None:
    """Deletes the ServiceAccount that the token was issued to."""
    await delete(world, "serviceaccounts", *service_account_of(world))


async def create_service_account(world: World, namespace: str, name: str) -> None:
    """What anyone who may create ServiceAccounts can do; the namespace is created as well where there is none."""
    if world.cluster.find("namespaces", "", namespace) is None:
        await operations.create(world, ADMIN, "namespaces", None, {"metadata": {"name": namespace}})
    if world.cluster.find("serviceaccounts", namespace, name) is None:
        metadata = {"name": name, "namespace": namespace}
        await operations.create(world, ADMIN, "serviceaccounts", namespace, {"metadata": metadata})


# (2) The issuer's keys


async def rotate_keys(world: World) -> None:
    """A new key signs; the old one stays published, as on EKS."""
    world.keys.rotate()


async def retire_keys(world: World) -> None:
    """A new key signs, the old one is published no longer, and STS forgets the keys that it kept, as it does after an
    hour."""
    world.keys.rotate()
    world.keys.retire_old()
    world.account.published_keys.clear()


# (3) The account


async def trust_nobody(world: World) -> None:
    """The trust policy refers to another subject."""
    set_trust_policy(world, roles.trust_policy(world, world.chain.namespace, "nobody"))


async def detach_policies(world: World) -> None:
    """Removes the role's permission policies."""
    remove_permissions(world)


async def revoke_sessions(world: World) -> None:
    """What IAM's console does for "Revoke active sessions": sessions that began before now may do nothing."""
    _put_policy(world, REVOKED, revocation(iso(world.clock.now() + 1)))


async def trust_nobody_and_revoke(world: World) -> None:
    """Both: no new sessions, and an end to those that run."""
    await trust_nobody(world)
    await revoke_sessions(world)


def revocation(before: str) -> JsonObject:
    """The document that the console writes. `before` is a time as ISO 8601 has it."""
    older = {"DateLessThan": {"aws:TokenIssueTime": before}}
    statement = {"Effect": "Deny", "Action": ["*"], "Resource": ["*"], "Condition": older}
    return {"Version": "2012-10-17", "Statement": [statement]}


def wide_trust_policy(world: World, operator: str, subjects: Sequence[str]) -> JsonObject:
    """The trust policy with `sub` under the given operator; without any subject it says nothing of `sub`."""
    policy = roles.trust_policy_without_subject(world)
    if subjects:
        condition: JsonObject = policy["Statement"][0]["Condition"]
        key = f"{host_and_path(world.issuer)}:sub"
        value = subjects[0] if len(subjects) == 1 else list(subjects)
        condition[operator] = {key: value} | condition.get(operator, {})
    return policy


def _put_policy(world: World, name: str, document: JsonObject) -> None:
    parameters = {"RoleName": world.chain.role, "PolicyName": name, "PolicyDocument": json.dumps(document)}
    iam.call(world.account, "PutRolePolicy", parameters)
