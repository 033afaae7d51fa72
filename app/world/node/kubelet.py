"""The node's agent: takes the Pods that are pending, mounts their volumes, runs their containers, renews their tokens.

One node, one kubelet, on the servers' loop. It learns of Pods by watching the cluster's state, and asks for tokens over
https like any client. Where it differs from a real one: the files of a Pod that has finished stay, are kept fresh, and
commands may still be run in its containers, so that one can look inside.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.flow.model import JsonObject
from app.flow.ports import Execution
from app.world.apiserver.storage.changes import Change
from app.world.apiserver.storage.stored import Stored
from app.world.node.container import ContainerNotFound
from app.world.node.container_log import ContainerLog
from app.world.node.container_runtime import ContainerRuntime
from app.world.node.pod_schedule import SYNC_SECONDS
from app.world.node.pod_worker import PodWorker
from app.world.node.scheduling import is_gated
from app.world.node.streams import Streams
from app.world.node.volumes.disk import NodeDisk
from app.world.node.volumes.token_manager import TokenManager, token_requests
from app.world.node.wake_up import WakeUp
from app.world.saved.records import KeptKubelet, KeptPod

if TYPE_CHECKING:
    from app.world.world import World

AT_MOST_EVERY_SECONDS = 1.0
"""Seconds between two rounds of the kubelet's own work at least."""
SETTLE_SECONDS = 0.05
"""Seconds between two checks whether all work in progress only waits."""

_log = logging.getLogger(__name__)


