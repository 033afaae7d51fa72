"""Bringing a kept world back."""

from __future__ import annotations

from app.world.lifecycle import world_snapshot
from app.world.lifecycle.world_store import WorldStore
from app.world.saved import sections
from app.world.saved.keepers import Keepers
from app.world.saved.state_directory import KeptOnDisk
from app.world.usage import Usage, looks
from app.world.world import SharedServices, World


def make(on_disk: KeptOnDisk, services: SharedServices, store: WorldStore) -> World:
    """The world as it was when it went, but for what runs in it. It is in the store. Raises `NoRoom`."""
    kept = on_disk.world
    world = World(
        services,
        account_id=kept.origin.account_id,
        seeded=kept.origin.seeded,
        start=kept.origin.start,
        identity=kept.origin.identity,
        usage=Usage(),
    )
    sections.load(world, kept)
    store.put(on_disk.key, world)
    return world


async def resume(on_disk: KeptOnDisk, world: World, keepers: Keepers) -> None:
    """Its node starts: files are made again, tokens that are due renewed, what ran is started. The servers serve."""
    kept = on_disk.world
    async with world.changing:
        with world.log.events.quiet():
            if kept.before_faults is not None:
                # First as it was before the faults, to be able to go back to that.
                sections.load(world, kept.before_faults)
                await world.kubelet.recover()
                world.before_faults = await world_snapshot.save(world)
                sections.load(world, kept)
            await world.kubelet.recover()
            world.kubelet.resume()
            world.usage.untouched = looks(world)
            await keepers.keep(on_disk.key, world, on_disk.journal, kept)
    world.kubelet.plan()
