"""The passage of time in a world: its clock moves, and kubelet and controllers do what the time that passed asks
for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.world.world import World

RENEWALS_WINDOW = 86400.0
"""Seconds before a moved clock's new time in which the kubelet renews tokens one by one; before that, once for all."""
RENEWALS_LIMIT = 100
"""How many renewals one move of the clock may bring, so that a world full of short-lived tokens does not hold it up."""


async def move_clock(world: World, seconds: float) -> None:
    """Forward time passes from renewal to renewal: the kubelet replaces a token when it is due, not when we arrive."""
    target = world.clock.offset + seconds
    if seconds > RENEWALS_WINDOW:
        world.clock.offset = target - RENEWALS_WINDOW
        await world.kubelet.sync()
    for _ in range(RENEWALS_LIMIT):
        due = world.kubelet.tokens.next_renewal()
        if due is None or not 0 <= (wait := due + 1 - world.node_now()) < target - world.clock.offset:
            break
        world.clock.move(wait)
        await world.kubelet.sync()
    world.clock.offset = target
    await world.kubelet.sync()
    world.controllers.clock_moved()


async def follow_wall_clock(world: World) -> None:
    """Lives through a jump of the system's clock as through a clock that its learner moves.

    Where the world is being changed as a whole, the next request does it: that change may wait for this one.
    """
    if world.clock.jump() and not world.changing.locked():
        async with world.changing:
            seconds = world.clock.jump()
            world.clock.noticed()
            world.clock.move(-seconds)
            await move_clock(world, seconds)
