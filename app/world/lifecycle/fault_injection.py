"""Causing faults in a world, several at a time, and taking them back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.world.lifecycle import chain_choice, world_snapshot

if TYPE_CHECKING:
    from app.world.faults import Fault
    from app.world.world import World


async def inject(world: World, faults: list[Fault], in_force: list[Fault]) -> None:
    """Causes faults, in the order of their ranks. Where a fault in force has a higher rank, the world goes back to
    before all faults, and all are caused again."""
    chain_choice.follow(world)
    before = world.before_faults or await world_snapshot.save(world)
    wanted = [fault for fault in dict.fromkeys(faults) if fault not in in_force]
    if wanted and any(fault.rank > min(it.rank for it in wanted) for fault in in_force):
        await world_snapshot.restore(world, before)
        wanted, in_force = in_force + wanted, []
    for fault in sorted(wanted, key=lambda fault: fault.rank):
        try:
            await fault.inject_beside(world, in_force)
        except BaseException:
            await world_snapshot.restore(world, before)
            raise
        in_force = [*in_force, fault]
        world.before_faults, world.faults = before, (*world.faults, fault.id)


async def revert(world: World) -> None:
    """Takes back all faults: the world becomes what it was when none was in force."""
    if world.before_faults is not None:
        await world_snapshot.restore(world, world.before_faults)
