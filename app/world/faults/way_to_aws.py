"""Faults of the way to AWS: STS is switched off or cannot be reached, or the node's clock is off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import Step
from app.world.faults import texts
from app.world.faults.fault import Fault
from app.world.lifecycle.world_operations import recreate

if TYPE_CHECKING:
    from app.world.world import World


async def _region_disabled(world: World) -> None:
    world.account.disabled_sts_regions.add(world.region)
    await recreate(world)


async def _no_way_out(world: World) -> None:
    world.node_egress_blocked.add("sts")
    await recreate(world)


async def _clock_ahead(world: World) -> None:
    """AWS allows a quarter of an hour."""
    world.node_clock_skew = 20 * 60.0
    await recreate(world)


def _no_connection(world: World) -> str:
    return f'Connect timeout on endpoint URL: "https://sts.{world.region}.amazonaws.com/"'


def _skewed(world: World) -> str:
    return (
        "An error occurred (RequestTimeTooSkewed) when calling the ListBuckets operation: "
        "The difference between the request time and the current time is too large."
    )


def _not_activated(world: World) -> str:
    return texts.refused_by_sts(
        "RegionDisabledException",
        f"STS is not activated in this region for account:{world.account_id}. "
        "Your account administrator can activate STS in this region using the IAM Console.",
    )


FAULTS = (
    Fault(
        id="F33", number=33, step=Step.TOKEN_MOUNT, seen=Step.ACCESS, changes="node",
        text=_skewed, cause_it=_clock_ahead,
    ),
    Fault(
        id="F37", number=37, step=Step.STS_ASSUME, seen=Step.STS_ASSUME, changes="account",
        text=_not_activated, cause_it=_region_disabled,
    ),
    Fault(
        id="F41", number=41, step=Step.STS_ASSUME, seen=Step.STS_ASSUME, changes="network",
        text=_no_connection, cause_it=_no_way_out,
    ),
)  # fmt: skip
