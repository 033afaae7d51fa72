"""Faults of the webhook: it is not asked, or it does not see what it should."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.annotations import ROLE_ARN
from app.flow.model import Step
from app.flow.webhook import CONFIGURATION
from app.world.apiserver.auth.authentication import ADMIN
from app.world.apiserver.registry import operations
from app.world.aws.eks import associations
from app.world.faults import texts
from app.world.faults.fault import Fault, Whole
from app.world.lifecycle.advance_clock import move_clock
from app.world.lifecycle.world_operations import annotate, delete, recreate, service_account_of, settle, submit
from app.world.setup.roles import POD_IDENTITY_TRUST, create_role

if TYPE_CHECKING:
    from app.world.world import World

_HOUR = 3600.0
_ROLE = "pod-identity"
"""The role of the association that a fault makes."""


async def _annotated_afterwards(world: World) -> None:
    """The Pod is an hour old when its ServiceAccount gets its annotation, and no one restarts it."""
    account = world.cluster.get("serviceaccounts", *service_account_of(world))
    role = account["metadata"]["annotations"][ROLE_ARN]
    await annotate(world, {ROLE_ARN: None})
    await recreate(world)
    await move_clock(world, _HOUR)
    await annotate(world, {ROLE_ARN: role})


async def _down(world: World) -> None:
    world.webhook_available = False
    await recreate(world)


async def _not_registered(world: World) -> None:
    await delete(world, "mutatingwebhookconfigurations", "", CONFIGURATION)
    await recreate(world)


async def _not_in_its_cache(world: World) -> None:
    """The Pod comes right behind its ServiceAccount, as in one manifest: the webhook's cache lags behind."""
    account = world.cluster.get("serviceaccounts", *service_account_of(world))
    metadata = {key: account["metadata"].get(key, {}) for key in ("name", "namespace", "labels", "annotations")}
    await delete(world, "serviceaccounts", *service_account_of(world))
    await operations.create(world, ADMIN, "serviceaccounts", world.chain.namespace, {"metadata": metadata})
    known = world.find_service_account
    world.find_service_account = lambda *_: None
    try:
        await submit(world)
    finally:
        world.find_service_account = known
    await settle(world)


async def _associated(world: World) -> None:
    """Pod Identity takes precedence, and no agent of it runs on the node."""
    namespace, name = service_account_of(world)
    if not world.eks_cluster.is_associated(namespace, name):
        if _ROLE not in world.account.roles:
            create_role(world, _ROLE, POD_IDENTITY_TRUST)
        role_arn = world.account.roles[_ROLE].arn
        asked = {"namespace": namespace, "serviceAccount": name, "roleArn": role_arn}
        associations.create(world.account, world.eks_cluster, asked)
    await recreate(world)


def _no_agent(world: World) -> str:
    return (
        "Error when retrieving credentials from container-role: Error retrieving metadata: "
        "Received error when attempting to retrieve container metadata: "
        'Connect timeout on endpoint URL: "http://169.254.170.23/v1/credentials"'
    )


FAULTS = (
    Fault(
        id="F04", number=4, step=Step.WEBHOOK, seen=Step.ACCESS, changes="pod",
        text=texts.without_irsa, cause_it=_annotated_afterwards, writes=(Whole.RUNNING_POD,),
    ),
    Fault(
        id="F05", number=5, step=Step.WEBHOOK, seen=Step.ACCESS, changes="cluster",
        text=texts.without_irsa, cause_it=_down,
    ),
    Fault(
        id="F05b", number=5, step=Step.WEBHOOK, seen=Step.ACCESS, changes="webhook",
        text=texts.without_irsa, cause_it=_not_registered,
    ),
    Fault(
        id="F06", number=6, step=Step.WEBHOOK, seen=Step.ACCESS, changes="pod",
        text=texts.without_irsa, cause_it=_not_in_its_cache, writes=(Whole.RUNNING_POD,),
    ),
    Fault(
        id="F51", number=51, step=Step.WEBHOOK, seen=Step.ACCESS, changes="account",
        text=_no_agent, cause_it=_associated,
    ),
)  # fmt: skip
