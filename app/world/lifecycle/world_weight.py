"""What the worlds take in memory together, and which of them goes where that is too much.

Each part of a world is bounded, but the bounds are for a learner who needs much for once: hundreds of worlds that are
driven to them would take twenty times the memory of a container.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.serving.operations import control_groups
from app.serving.operations.memory_shortage import MEMORY
from app.serving.operations.open_pages import PAGE_BYTES, room
from app.world.aws.account import Account
from app.world.lifecycle.world_snapshot import bytes_of, kept
from app.world.lifecycle.world_store import WorldStore
from app.world.world import World

SHORT_SECONDS = 300.0
"""How long a world may be unused where memory is short: its reader has left, or reads."""
_VALUE = 150
"""Bytes of memory that each value in an object takes, however short it is."""


@dataclass(frozen=True, kw_only=True)
class WorldMemory:
    """What the process has for its worlds."""

    room: int | None = None
    """Bytes that all of them may take by their weights; None for any number."""
    is_short: Callable[[], bool] = lambda: False
    """Whether so much memory is really used that worlds which nobody uses at the moment have to go."""


def for_worlds() -> WorldMemory:
    """What the worlds may take together: half of what is reckoned for the pages."""
    limit = control_groups.memory_limit()
    return WorldMemory(room=None if limit is None else room(limit) * PAGE_BYTES // 2, is_short=MEMORY.is_short)


def weight(world: World) -> int:
    """About the bytes of memory that a world takes, by what is counted of it anyway."""
    cluster, workers = world.cluster, world.kubelet.workers
    logs = (log for worker in workers for state in worker.containers for log in (state.log, state.previous_log) if log)
    return (
        2 * cluster.bytes  # as text, and as an object
        + _VALUE * cluster.values
        + cluster.changes.bytes
        + world.log.bytes
        + sum(map(_stored, (world.account, world.other_account)))
        + sum(worker.inside.process_bytes for worker in workers)
        + sum(log.size for log in logs)
        + world.kubelet.runtime.memory.held
        + bytes_of(kept(world))
    )


def _stored(account: Account) -> int:
    return sum(stored.size for bucket in account.buckets.values() for stored in bucket.objects.values())


def too_heavy(weights: Mapping[str, int], room: int) -> list[str]:
    """The keys of the worlds that go so that the others have room: the heaviest. Those of ordinary learners are not
    among them."""
    over, going = sum(weights.values()) - room, []
    for key in sorted(weights, key=weights.__getitem__, reverse=True):
        if over <= 0:
            break
        over -= weights[key]
        going.append(key)
    return going


async def look_after(store: WorldStore, seconds: float, memory: WorldMemory) -> None:
    """Runs for ever on the loop of the worlds: removes those that are idle, and those for which there is no memory."""
    while True:
        await asyncio.sleep(seconds)
        store.expire(SHORT_SECONDS if memory.is_short() else math.inf)
        weights: dict[str, int] = {}
        worlds = store.all() if memory.room is not None else {}
        for key, world in worlds.items():
            if not world.is_closed:
                weights[key] = weight(world)
            await asyncio.sleep(0)
        for key in too_heavy(weights, memory.room or 0):
            store.evict(key, worlds[key])