class Kubelet:
    """The kubelet of one world. All methods but `logs` run on the servers' loop."""

    def __init__(self, world: World, api_url: str, runtime: ContainerRuntime) -> None:
        self._world = world
        self.runtime = runtime
        self.tokens = TokenManager(token_requests(world, api_url), world.node_now)
        self.disk = NodeDisk(world.directory)
        self._workers: dict[str, PodWorker] = {}
        """The workers by the Pod's uid."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._planning: asyncio.Task[None] | None = None
        """Sets the timer once the tasks that end in this pass of the loop have ended."""
        self._addresses = 0
        self._wake_up = WakeUp(world.node_now, self._wake)
        self.woke = 0.0
        """When it last did its own work: Unix seconds by the node's clock."""
        self._renewed = 0.0
        """When it last asked for tokens that were due, by the same clock."""
        self._rests_until = 0.0
        """Until when it does no work of its own: seconds of the monotonic clock."""
        self._cancel_watch = world.cluster.changes.watch(self._changed)

    # (1) What the API server asks of the kubelet

    def logs(self, pod: JsonObject, container: str, *, previous: bool = False) -> ContainerLog | None:
        """The container's log, both streams; with `previous` of its process before. Raises `ContainerNotFound`."""
        return self._worker(pod).inside.logs(container, previous=previous)

    async def execute(
        self, pod: JsonObject, container: str, command: list[str], streams: Streams | None = None
    ) -> Execution:
        """Runs a command in a container that has been started, finished or not. Raises `ContainerNotFound`.

        `streams`: where it reads, and writes what is not in the result.
        """
        return await self._worker(pod).inside.execute(container, command, streams)

    def attach(self, pod: JsonObject, container: str) -> tuple[ContainerLog, Streams]:
        """The log of a container that has been started, and the streams of its own process. Raises
        `ContainerNotFound`."""
        return self._worker(pod).inside.attach(container)

    def volume(self, pod: JsonObject, name: str) -> Path:
        """The directory of a Pod's volume on the node's disk.

        A change there changes what containers see, until the kubelet looks at the volume again. Raises `LookupError`
        where the Pod has no such volume, `ContainerNotFound` where it is not on this node.
        """
        return self._worker(pod).volume(name)

    def _worker(self, pod: JsonObject) -> PodWorker:
        worker = self._workers.get(pod["metadata"]["uid"])
        if worker is None:
            raise ContainerNotFound(pod["metadata"]["name"])
        return worker

    # (2) The passage of time

    async def sync(self) -> None:
        """Does what a moved clock makes due: programs wake up, tokens are renewed, ended containers start again."""
        self.runtime.clock_moved()
        for worker in list(self._workers.values()):
            await worker.sync()
        self.plan()

    def plan(self) -> None:
        """Sets the timer for the next work: a renewal, the end of a back-off, a look at what has changed."""
        moments = [due for worker in self._workers.values() if (due := worker.schedule.due) is not None]
        if (renewal := self.tokens.next_renewal()) is not None:
            # A renewal that failed is tried again with the next look, and no sooner.
            moments.append(max(renewal + 1, self._renewed + SYNC_SECONDS))
        self._wake_up.set(max(min(moments), self.woke + AT_MOST_EVERY_SECONDS) if moments else None)

    async def _plan_later(self) -> None:
        self.plan()

    def rest(self, seconds: float) -> None:
        """Stops its own work for so many seconds, in which the world is looked at as it is at one moment."""
        self._rests_until = time.monotonic() + seconds

    def _wake(self) -> None:
        """Does what is due, unless the kubelet rests, or the world is being changed as a whole or has no CPU time."""
        world = self._world
        wait = 1.0 if world.changing.locked() else max(world.usage.wait(), self._rests_until - time.monotonic())
        if wait > 0:
            self._wake_up.set(world.node_now() + wait)
        else:
            self.woke = world.node_now()
            self.spawn(self._do_what_is_due())

    async def _do_what_is_due(self) -> None:
        self._world.usage.charge()
        now = self._world.node_now()
        renew = {uid for uid in self.tokens.overdue() & self._workers.keys() if not self._workers[uid].is_busy}
        if (first := self.tokens.next_renewal()) is not None and first < now:
            self._renewed = now  # also if no token can be renewed: the next try comes with a later look
        for uid, worker in list(self._workers.items()):
            worker.check_deadline()
            due = worker.schedule.due
            if uid in renew or (due is not None and due <= now):
                worker.task = self.spawn(worker.schedule.do_what_is_due(now, renew=uid in renew))

    async def restart_containers(self) -> None:
        """Starts ended containers again before the volumes are looked at: each `sync` has such a moment."""
        for worker in list(self._workers.values()):
            await worker.run_containers()
        self.plan()

    async def settle(self, seconds: float) -> None:
        """Waits, at most `seconds`, until no Pod is being started any more. The seconds do not pass while the machine
        sleeps, as the Pods do not go on either. Containers that keep running do not count."""
        for _ in range(round(seconds / SETTLE_SECONDS)):
            if not (busy := self._tasks - self._resting()):
                return
            await asyncio.wait(busy, timeout=SETTLE_SECONDS)

    def _resting(self) -> set[asyncio.Task[None]]:
        """The tasks of Pods whose processes only wait."""
        return {worker.task for worker in self._workers.values() if worker.task is not None and worker.resting}

    async def retire(self, seconds: float) -> None:
        """Lets the Pods settle, at most `seconds`, then ends all work: other workers will replace these."""
        await self.settle(seconds)
        while self._tasks:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)
        for worker in self._workers.values():
            worker.stop()

    # (3) Its state, to save and to restore, and its end

    @contextmanager
    def looking_away(self) -> Iterator[None]:
        """Inside, the kubelet ignores changes in the cluster, because an earlier moment is being restored."""
        self._cancel_watch()
        try:
            yield
        finally:
            self._cancel_watch = self._world.cluster.changes.watch(self._changed)
            self.plan()

    @property
    def kept(self) -> tuple[KeptKubelet, dict[str, KeptPod]]:
        """The kubelet's own state, and the Pods' states by uid."""
        pods = {uid: worker.kept for uid, worker in self._workers.items()}
        return KeptKubelet(addresses=self._addresses, tokens=self.tokens.kept), pods

    def recall(self, kept: KeptKubelet, pods: Mapping[str, KeptPod]) -> None:
        """Restores the kubelet's state. The Pods' files follow (`PodWorker.recover`)."""
        for uid, worker in self._workers.items():
            worker.stop()
            self.disk.remove(uid)
        self._addresses = kept.addresses
        self.tokens.recall(kept.tokens)
        self._workers = {
            uid: PodWorker.recalled(self._world, self.runtime, self.tokens, self.disk.of_pod(uid), pod)
            for uid, pod in pods.items()
        }

    @property
    def workers(self) -> tuple[PodWorker, ...]:
        return tuple(self._workers.values())

    def forget(self) -> None:
        """Drops all Pods, because their containers refer to the kubelet and would keep it in memory."""
        self._workers.clear()

    def stop(self) -> None:
        """Ends all work. The world removes its files itself."""
        self._cancel_watch()
        self._wake_up.close()
        for worker in self._workers.values():
            worker.stop()
        for task in self._tasks:
            task.cancel()

    # (4) Watching the cluster

    def _changed(self, change: Change) -> None:
        if change.resource == "pods":
            self._pod_changed(change.type, change.stored)
        elif change.resource == "nodes":
            for worker in self._workers.values():
                if worker.waits_for_volumes:  # or for a node
                    worker.task = self.spawn(worker.start())
        elif change.resource in ("serviceaccounts", "configmaps", "secrets") and change.type != "DELETED":
            for worker in self._workers.values():
                if worker.pod["metadata"]["namespace"] != change.namespace:
                    continue
                if worker.waits_for_volumes:
                    worker.task = self.spawn(worker.start())
                elif worker.schedule.source_changed(change.resource, change.stored.object["metadata"]["name"]):
                    self.plan()

    def _pod_changed(self, change: str, stored: Stored) -> None:
        pod = stored.object
        uid = pod["metadata"]["uid"]
        if change == "DELETED":
            worker = self._workers.pop(uid, None)
            if worker is not None:
                worker.stop()
                self.tokens.forget(uid)
                self.disk.remove(uid)
        elif (running := self._workers.get(uid)) is not None:
            if running.take_ephemeral_containers(pod):
                running.task = self.spawn(running.run_containers())
            elif running.inside.images_changed(stored):
                running.task = self.spawn(running.replace_containers())
            elif running.waits_for_volumes and is_gated(running.pod) and not is_gated(pod):
                running.task = self.spawn(running.start())
            elif running.deadline_changed(pod):
                self.plan()
        elif (pod.get("status") or {}).get("phase", "Pending") == "Pending":
            if (pod["spec"].get("nodeName") or self._world.node_name) == self._world.node_name:
                self._addresses += 1
                self._workers[uid] = worker = PodWorker(
                    self._world,
                    self.runtime,
                    self.tokens,
                    self.disk.of_pod(uid),
                    stored.copy(),
                    self._addresses,
                )
                worker.task = self.spawn(worker.start())

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Starts work for a Pod, for which `settle` waits."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not self._wake_up.is_closed and (self._planning is None or self._planning.done()):
            # Once for all that end together, and in a task, for which the sender of the request that began them pays.
            self._planning = asyncio.get_running_loop().create_task(self._plan_later())
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("A Pod could not be started", exc_info=error)
