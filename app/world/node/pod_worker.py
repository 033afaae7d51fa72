"""What the kubelet does for one Pod, from binding to the end of its containers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.ports import Execution
from app.world.apiserver.types.defaults import containers_of
from app.world.node.container import Container
from app.world.node.container_log import ContainerLog
from app.world.node.container_runtime import ContainerRuntime
from app.world.node.images import PullFailure, find_failure
from app.world.node.own_process import settled, start_process
from app.world.node.pod_record import PodRecord
from app.world.node.pod_schedule import PodSchedule
from app.world.node.pod_status import ContainerState, PodState
from app.world.node.programs.environment import ConfigError
from app.world.node.streams import Streams
from app.world.node.volumes.disk import PodDisk
from app.world.node.volumes.tokens import TokenManager
from app.world.node.volumes.volumes import PodVolumes

if TYPE_CHECKING:
    from app.world.world import World

RELIST_SECONDS = 1.0
"""How often the kubelet checks its containers (`genericPlegRelistPeriod`): all that ends in a second is one status."""


class ContainerNotFound(Exception):
    """The Pod has no such container on this node, or it has not been started."""

    def __init__(self, name: str) -> None:
        super().__init__(f'container not found ("{name}")')


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
        """`number`: of the Pods on this node, for its address."""
        self._world = world
        self._runtime = runtime
        self._record = PodRecord(world, pod)
        self.task: asyncio.Task[None] | None = None
        """What was begun last for it."""
        self.tasks: set[asyncio.Task[None]] = set()
        """All that is on its way for it."""
        self._busy = asyncio.Lock()
        self._volumes = PodVolumes(self._record, tokens, disk, world.cluster, world.node_now)
        self._created: dict[str, Container] = {}
        self.schedule = PodSchedule(self, world.node_now)
        self._processes: dict[str, Streams] = {}
        """The containers' own, of now or the last ones."""
        self._running: dict[str, asyncio.Task[int]] = {}
        """The containers' own processes that are programs."""
        self._renewed: set[str] = set()
        """Containers whose image is another one, and which still run with the one before."""
        self._published = ""
        """The phase in the Pod's published status."""
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

    @property
    def pod(self) -> JsonObject:
        """The Pod as it was bound."""
        return self._record.pod

    @property
    def waits_for_volumes(self) -> bool:
        """Whether a volume could not be set up so far, and nothing is on its way that looks again."""
        return not self._state.sandbox and (self.task is None or self.task.done()) and not self._busy.locked()

    @property
    def is_busy(self) -> bool:
        """Whether its volumes are being set up, or an init container runs."""
        return self._busy.locked()

    def has_volume_of(self, resource: str, name: str) -> bool:
        """Whether files of that ConfigMap or Secret are mounted."""
        return self._state.sandbox and self._volumes.mentions(resource, name)

    def stop(self) -> None:
        """The Pod is gone: nothing more is written for it."""
        self._record.close()
        for state in self.containers:
            state.log.end()
        for task in self.tasks:
            task.cancel()
        for process in self._running.values():
            process.cancel()

    def began(self, task: asyncio.Task[None]) -> None:
        """Something is on its way for it."""
        self.task = task
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    @property
    def process_bytes(self) -> int:
        """What the Pod's processes were given, and have written."""
        return sum(container.size for container in self._created.values()) + self._volumes.written_bytes

    @property
    def resting(self) -> bool:
        """Whether each process that runs waits for input or for time to pass, and one does."""
        running = [self._processes[state.name] for state in self.containers if state.running]
        return bool(running) and all(streams.resting for streams in running) and not self._busy.locked()

    @property
    def containers(self) -> tuple[ContainerState, ...]:
        """How the containers fare, of both kinds."""
        return (*self._state.containers, *self._state.init_containers)

    def volume(self, name: str) -> Path:
        """The directory of a volume on the node. Raises `LookupError`."""
        tree = self._volumes.tree(name)
        if tree is None:
            raise LookupError(name)
        return tree.root

    def logs(self, name: str, *, previous: bool = False) -> ContainerLog | None:
        """A container's log; with `previous` that of its process before, if any. Raises `ContainerNotFound`."""
        for state in self.containers:
            if state.name == name:
                return state.log_before() if previous else state.log
        raise ContainerNotFound(name)

    async def execute(self, name: str, command: list[str], streams: Streams | None) -> Execution:
        """Runs a command in a container. Raises `ContainerNotFound`."""
        if name not in self._created:
            raise ContainerNotFound(name)
        return await self._runtime.run(self._created[name], command, streams)

    def process(self, name: str) -> Streams:
        """The streams of a container's own process. Raises `ContainerNotFound`."""
        if name not in self._processes:
            raise ContainerNotFound(name)
        return self._processes[name]

    async def start(self) -> None:
        """Binds the Pod, mounts its volumes, runs its containers. Called again where a volume was missing."""
        async with self._busy:
            if self._state.sandbox or self._record.closed:
                return
            # (1) The scheduler's part.
            if not self._record.bind():
                return
            self._publish()
            # (2) The volumes. Without them no container starts.
            if not await self._mount():
                return
            # (3) From here on containers run.
            self._state.sandbox = True
            self._publish()
        await self.run_containers()

    async def sync(self) -> None:
        """Renews what is due in the volumes, starts again what has backed off long enough."""
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
        """Starts what has not run, and again what has backed off long enough, with the volumes as they are."""
        if not self._state.sandbox:
            return
        work = asyncio.ensure_future(self._run_containers())
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=RELIST_SECONDS)
                self._publish()
            work.result()
        finally:
            work.cancel()

    async def _run_containers(self) -> None:
        async with self._busy:
            initialized = await self._initialize()
        if initialized:
            specs = self._specs("containers")
            async with asyncio.TaskGroup() as group:
                for state in self._state.containers:
                    group.create_task(self._keep_running(specs[state.name], state, "containers"))
                    await asyncio.sleep(0)  # one by one, as the kubelet starts them: other worlds come in between

    async def _initialize(self) -> bool:
        """Runs the init containers one by one; none starts before the one ahead of it has ended well, or is a sidecar
        that has been started."""
        specs = self._specs("initContainers")
        for state in self._state.init_containers:
            spec = specs[state.name]
            await asyncio.sleep(0)
            await self._keep_running(spec, state, "initContainers")
            if not state.succeeded and not _is_sidecar(spec):
                return False
        return True

    async def _keep_running(self, spec: JsonObject, state: ContainerState, member: str) -> None:
        """Looks and starts in one step: another caller that looks at the same time finds nothing left to start."""
        if state.starts_at(self._world.node_now()):
            await self._start_container(spec, state, member)

    async def _mount(self) -> bool:
        """Sets up and renews the volumes; tells the Pod's events what was not possible."""
        self.schedule.looked()
        failures = await self._volumes.refresh()
        for failure in failures:
            self._record.event("FailedMount", failure, warning=True)
        return not failures

    def _specs(self, member: str) -> dict[str, JsonObject]:
        return {container["name"]: container for container in self.pod["spec"].get(member) or []}

    async def _start_container(self, spec: JsonObject, state: ContainerState, member: str) -> None:
        """Creates a container and runs it to its end, if it has one."""
        where = f"spec.{member}{{{state.name}}}"
        # (1) Pull, create.
        if (failure := find_failure(state.image)) is not None:
            await self._miss_image(state, failure, where)
            return
        state.restarts += state.waiting == "CrashLoopBackOff"
        self._record.event("Pulled", f'Container image "{state.image}" already present on machine', field_path=where)
        try:
            container = self._runtime.create(self.pod, spec, self._volumes, self._state.pod_ip)
            old = self._created.get(state.name)
            self._world.kubelet.check_memory(container.size - (old.size if old else 0))
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
        self._publish_phase()
        # (3) Its end. What is no program of the image's is a server, which stays running; an init container has
        # something to prepare and is done with it at once, or no other container would ever start.
        if container.program(container.command):
            process = start_process(self._runtime, container, streams, state.log, self._world.node_now)
            self._running[state.name] = process
            await settled(process, streams)
            if not process.done():
                process.add_done_callback(lambda done: self._ended(done, spec, state, member))
                return
            if process.cancelled():
                return  # by who knows what comes next
            exit_code = process.result()
        elif member == "initContainers" and not _is_sidecar(spec):
            exit_code = 0
        else:
            return
        self._finish(spec, state, member, exit_code)

    def _ended(self, process: asyncio.Task[int], spec: JsonObject, state: ContainerState, member: str) -> None:
        """A process that went on while others started has ended, maybe because its Pod is gone."""
        if process.cancelled() or self._record.closed:
            return

        async def finish() -> None:
            self._finish(spec, state, member, process.result())
            await self.run_containers()

        self._world.kubelet.spawn(finish())

    def _finish(self, spec: JsonObject, state: ContainerState, member: str, exit_code: int) -> None:
        """A container's process has ended: whether it is tried again."""
        if self._record.closed:
            return
        where = f"spec.{member}{{{state.name}}}"
        state.finish(exit_code, self._world.node_now())
        self._world.kubelet.trim_logs()
        if self._is_tried_again(spec, member, well=exit_code == 0):
            name, namespace, uid = (self.pod["metadata"][key] for key in ("name", "namespace", "uid"))
            state.waiting = "CrashLoopBackOff"
            delay = f"back-off {state.back_off:.0f}s restarting failed"
            state.waiting_message = f"{delay} container={state.name} pod={name}_{namespace}({uid})"
            message = f"Back-off restarting failed container {state.name} in pod {name}_{namespace}({uid})"
            self._record.event("BackOff", message, warning=True, field_path=where)
        self._publish_phase()

    async def _miss_image(self, state: ContainerState, failure: PullFailure, where: str) -> None:
        """The image cannot be pulled: says so, and a moment later that it is tried again only after a while."""
        if failure.reason == "InvalidImageName":
            self._record.event("InspectFailed", failure.message, warning=True, field_path=where)
            self._record.event("Failed", f"Error: {failure.reason}", warning=True, field_path=where)
            state.waiting, state.waiting_message = failure.reason, failure.message
            return
        self._record.event("Pulling", f'Pulling image "{state.image}"', field_path=where)
        said = f'Failed to pull image "{state.image}": {failure.message}'
        self._record.event("Failed", said, warning=True, field_path=where)
        self._record.event("Failed", f"Error: {failure.reason}", warning=True, field_path=where)
        state.pulls, state.pull_failed = state.pulls + 1, self._world.node_now()
        state.waiting, state.waiting_message = failure.reason, failure.message
        self._publish()
        await asyncio.sleep(RELIST_SECONDS)
        if state.waiting != failure.reason:
            return  # another image is wanted by now
        state.waiting, state.waiting_message = "ImagePullBackOff", f'Back-off pulling image "{state.image}"'
        self._record.event("BackOff", state.waiting_message, field_path=where)
        self._record.event("Failed", f"Error: {state.waiting}", warning=True, field_path=where)

    def images_changed(self, pod: JsonObject) -> bool:
        """Takes the images that a changed Pod wants; whether any is another one."""
        wanted = {each["name"]: each.get("image") or "" for each in containers_of(pod["spec"])}
        changed = [state for state in self.containers if wanted.get(state.name, state.image) != state.image]
        for state in changed:
            state.renew(wanted[state.name])
        if changed:
            self._record.pod = pod
            self._renewed |= {state.name for state in changed}
        return bool(changed)

    async def replace_containers(self) -> None:
        """Ends the containers whose image is another one by now, and starts them with it.

        Whatever the restart policy says: `computePodActions` in `pkg/kubelet/kuberuntime`.
        """
        renewed, self._renewed = self._renewed, set()
        for state in self._state.containers:
            if state.name in renewed and state.running:
                where = f"spec.containers{{{state.name}}}"
                text = f"Container {state.name} definition changed, will be restarted"
                self._record.event("Killing", text, field_path=where)
                if (process := self._running.pop(state.name, None)) is not None:
                    process.cancel()
                state.finish(137, self._world.node_now())
                state.waiting = "CrashLoopBackOff"  # for no time at all: it is started next
                await self._start_container(self._specs("containers")[state.name], state, "containers")
        await self.run_containers()

    def _is_tried_again(self, spec: JsonObject, member: str, *, well: bool) -> bool:
        """Whether a container whose process has ended, well or not, gets another one."""
        policy = self._state.restart_policy
        if member == "initContainers":
            return _is_sidecar(spec) or (policy != "Never" and not well)
        return policy == "Always" or (policy == "OnFailure" and not well)

    def _publish(self) -> None:
        self._published = self._state.phase()
        self._record.publish(self._state.status(self._world.node_now()))

    def _publish_phase(self) -> None:
        """Writes the status at once where the phase is another. What else is new can wait for what comes with it: as
        the kubelet's status manager does, which sends the latest status and skips those between."""
        if self._state.phase() != self._published:
            self._publish()


def _state(container: JsonObject) -> ContainerState:
    return ContainerState(name=container["name"], image=container.get("image") or "")


def _is_sidecar(container: JsonObject) -> bool:
    """Whether it is an init container that runs as long as the Pod. The others have no policy of their own."""
    return bool(container.get("restartPolicy") == "Always")
