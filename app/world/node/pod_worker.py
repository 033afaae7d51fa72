"""The kubelet's work for one Pod, from binding to the end of its containers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.node.container_runtime import ContainerRuntime
from app.world.node.pod_containers import PodContainers
from app.world.node.pod_record import PodRecord
from app.world.node.pod_schedule import PodSchedule
from app.world.node.pod_status import DEADLINE_TEXT, ContainerState, PodState, is_sidecar
from app.world.node.volumes.disk import PodDisk
from app.world.node.volumes.token_manager import TokenManager
from app.world.node.volumes.volumes import PodVolumes
from app.world.saved.records import KeptPod

if TYPE_CHECKING:
    from app.world.world import World

RELIST_SECONDS = 1.0
"""Seconds between two checks of the containers (`genericPlegRelistPeriod`): all that end within a second share one
status."""


class PodWorker:
    """One Pod on this node."""

    def __init__(
        self,
        world: World,
        runtime: ContainerRuntime,
        tokens: TokenManager,
        disk: PodDisk,
        pod: JsonObject,
        number: int,
    ) -> None:
        """`number`: the Pod's number on this node, for its address."""
        self._world = world
        self._record = PodRecord(world, pod)
        self.task: asyncio.Task[None] | None = None
        self._kept: KeptPod | None = None
        """The kept state that is not restored yet."""
        self._busy = asyncio.Lock()
        self._volumes = PodVolumes(self._record, tokens, disk, world.cluster, world.node_now)
        self.schedule = PodSchedule(self, world.node_now)
        host_ip = world.node_name.removeprefix("ip-").partition(".")[0].replace("-", ".")
        host_network = bool(pod["spec"].get("hostNetwork"))
        self._state = PodState(
            started=world.node_now(),
            pod_ip=host_ip if host_network else f"192.168.{64 + number // 200 % 64}.{10 + number % 200}",
            host_ip=host_ip,
            qos_class=(pod.get("status") or {}).get("qosClass", "BestEffort"),
            restart_policy=pod["spec"].get("restartPolicy") or "Always",
            containers=[_state(container) for container in pod["spec"]["containers"]],
            init_containers=[_state(container) for container in pod["spec"].get("initContainers") or []],
        )
        self.inside = PodContainers(world, runtime, self._record, self._volumes, self._state, self.run_containers)

    @property
    def pod(self) -> JsonObject:
        """The Pod as it was bound."""
        return self._record.pod

    @property
    def waits_for_volumes(self) -> bool:
        """Whether a volume could not be set up so far, and no work in progress will look at it again."""
        return (
            not self._state.sandbox
            and not self.has_ended
            and (self.task is None or self.task.done())
            and not self._busy.locked()
        )

    @property
    def lacks_volumes(self) -> bool:
        """Whether the Pod is on its node and a volume could not be set up so far."""
        return not self._state.sandbox and not self.has_ended and bool(self.pod["spec"].get("nodeName"))

    @property
    def has_ended(self) -> bool:
        """Whether no container of the Pod is started any more."""
        return self._state.has_ended

    @property
    def is_busy(self) -> bool:
        """Whether its volumes are being set up, or an init container runs."""
        return self._busy.locked()

    def has_volume_of(self, resource: str, name: str) -> bool:
        """Whether files of that ConfigMap or Secret are mounted."""
        return self._state.sandbox and self._volumes.mentions(resource, name)

    def stop(self) -> None:
        """Ends the work, because the Pod is gone: nothing more is written for it."""
        self._record.close()
        self.inside.stop()
        self.schedule.stop()
        if self.task is not None:
            self.task.cancel()

    @property
    def containers(self) -> tuple[ContainerState, ...]:
        """The states of all containers and init containers."""
        return self._state.all_containers

    @property
    def resting(self) -> bool:
        """Whether no work for the Pod is in progress, except that its processes wait."""
        return self.inside.resting and not self._busy.locked()

    async def replace_containers(self) -> None:
        """Restarts the containers whose image has been changed."""
        await self.inside.replace()
        await self.run_containers()

    def volume(self, name: str) -> Path:
        """The directory of a volume on the node. Raises `LookupError`."""
        tree = self._volumes.tree(name)
        if tree is None:
            raise LookupError(name)
        return tree.root

    async def start(self) -> None:
        """Binds the Pod, mounts its volumes, runs its containers. Called again where a volume was missing."""
        async with self._busy:
            if self._state.sandbox or self._record.closed or self.has_ended:
                return
            # (1) The scheduler's part. The Pod is active from here on.
            was_bound = bool(self.pod["spec"].get("nodeName"))
            if not self._record.bind():
                return
            if not was_bound:
                self._state.started = self._world.node_now()
            self.inside.publish()
            # (2) The volumes. Without them no container starts.
            if not await self._mount():
                return
            # (3) From here on containers run.
            self._state.sandbox = True
            self.inside.publish()
        await self.run_containers()

    @property
    def kept(self) -> KeptPod:
        """The Pod as this node knows it, to be kept."""
        looked, changed = self.schedule.kept
        return KeptPod(
            pod=self.pod,
            state=self._state,
            looked=looked,
            changed=changed,
            containers=self._kept.containers if self._kept else self.inside.kept,
            volumes=self._kept.volumes if self._kept else self._volumes.written,
        )

    @classmethod
    def recalled(
        cls, world: World, runtime: ContainerRuntime, tokens: TokenManager, disk: PodDisk, kept: KeptPod
    ) -> PodWorker:
        """The worker of a kept Pod. Nothing is on the disk yet (`recover`)."""
        worker = cls(world, runtime, tokens, disk, kept.pod, 0)
        vars(worker._state).update(vars(kept.state))
        worker.schedule.recall(kept.looked, kept.changed)
        worker._kept = kept
        return worker

    async def recover(self) -> None:
        """Mounts the volumes again and creates the kept containers. Nothing runs."""
        kept, self._kept = self._kept, None
        if kept is None or not self._state.sandbox:
            return
        async with self._busy:
            await self._mount()
            self._volumes.recall(kept.volumes)
            self.inside.recall(kept.containers)

    async def resume(self) -> None:
        """Goes on after the node has started again: its processes have ended, and those that have to run are
        started."""
        if self._state.sandbox:
            self.inside.lose_processes()
            await self.run_containers()
        else:
            await self.start()

    @property
    def deadline(self) -> float | None:
        """When the Pod will have been active for too long: Unix seconds by the node's clock. None where it may be
        active for as long as it wants, or has ended."""
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        if seconds is None or not self.pod["spec"].get("nodeName") or self.has_ended:
            return None
        return self._state.started + float(seconds)

    def deadline_changed(self, pod: JsonObject) -> bool:
        """Takes over the `activeDeadlineSeconds` of a changed Pod. Returns whether it is another one."""
        seconds = pod["spec"].get("activeDeadlineSeconds")
        if seconds == self.pod["spec"].get("activeDeadlineSeconds"):
            return False
        self._record.pod = {**self.pod, "spec": {**self.pod["spec"], "activeDeadlineSeconds": seconds}}
        return True

    def take_ephemeral_containers(self, pod: JsonObject) -> bool:
        """Takes over a changed Pod's ephemeral containers. Returns whether one of them has to be started."""
        wanted = pod["spec"].get("ephemeralContainers") or []
        known = {state.name for state in self._state.ephemeral_containers}
        added = [_state(each) for each in wanted if each["name"] not in known and not self.has_ended]
        if added:
            self._record.pod = {**self.pod, "spec": {**self.pod["spec"], "ephemeralContainers": wanted}}
            self._state.ephemeral_containers += added
        return bool(added)

    def check_deadline(self) -> None:
        """Ends a Pod that has been active for too long, whatever it does."""
        if self.deadline is None or self._world.node_now() < self.deadline:
            return
        self._state.exceeded_deadline = True
        self._record.event("DeadlineExceeded", DEADLINE_TEXT)
        self.inside.kill_all()
        self.inside.publish()

    async def sync(self) -> None:
        """Renews what is due in the volumes, and starts containers whose back-off has ended."""
        if self._record.closed:
            return  # deleted while the kubelet was at another Pod
        self.check_deadline()
        if not self._state.sandbox:
            await self.start()
            return
        await self.look()
        await self.run_containers()

    async def look(self) -> None:
        """Renews what is due in the volumes."""
        async with self._busy:
            await self._mount()

    async def run_containers(self) -> None:
        """Starts the containers that have not run, and those whose back-off has ended, with the volumes as they are."""
        if not self._state.sandbox or self._record.closed:
            return
        work = asyncio.ensure_future(self._run_containers())
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=RELIST_SECONDS)
                self.inside.publish()
            work.result()
        finally:
            work.cancel()

    async def _run_containers(self) -> None:
        if self.has_ended:
            return
        async with asyncio.TaskGroup() as group:
            await self._start_all(group, "ephemeralContainers", self._state.ephemeral_containers)
            async with self._busy:
                initialized = await self._initialize()
            if initialized:
                await self._start_all(group, "containers", self._state.containers)

    async def _start_all(self, group: asyncio.TaskGroup, member: str, states: list[ContainerState]) -> None:
        specs = self._specs(member)
        for state in states:
            group.create_task(self._keep_running(specs[state.name], state, member))
            await asyncio.sleep(0)  # one by one, as the kubelet does: other worlds get their turn in between

    async def _initialize(self) -> bool:
        """Runs the init containers one by one; each starts after the one before it has ended well, or is a sidecar that
        has started (`computeInitContainerActions` in `pkg/kubelet/kuberuntime`)."""
        specs = self._specs("initContainers")
        for state in self._state.init_containers:
            spec = specs[state.name]
            await asyncio.sleep(0)
            await self._keep_running(spec, state, "initContainers")
            if not (state.container_id if is_sidecar(spec) else state.succeeded):
                return False
        return True

    async def _keep_running(self, spec: JsonObject, state: ContainerState, member: str) -> None:
        """Checks and starts in one step, so that another caller at the same time finds nothing left to start."""
        if state.starts_at(self._world.node_now()):
            await self.inside.start(spec, state, member)

    async def _mount(self) -> bool:
        """Sets up and renews the volumes; records an event about each that failed."""
        self.schedule.looked()
        failures = await self._volumes.refresh()
        for failure in failures:
            self._record.event("FailedMount", failure, warning=True)
        return not failures

    def _specs(self, member: str) -> dict[str, JsonObject]:
        return {container["name"]: container for container in self.pod["spec"].get(member) or []}


def _state(container: JsonObject) -> ContainerState:
    return ContainerState(name=container["name"], image=container.get("image") or "")
