"""Faults of step 5: STS cannot be asked, or is asked for what it does not give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.flow.model import Step
from app.world.faults import texts
from app.world.faults.changing import recreate
from app.world.faults.fault import Fault

if TYPE_CHECKING:
    from app.world.world import World


async def _region_disabled(world: World) -> None:
    world.account.disabled_sts_regions.add(world.region)
    await recreate(world)


def _not_activated(world: World) -> str:
    return texts.refused_by_sts(
        "RegionDisabledException",
        f"STS is not activated in this region for account:{world.account_id}. "
        "Your account administrator can activate STS in this region using the IAM Console.",
    )


FAULTS = (
    Fault(
        id="F37", number=37, cause=Step.STS_ASSUME, seen=Step.STS_ASSUME, changes="account",
        text=_not_activated, cause_it=_region_disabled,
    ),
)  # fmt: skip
