"""What faults, experiments and edits do to a world, by the operations that a request takes."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import unquote

from app.flow.annotations import ROLE_ARN
from app.flow.model import JsonObject
from app.flow.names import provider_in, role_in
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.apiserver.request.options import DeleteOptions, Options
from app.world.apiserver.request.request_scope import RequestScope
from app.world.apiserver.types.resources import RESOURCES
from app.world.aws import iam
from app.world.aws.entities import NodeKind
from app.world.setup import roles
from app.world.setup.owner_manifest import written
from app.world.setup.scenario import NAMESPACE, POD_BEFORE

if TYPE_CHECKING:
    from app.world.world import World

POD_SECONDS = 30.0
"""How long a recreated Pod may take until it has run, in seconds."""


# (1) The cluster


Place = tuple[str, str]
"""An object in the cluster: namespace and name."""


def pod_of(world: World) -> Place:
    """The Pod of the chain that the world is about."""
    return world.chain.namespace, world.chain.pod


def service_account_of(world: World) -> Place:
    """The ServiceAccount of that chain."""
    return world.chain.namespace, world.chain.service_account


async def annotate(world: World, annotations: Mapping[str, str | None], *, place: Place | None = None) -> None:
    """Sets annotations of a ServiceAccount, by default the chain's; None removes one. Its Pods stay as they are."""
    namespace, name = place or service_account_of(world)

    def change(account: JsonObject) -> JsonObject:
        merged = {**account["metadata"].get("annotations", {}), **annotations}
        account["metadata"]["annotations"] = {key: value for key, value in merged.items() if value is not None}
        return account

    resource, options = RESOURCES["serviceaccounts"], Options(field_manager="kubectl-annotate")
    await operations.update_object(RequestScope(world, ADMIN, resource, namespace), name, change, options)


async def annotate_role(world: World, role_arn: str) -> None:
    """Annotates the ServiceAccount with another role, and recreates its Pod."""
    await annotate(world, {ROLE_ARN: role_arn})
    await recreate(world)


async def recreate(world: World, change: Callable[[JsonObject], None] | None = None) -> None:
    """Deletes the Pod and creates it again, its manifest changed in place; returns once it has run."""
    await submit(world, change)
    await settle(world)


def with_manifest(change: Callable[[World, JsonObject], None]) -> Callable[[World], Awaitable[None]]:
    """Makes a `Fault.cause_it` that changes nothing but the Pod's manifest."""

    async def cause_it(world: World) -> None:
        await recreate(world, lambda pod: change(world, pod))

    return cause_it


async def submit(
    world: World, change: Callable[[JsonObject], None] | None = None, *, place: Place | None = None
) -> None:
    """As `recreate`, but returns as soon as the Pod is stored: the kubelet has not seen it yet."""
    namespace, name = place or pod_of(world)
    pod = written(world.cluster.get("pods", namespace, name))
    if change is not None:
        change(pod)
    await delete(world, "pods", namespace, name)
    await operations.create(world, ADMIN, "pods", namespace, pod)


async def replace_node(world: World, kind: NodeKind) -> None:
    """Replaces the node by one of another kind; the Pods of the pages are created again, and have run on return.

    A Pod whose ServiceAccount is gone only ends with its node, since the API server refuses a new one.
    """
    if world.account.node is not None:
        world.account.node.kind = kind
    seeded = (world.seeded.namespace, world.seeded.pod)
    for place in dict.fromkeys(((NAMESPACE, POD_BEFORE), seeded, pod_of(world))):
        if world.cluster.find("pods", *place) is None:
            continue
        account = str(world.cluster.get("pods", *place)["spec"]["serviceAccountName"])
        if world.cluster.find("serviceaccounts", place[0], account) is None:
            await delete(world, "pods", *place)
        else:
            await submit(world, place=place)
    await settle(world)


async def settle(world: World) -> None:
    """Waits until the Pods have run."""
    await world.kubelet.settle(POD_SECONDS)


async def delete(world: World, resource: str, namespace: str, name: str) -> None:
    """Deletes an object."""
    await operations.delete_object(RequestScope(world, ADMIN, RESOURCES[resource], namespace), name, DeleteOptions())


def container_of(pod: JsonObject) -> JsonObject:
    """The container of a manifest that lists the buckets."""
    container: JsonObject = pod["spec"]["containers"][0]
    return container


def set_variables(pod: JsonObject, **variables: str) -> None:
    """Writes variables into the manifest of a Pod."""
    container = container_of(pod)
    others = [entry for entry in container.get("env", []) if entry["name"] not in variables]
    container["env"] = [*others, *({"name": name, "value": value} for name, value in variables.items())]


def calls_sts(role: str, token: str, *more: str) -> list[str]:
    """The arguments of the `aws` that sends a token to STS itself."""
    command = ["sts", "assume-role-with-web-identity", "--role-arn", role, "--role-session-name", "my-app"]
    return [*command, "--web-identity-token", token, *more]


# (2) The account


def role_arn(world: World) -> str:
    """The ARN of the role that the Pod is to have."""
    return role_in(world.account_id, world.chain.role, path=world.chain.role_path)


def trust_policy(world: World) -> JsonObject:
    """The role's trust policy as eksctl writes it."""
    return roles.trust_policy(world, *service_account_of(world))


def set_trust_policy(world: World, policy: JsonObject) -> None:
    """UpdateAssumeRolePolicy."""
    parameters = {"RoleName": world.chain.role, "PolicyDocument": json.dumps(policy)}
    iam.call(world.account, "UpdateAssumeRolePolicy", parameters)


def remove_permissions(world: World) -> list[tuple[str, dict[str, str]]]:
    """Removes all permission policies from the role; returns the calls that would put them back."""
    role = {"RoleName": world.chain.role}
    calls = []
    for attached in iam.call(world.account, "ListAttachedRolePolicies", role)["AttachedPolicies"]:
        policy = {**role, "PolicyArn": attached["PolicyArn"]}
        iam.call(world.account, "DetachRolePolicy", policy)
        calls.append(("AttachRolePolicy", policy))
    for name in iam.call(world.account, "ListRolePolicies", role)["PolicyNames"]:
        inline = {**role, "PolicyName": name}
        document = unquote(iam.call(world.account, "GetRolePolicy", inline)["PolicyDocument"])
        iam.call(world.account, "DeleteRolePolicy", inline)
        calls.append(("PutRolePolicy", {**inline, "PolicyDocument": document}))
    return calls


def provider_arn(world: World) -> str:
    """The ARN of the issuer's provider."""
    return provider_in(world.account_id, world.issuer)
