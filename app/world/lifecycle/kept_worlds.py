"""Brings kept worlds back, and keeps the state before a fault, to go back to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.world.lifecycle import chain_choice, fault_injection, world_snapshot
from app.world.lifecycle.world_store import WorldStore
from app.world.saved import sections
from app.world.saved.keepers import Keepers
from app.world.saved.state_directory import KeptOnDisk
from app.world.usage import Usage, looks
from app.world.world import SharedServices, World

if TYPE_CHECKING:
    from app.world.faults import Fault


VERSIONS_SKIPPED = 10_000
"""How many resource versions a start leaves out: some of them may have been given out and were not on the disk yet."""


async def make(keepers: Keepers, services: SharedServices, store: WorldStore) -> list[tuple[KeptOnDisk, World]]:
    """The kept worlds as they were when their process ended, but for what ran in them. They are in the store and kept
    from then on. One whose parts do not fit together is set aside; where that is so of all of several, as where another
    version has written them, the error of one is raised.

    No server serves yet, so no client can change anything before it is kept.
    """
    worlds = []
    for on_disk in reversed(keepers.directory.worlds):  # the one that was not used for the longest time comes first
        origin = on_disk.world.origin
        world = World(
            services,
            account_id=origin.account_id,
            seeded=origin.seeded,
            start=origin.start,
            identity=origin.identity,
            usage=Usage(),
        )
        worlds.append((on_disk, world))
    # At once, because each waits for the disk several times.
    errors = await asyncio.gather(*(_load(*it, keepers, store) for it in worlds), return_exceptions=True)
    failed = [(*it, error) for it, error in zip(worlds, errors, strict=True) if isinstance(error, Exception)]
    if len(failed) == len(worlds) > 1:
        raise failed[0][2]
    for on_disk, world, error in failed:
        await _set_aside(on_disk, world, error, keepers, store)
    return [it for it, error in zip(worlds, errors, strict=True) if error is None]


async def resume(worlds: list[tuple[KeptOnDisk, World]], keepers: Keepers, store: WorldStore) -> None:
    """Starts their nodes: files are made again, tokens that are due are renewed, and what ran is started. The servers
    serve by then. A world where that fails is set aside."""
    for on_disk, world in worlds:
        if store.by_path(world.path) is not world:
            continue  # it had to go for another one
        try:
            async with world.changing:
                with world.log.events.quiet():
                    await _recover(world)
                    for worker in world.kubelet.workers:
                        worker.task = world.kubelet.spawn(worker.resume())
            world.kubelet.plan()
        except Exception as error:
            await _set_aside(on_disk, world, error, keepers, store)
    for key in keepers.directory.lost:
        store.remember(key, "unreadable")


async def _set_aside(on_disk: KeptOnDisk, world: World, error: Exception, keepers: Keepers, store: WorldStore) -> None:
    await keepers.set_aside(on_disk, error)
    if store.by_path(world.path) is world:
        store.discard(on_disk.key)
    else:
        world.close()


async def _load(on_disk: KeptOnDisk, world: World, keepers: Keepers, store: WorldStore) -> None:
    kept = on_disk.world
    async with world.changing:
        if kept.before_faults is not None:
            # First as it was before the faults, to be able to go back to that.
            sections.load(world, kept.before_faults)
            with world.kubelet.tokens.cut_off():
                await _recover(world)
            world.before_faults = await world_snapshot.save(world)
        sections.load(world, kept)
        world.cluster.changes.resume(kept.version + VERSIONS_SKIPPED)
        world.usage.untouched = looks(world)
        store.put(on_disk.key, world)
        await keepers.keep(on_disk.key, world, on_disk.journal, kept)


async def _recover(world: World) -> None:
    """Makes the files and the containers of its Pods again. A token in them that is due is renewed."""
    for worker in world.kubelet.workers:
        await worker.recover()


async def inject(keepers: Keepers | None, world: World, wanted: list[Fault], in_force: list[Fault]) -> None:
    """As `fault_injection.inject`. If the world is kept, its state before the first fault is kept as well."""
    keeper = keepers.of(world) if keepers is not None else None
    if keeper is None:
        await fault_injection.inject(world, wanted, in_force)
        return
    before = keeper.before_faults
    if not world.faults:
        chain_choice.follow(world)
        await world_snapshot.settle(world)
        before = keeper.collect()
    await fault_injection.inject(world, wanted, in_force)
    keeper.before_faults = before
