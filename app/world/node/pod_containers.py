"""The containers of one Pod: their processes, from the pull of the image to the end, and what clients see of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.ports import Execution
from app.world.apiserver.storage.stored import Stored
from app.world.apiserver.types.defaults import all_containers_of
from app.world.node import node_limits
from app.world.node.container import Container, ContainerNotFound
from app.world.node.container_log import ContainerLog
from app.world.node.container_runtime import ContainerRuntime, run_process, settled
from app.world.node.image_pulls import find_failure, report_back_off, report_failure, report_success
from app.world.node.pod_record import PodRecord
from app.world.node.pod_status import ContainerState, PodState, is_sidecar
from app.world.node.programs.environment import ConfigError
from app.world.node.streams import Streams
from app.world.node.termination_message import termination_message
from app.world.node.volumes.volumes import PodVolumes
from app.world.saved.records import KeptContainer

if TYPE_CHECKING:
    from app.world.world import World

IMAGE_SECONDS = 1.0
"""Seconds from a failed pull until the status says that the next try comes only after a back-off."""
KILLED = 137
"""The exit code of a process that SIGKILL has ended."""


class PodContainers:
    """The containers of one Pod on this node."""

    def __init__(
        self,
        world: World,
        runtime: ContainerRuntime,
        record: PodRecord,
        volumes: PodVolumes,
        state: PodState,
        go_on: Callable[[], Awaitable[None]],
    ) -> None:
        """`go_on`: called after a process has ended, to start what has to be started now."""
        self._world = world
        self._runtime = runtime
        self._record = record
        self._volumes = volumes
        self._state = state
        self._go_on = go_on
        self._created: dict[str, Container] = {}
        self._processes: dict[str, Streams] = {}
        """The streams of each container's own process, the present one or the last, by the container's name."""
        self._running: dict[str, asyncio.Task[int]] = {}
        """The tasks that run, or have run, the containers' programs, by the container's name."""
        self._renewed: set[str] = set()
        """Containers whose image has been changed, and which still run with the previous one."""
        self._published = ""
        """The phase in the Pod's published status."""

    # (1) What clients see

    def logs(self, name: str, *, previous: bool = False) -> ContainerLog | None:
        """A container's log; with `previous` the log of its process before, None where there is none. Raises
        `ContainerNotFound`."""
        for state in self._state.all_containers:
            if state.name == name:
                return state.log_before() if previous else state.log
        raise ContainerNotFound(name)

    async def execute(self, name: str, command: list[str], streams: Streams | None) -> Execution:
        """Runs a command in a container. Raises `ContainerNotFound`."""
        if name not in self._created:
            raise ContainerNotFound(name)
        return await self._runtime.run(self._created[name], command, streams)

    def attach(self, name: str) -> tuple[ContainerLog, Streams]:
        """A container's log and the streams of its own process. Raises `ContainerNotFound`."""
        if name not in self._created:
            raise ContainerNotFound(name)
        [log] = (state.log for state in self._state.all_containers if state.name == name)
        return log, self._processes.get(name, Streams())

    @property
    def process_bytes(self) -> int:
        """Bytes that the Pod's processes were given, and have written."""
        return sum(container.size for container in self._created.values()) + self._volumes.written_bytes

    @property
    def resting(self) -> bool:
        """Whether each process that runs waits for input or for time to pass, and one does."""
        running = [self._processes[state.name] for state in self._state.all_containers if state.running]
        return bool(running) and all(streams.resting for streams in running)

    # (2) From start to end

    async def start(self, spec: JsonObject, state: ContainerState, member: str) -> None:
        """Creates a container and runs it to its end, if it has one."""
        where = f"spec.{member}{{{state.name}}}"
        # (1) Pull, create.
        policy = spec.get("imagePullPolicy") or "IfNotPresent"
        if (failure := find_failure(state.image, policy)) is not None:
            report_failure(self._record, state, failure, self._world.node_now(), where)
            await self._back_off(state, where)
            return
        state.restarts += state.waiting == "CrashLoopBackOff"
        report_success(self._record, state.image, policy, where)
        try:
            container = self._create(spec)
            old = self._created.get(state.name)
            node_limits.check_memory(self._world.kubelet, container.size - (old.size if old else 0))
        except ConfigError as error:
            state.waiting, state.waiting_message = "CreateContainerConfigError", str(error)
            self._record.event("Failed", f"Error: {error}", warning=True, field_path=where)
            return
        self._created[state.name] = container
        self._record.event("Created", f"Created container: {state.name}", field_path=where)
        # (2) Start.
        state.start(self._world.node_now())
        streams = self._processes[state.name] = Streams(stdin=bool(spec.get("stdin")), tty=bool(spec.get("tty")))
        self._record.event("Started", f"Started container {state.name}", field_path=where)
        self.publish_phase()
        # (3) Its end. A command that is no program of the image is a server, which stays running; as an init container
        # it has something to prepare and ends at once, or no other container would ever start.
        if container.program(container.command):
            process = asyncio.ensure_future(
                run_process(self._runtime, container, streams, state.log, self._world.node_now)
            )
            self._running[state.name] = process
            await settled(process, streams)
            if process.cancelled():
                return  # the caller that cancelled it starts what comes next
            if not process.done():
                process.add_done_callback(lambda done: self._ended(done, spec, state, member))
                return
            exit_code = process.result()
        elif member == "initContainers" and not is_sidecar(spec):
            exit_code = 0
        else:
            return
        self._finish(spec, state, member, exit_code)

    def _create(self, spec: JsonObject) -> Container:
        return self._runtime.create(self._record.pod, spec, self._volumes, self._state.pod_ip, self._created)

    async def _back_off(self, state: ContainerState, where: str) -> None:
        """A moment after a failed pull, sets the state in which the next try comes only after a back-off."""
        self.publish()
        await asyncio.sleep(IMAGE_SECONDS)
        if state.waiting != "ErrImagePull":
            return  # the container has another image by now, or the name can never be an image's
        report_back_off(self._record, state, where)

    def _ended(self, process: asyncio.Task[int], spec: JsonObject, state: ContainerState, member: str) -> None:
        """Finishes a process that went on while others started, and has ended, maybe because its Pod is gone."""
        if process.cancelled() or self._record.closed:
            return

        async def finish() -> None:
            self._finish(spec, state, member, process.result())
            await self._go_on()

        self._world.kubelet.spawn(finish())

    def _finish(self, spec: JsonObject, state: ContainerState, member: str, exit_code: int) -> None:
        """Records that a container's process has ended, and whether it is started again."""
        if self._record.closed:
            return
        self._end(state, exit_code)
        node_limits.trim_logs(self._world.kubelet)
        if self._is_tried_again(spec, member, well=exit_code == 0):
            self._record.report_back_off(state, f"spec.{member}{{{state.name}}}")
        if self._state.has_ended:
            self._stop_sidecars()
        self.publish_phase()

    def _stop_sidecars(self) -> None:
        """Ends the sidecars and the ephemeral containers, because the other containers have ended for good."""
        for member, state in ((member, state) for member, states in self._state.by_member[1:] for state in states):
            if state.running:
                self._kill(state, f"Stopping container {state.name}", member)
            elif state.finished is not None:
                state.waiting = state.waiting_message = ""  # it is not started again

    def _kill(self, state: ContainerState, why: str, member: str) -> None:
        self._record.event("Killing", why, field_path=f"spec.{member}{{{state.name}}}")
        self._cancel(state)

    def _cancel(self, state: ContainerState) -> None:
        if (process := self._running.pop(state.name, None)) is not None:
            process.cancel()
        self._end(state, KILLED)

    def _end(self, state: ContainerState, exit_code: int) -> None:
        """Records that a process has ended, as those have whose first one it was (pid_namespaces(7))."""
        specs = {each["name"]: each for each in all_containers_of(self._record.pod["spec"])}
        message = termination_message(self._created[state.name], specs[state.name], state.log, exit_code)
        state.finish(exit_code, self._world.node_now(), message)
        for other in self._state.ephemeral_containers:
            if other.running and specs[other.name].get("targetContainerName") == state.name:
                self._cancel(other)

    def kill_all(self) -> None:
        """Ends all containers for good, because the Pod was active for too long."""
        for member, states in self._state.by_member:
            for state in states:
                if state.running:
                    self._kill(state, f"Stopping container {state.name}", member)
                state.waiting = state.waiting_message = ""

    def _is_tried_again(self, spec: JsonObject, member: str, *, well: bool) -> bool:
        """Whether a container whose process has ended, well or not, gets another one."""
        policy = self._state.restart_policy
        if member == "initContainers":
            return is_sidecar(spec) or (policy != "Never" and not well)
        return member == "containers" and (policy == "Always" or (policy == "OnFailure" and not well))

    # (3) The node starts again

    @property
    def kept(self) -> dict[str, KeptContainer]:
        """The containers that were created, by name."""
        return {
            name: KeptContainer(environment=container.environment, written=dict(container.files.scratch.entries))
            for name, container in self._created.items()
        }

    def recall(self, kept: Mapping[str, KeptContainer]) -> None:
        """Creates the kept containers again, without running anything in them."""
        for spec in all_containers_of(self._record.pod["spec"]):
            if (before := kept.get(spec["name"])) is None:
                continue
            try:
                made = self._create(spec)
            except ConfigError:
                continue  # what it was made of is gone, so no one can look inside any more
            made.files.scratch.entries = dict(before.written)
            self._created[spec["name"]] = replace(made, environment=dict(before.environment))

    def lose_processes(self) -> None:
        """Ends all processes, because their node has ended. The kubelet starts those again that the restart policy
        names."""
        now = self._world.node_now()
        for member, states in self._state.by_member:
            specs = {spec["name"]: spec for spec in self._record.pod["spec"].get(member) or []}
            for state in states:
                if state.running:
                    again = self._is_tried_again(specs[state.name], member, well=False)
                    state.lose(now, again=again and not self._state.has_ended)

    # (4) Another image

    def images_changed(self, stored: Stored) -> bool:
        """Takes over the images of a changed Pod. Returns whether any is another one."""
        wanted = {each["name"]: each.get("image") or "" for each in all_containers_of(stored.object["spec"])}
        changed = [state for state in self._state.all_containers if wanted.get(state.name, state.image) != state.image]
        for state in changed:
            state.renew(wanted[state.name])
        if changed:
            self._record.pod = stored.copy()
            self._renewed |= {state.name for state in changed}
        return bool(changed)

    async def replace(self) -> None:
        """Ends the containers whose image has been changed, and starts them with the new one.

        This does not depend on the restart policy: `computePodActions` in `pkg/kubelet/kuberuntime`.
        """
        specs = {each["name"]: each for each in self._record.pod["spec"]["containers"]}
        renewed, self._renewed = self._renewed, set()
        for state in self._state.containers:
            if state.name in renewed and state.running:
                self._kill(state, f"Container {state.name} definition changed, will be restarted", "containers")
                state.waiting = "CrashLoopBackOff"  # a back-off of no length: it is started next
                await self.start(specs[state.name], state, "containers")

    def stop(self) -> None:
        """Ends everything, because the Pod is gone."""
        for state in self._state.all_containers:
            state.log.end()
        for process in self._running.values():
            process.cancel()
        self._go_on = partial(asyncio.sleep, 0)

    def publish(self) -> None:
        """Writes the Pod's status."""
        self._published = self._state.phase()
        sidecars = {spec["name"] for spec in all_containers_of(self._record.pod["spec"]) if is_sidecar(spec)}
        self._record.publish(self._state.status(self._world.node_now(), sidecars))

    def publish_phase(self) -> None:
        """Writes the status at once if the phase has changed. Other changes can wait for the next write, as in the
        kubelet's status manager, which sends the latest status and skips those before."""
        if self._state.phase() != self._published:
            self.publish()
