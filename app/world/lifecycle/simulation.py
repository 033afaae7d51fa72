"""The simulated world as the rest of the app sees it: start it, and ask for a learner's world by key."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from app.flow.model import Chain
from app.own_folder import OwnFolder
from app.world.aws.entities import NodeKind
from app.world.clock import CLOCK_LIMIT
from app.world.keys import KeyPool
from app.world.lifecycle import chain_choice, fault_injection, kept_worlds, world_operations, world_snapshot
from app.world.lifecycle.advance_clock import follow_wall_clock, move_clock
from app.world.lifecycle.chain_choice import Choices
from app.world.lifecycle.listeners import Listeners
from app.world.lifecycle.world_factory import WorldFactory
from app.world.lifecycle.world_snapshot import WorldSnapshot
from app.world.lifecycle.world_store import WorldStore
from app.world.lifecycle.world_weight import WorldMemory, look_after
from app.world.node.programs.program_limits import Programs
from app.world.node.programs.runner import AwsCli
from app.world.node.volumes.disk import parent_of_node_files
from app.world.saved.keepers import Keepers
from app.world.saved.state_directory import StateDirectory
from app.world.servers.http_client import HOST
from app.world.servers.loop_thread import LoopThread
from app.world.servers.loopback import Loopback
from app.world.servers.servers import Servers
from app.world.setup.scenario import ARTICLE
from app.world.world import ISSUER_HOST, SharedServices, Start, World

T = TypeVar("T")
SWEEP_SECONDS = 30.0
"""Seconds between two searches for idle worlds."""


class Simulation:
    """All worlds of one process: a thread with an event loop, and two servers on 127.0.0.1.

    The ports are taken at once (`OSError` where that fails); `start` serves them. Methods may be called from any thread
    but the loop's own.
    """

    def __init__(
        self,
        *,
        aws_port: int = 0,
        kubernetes_port: int = 0,
        capacity: int = 500,
        idle_seconds: float = 3600,
        memory: WorldMemory | None = None,
        own: str = "",
        state: StateDirectory | None = None,
    ) -> None:
        """`memory`: what there is for all worlds; None for as much as they take. `own`: the key of a world that never
        goes, neither to make room nor because it is idle. `state`: where that world is kept, or all worlds where `own`
        is empty. The ports that it records are taken again. `stop` closes it."""
        files_in = parent_of_node_files()  # raises before anything is open
        self._listeners = Listeners(aws_port, kubernetes_port, state.servers if state is not None else None)
        self.aws_url = f"http://{HOST}:{self._listeners.aws_port}"
        self.kubernetes_url = f"https://{HOST}:{self._listeners.kubernetes_port}"
        self.ca_pem = self._listeners.pki.root_ca_pem
        """The CA of the https server, PEM."""
        self.store = WorldStore(capacity=capacity, idle_seconds=idle_seconds, own=own, drop=self._drop)
        self._memory = memory or WorldMemory()
        self._keys = KeyPool()
        self._programs = Programs()
        self.files = OwnFolder(files_in)
        """Where the nodes of all worlds have theirs."""
        self.kept_in: Path | None = state.path if state is not None and not own else None
        """Where every world is kept; None where none is, or only one."""
        self.set_aside = state.aside if state is not None else []
        """Folders of kept worlds that could not be read."""
        self._maker = WorldFactory(self.store)
        self._keepers = Keepers(state, own) if state is not None else None
        if self._keepers is not None:
            self._maker.made = self._keepers.keep
            self._keepers.directory.take_over(self.files.path, self._listeners.record)
        self._thread = LoopThread(self._serving, name="simulation")

    # (1) Life

    def start(self) -> None:
        """Starts the servers and returns once they accept connections."""
        self._keys.start()
        self._thread.start()

    def stop(self) -> None:
        """Drops all worlds, stops the servers, removes every file. Stopping twice is no error."""
        self._thread.stop()
        self._keys.stop()
        self._programs.stop()
        self._listeners.close()
        self.files.remove()
        if self._keepers is not None:
            self._keepers.directory.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # (2) Worlds

    def kept(self, key: str) -> World | None:
        """The world of a learner's key, if there is one."""
        kept = self._maker.kept(key)
        if kept is not None and kept.clock.jump():
            self.run(follow_wall_clock(kept))
        return kept

    def world(self, key: str, visitor: str | None = None, *, start: Start = "finished") -> World:
        """The world of a learner's key: made on first use, with the scenario in it and its Pods finished.

        `visitor`: the address for which it is made, None where it is not known or no visitor asks. `start`: of a new
        one. Raises `NoRoom`.
        """
        return self.kept(key) or self.run(self._maker.get_or_create(key, visitor, start=start))

    def reset(
        self, key: str, visitor: str | None = None, *, seeded: Chain = ARTICLE, start: Start = "finished"
    ) -> World:
        """A new world in place of the learner's old one, with this chain in it or none. Raises `NoRoom`."""
        return self.run(self._maker.get_or_create(key, visitor, fresh=True, seeded=seeded, start=start))

    def move_clock(self, world: World, seconds: float) -> None:
        """Moves the world's clock and lets the kubelet do what the passed time asks for. Raises `ValueError`."""
        if not abs(world.clock.offset + seconds) <= CLOCK_LIMIT:
            raise ValueError(f"the clock stays within {CLOCK_LIMIT:.0f} seconds of the wall clock")
        self._change(world, move_clock(world, seconds))

    def save(self, world: World) -> WorldSnapshot:
        """The world as it is now, to go back to."""
        return self._alone(world, world_snapshot.save(world))

    def restore(self, world: World, saved: WorldSnapshot) -> None:
        """Makes the world what it was. Raises `ValueError` for a snapshot of another world."""
        self._change(world, world_snapshot.restore(world, saved))

    def inject(self, world: World, *fault_ids: str) -> None:
        """Causes faults, in this order as far as they allow it, beside those in force. Raises `KeyError`.

        Raises `CannotBeInjected` as well, and the world is then as it was before all of them.
        """
        from app.world.faults import FAULTS  # here: the faults know the world, and most worlds never meet one

        wanted, in_force = ([FAULTS[fault_id] for fault_id in ids] for ids in (fault_ids, world.faults))
        self._change(world, kept_worlds.inject(self._keepers, world, wanted, in_force))

    def revert(self, world: World) -> None:
        """Takes back all faults, and whatever was done since the first was caused."""
        self._change(world, fault_injection.revert(world))

    def replace_node(self, world: World, kind: NodeKind) -> None:
        """Replaces the world's node by one of another kind, and runs its Pods there."""
        self._change(world, world_operations.replace_node(world, kind))

    def choices(self, world: World) -> Choices:
        """What its learner can choose from: what is in the world now."""

        return self.run(chain_choice.choices(world))

    def choose(
        self, world: World, *, namespace: str | None = None, service_account: str | None = None, pod: str | None = None
    ) -> None:
        """Turns to another chain (`chain_choice.chosen`). While a fault is in force its chain stays the chosen one."""
        self._change(world, chain_choice.turn(world, namespace=namespace, service_account=service_account, pod=pod))

    def pin_chain(self, world: World) -> None:
        """Keeps the chain as it is until its learner turns to another one, whatever happens to its parts."""
        if not world.chain_is_chosen:
            self._change(world, chain_choice.pin(world))

    def follow(self, world: World) -> bool:
        """Has the chain follow the annotation of its ServiceAccount. Returns whether the chosen chain is gone."""

        async def look() -> bool:
            chain_choice.follow(world)
            return chain_choice.is_gone(world)

        return self.run(look())

    def page_state(self, world: World) -> dict[str, object]:
        """What pages keep beside a world for as long as it exists. It is no part of the world's state."""
        return world.usage.page_state

    def keeps(self, world: World) -> bool:
        """Whether the world is there again after a restart."""
        return self._keepers is not None and self._keepers.of(world) is not None

    def not_kept(self, world: World) -> OSError | None:
        """Why the last changes of a kept world are not on the disk, and gone after a restart; None where they are."""
        return keeper.problem if self._keepers is not None and (keeper := self._keepers.of(world)) else None

    def keep(self, world: World) -> None:
        """Returns once all that was done to the world is on the disk, or the disk did not take it (`not_kept`)."""
        if self._keepers is not None:
            self.run(self._keepers.try_to_flush(world))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine on the servers' loop and returns its result."""
        return self._thread.run(work)

    def edit(self, world: World, work: Coroutine[Any, Any, None]) -> None:
        """Runs what its learner writes into a world (`app.world.edits`), which takes its turn there by itself.

        Raises `WorldGone`, also where the world went meanwhile: nothing is left then of what was written.
        """

        async def checked() -> None:
            self.store.check_kept(world)
            await work
            self.store.check_kept(world)

        try:
            self.run(checked())
        finally:
            work.close()
        self.keep(world)

    def _change(self, world: World, work: Coroutine[Any, Any, T]) -> T:
        """Runs what a learner does to their world as a whole. Raises `WorldGone`."""
        world.usage.acted = True
        return self._alone(world, work)

    def _alone(self, world: World, work: Coroutine[Any, Any, T]) -> T:
        """Runs work on a world as a whole: one work at a time, also where a second tab asks. Raises `WorldGone`.

        What the node does because of it is no event, because it would reveal a fault that a page hides.
        """

        async def alone() -> T:
            async with world.changing:
                self.store.check_kept(world)
                with world.log.events.quiet():
                    done = await work
                if self._keepers is not None:
                    await self._keepers.try_to_flush(world)
                return done

        try:
            return self.run(alone())
        finally:
            work.close()

    def _drop(self, world: World) -> None:
        if self._keepers is not None:
            self._thread.call_soon(partial(self._keepers.forget, world))
        self._thread.call_soon(world.close)

    # (3) The servers

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[asyncio.Task[None]]:
        listeners = self._listeners
        loopback = Loopback(listeners.kubernetes_port, listeners.aws_port, self.ca_pem, ISSUER_HOST)
        aws_cli = AwsCli(self.aws_url)
        self._maker.shared_services = SharedServices(
            kubernetes_url=self.kubernetes_url,
            loopback=loopback,
            keys=self._keys,
            aws_cli=aws_cli,
            programs=self._programs,
            directory=self.files.path,
        )
        servers = Servers(
            self.store,
            issuer_host=ISSUER_HOST,
            aws=listeners.aws,
            kubernetes=listeners.kubernetes,
            context=listeners.pki.server_context(),
            around=self._keepers.durable if self._keepers is not None else None,
        )
        if self._keepers is not None:
            back = await kept_worlds.make(self._keepers, self._maker.shared_services, self.store)
        serving = asyncio.create_task(servers.serve())
        sweeping = asyncio.create_task(look_after(self.store, SWEEP_SECONDS, self._memory))
        try:
            while not servers.started and not serving.done():
                await asyncio.sleep(0.005)
            self._programs.submit(aws_cli.warm)
            if self._keepers is not None:
                await kept_worlds.resume(back, self._keepers, self.store)
            yield serving
        finally:  # also where they do not come back: a loop with open connections would never be closed
            # In order: no new worlds are looked after, the old ones go, the connections close.
            sweeping.cancel()
            if self._keepers is not None:
                await self._keepers.close()
            self.store.clear()
            loopback.close()
            servers.stop()
            await serving
