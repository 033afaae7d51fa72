"""The node's container runtime: creates containers, and runs programs in them to their end.

The output of a container's own process is the container's log. The Pod does not wait for a process that only waits.
"""

from __future__ import annotations

import asyncio
import codecs
import posixpath
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.ports import Execution
from app.world.node import node_limits
from app.world.node.container import (
    Container,
    check_user,
    command_of,
    environment_of,
    hostname_of,
    user_of,
)
from app.world.node.container_log import ContainerLog
from app.world.node.processes import Processes
from app.world.node.programs.environment import ConfigError, sub_path, variables
from app.world.node.programs.installed import is_aws_cli
from app.world.node.programs.program_limits import Programs
from app.world.node.programs.runner import AwsCli
from app.world.node.streams import Streams, encoded
from app.world.node.volumes import first_process
from app.world.node.volumes.base_files import base_files
from app.world.node.volumes.filesystem import FileSystem
from app.world.node.volumes.first_process import FirstProcess
from app.world.node.volumes.inodes import User
from app.world.node.volumes.mounts import Mount, mount_part
from app.world.node.volumes.path_limits import check_path
from app.world.node.volumes.scratch import Written
from app.world.node.volumes.volumes import PodVolumes

if TYPE_CHECKING:
    from app.world.world import World


MOUNTS_LIMIT = 100
"""How many mounts one container may have: each is looked for on the disk."""
SETTLE_SECONDS = 10.0
"""Seconds for which a Pod waits for a process that neither ends nor waits for something."""


class ContainerRuntime:
    """The runtime of one node."""

    def __init__(self, world: World, aws_cli: AwsCli, programs: Programs) -> None:
        self._world = world
        self._processes = Processes(world, aws_cli, programs.room(world.usage.visitor))
        self.memory = self._processes.memory

    def create(
        self, pod: JsonObject, spec: JsonObject, volumes: PodVolumes, address: str, beside: Mapping[str, Container]
    ) -> Container:
        """Creates a container of the Pod as the cluster has it now; `address` is the Pod's, `beside` are its
        containers that were created already. Raises `ConfigError`."""
        world = self._world
        found = world.cluster.find("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        pod = found.copy() if found is not None else pod
        own = variables(world.cluster, pod, spec)

        def check_memory(held: int, wanted: int) -> None:
            node_limits.check_memory(world.kubelet, held + wanted)

        mounts: dict[str, Mount] = {}
        held = 0
        writable = [] if (spec.get("securityContext") or {}).get("readOnlyRootFilesystem") else ["/"]
        wanted = spec.get("volumeMounts") or []
        if len(wanted) > MOUNTS_LIMIT:
            raise ConfigError(f"this simulated node takes at most {MOUNTS_LIMIT} mounts in a container")
        for mount in wanted:
            tree = volumes.tree(mount["name"])
            if tree is None:
                raise ConfigError(f'cannot find volume "{mount["name"]}" to mount into container "{spec["name"]}"')
            place = sub_path(mount, own)
            try:
                part = mount_part(tree, place, world.node_now(), partial(check_memory, held))
            except (OSError, ValueError):
                where = f'volumeMount "{mount["name"]}" of container "{spec["name"]}"'
                raise ConfigError(f"failed to create subPath directory for {where}") from None
            mounts[mount["mountPath"]] = part
            held += part.size
            if _is_empty_dir(pod, mount["name"]) and not mount.get("readOnly"):
                writable.append(mount["mountPath"])
        check_user(pod, spec)
        image, user = spec.get("image") or "", user_of(pod, spec)
        directory = posixpath.normpath(
            "/" + (spec.get("workingDir") or ("aws" if is_aws_cli(image) else "")).lstrip("/")
        )
        # The kubelet mounts an empty file there that every user may write.
        message = posixpath.normpath("/" + spec.get("terminationMessagePath", "").lstrip("/"))
        first = _first_process(spec, user, beside)
        image_files = base_files(pod, image, hostname=hostname_of(pod), address=address, node=world.node_name)
        try:
            check_path(message)
            files = FileSystem(
                mounts,
                user,
                world.node_now(),
                directories={
                    **{posixpath.dirname(message): 0o755, "/tmp": 0o1777, "/root": 0o700, directory: 0o755},  # noqa: S108
                    **({first_process.ROOT: 0o755} if first else {}),
                },
                image_files={**image_files, **({first_process.ENVIRON: first.environ} if first else {})},
                writable=[*writable, *({message} - {"/"})],
                check_room=lambda wanted: node_limits.check_disk(world.kubelet, wanted),
                now=world.node_now,
                first=first,
            )
        except OSError as error:
            raise ConfigError(str(error.strerror).lower()) from None
        try:
            files.stat(message)
        except OSError:
            files.scratch.entries[message] = Written(mode=0o666, uid=0, gid=0, modified=world.node_now(), content=b"")
        return Container(
            name=spec["name"],
            image=image,
            environment=environment_of(pod, own, user),
            files=files,
            working_directory=directory,
            command=command_of(spec, own),
            network="host" if pod["spec"].get("hostNetwork") else "pod",
            address=address,
            now=world.node_now,
        )

    async def run(self, container: Container, command: list[str], streams: Streams | None = None) -> Execution:
        """Runs a program to its end.

        `streams`: the streams from which the program reads and to which it writes. What it has written there is not in
        the result.
        """
        return await self._processes.run(container, command, streams)

    def clock_moved(self) -> None:
        """Has sleeping programs look at the clock again."""
        self._processes.clock_moved()


def _first_process(spec: JsonObject, user: User, containers: Mapping[str, Container]) -> FirstProcess | None:
    """The process that an ephemeral container has as its first one, because it sees another container's. Raises
    `ConfigError` (`getTargetID` in `pkg/kubelet/kuberuntime/kuberuntime_container.go`)."""
    if not (name := spec.get("targetContainerName")):
        return None
    if (target := containers.get(name)) is None:
        raise ConfigError(f"unable to find target container {name}")
    context = spec.get("securityContext") or {}
    added = (context.get("capabilities") or {}).get("add") or []
    traces = user.uid == 0 and (context.get("privileged") is True or not {"SYS_PTRACE", "ALL"}.isdisjoint(added))
    same = (user.uid, user.gid) == (target.files.user.uid, target.files.user.gid)
    return FirstProcess(containers=containers, name=name, environment=target.environment, is_open=same or traces)


def _is_empty_dir(pod: JsonObject, name: str) -> bool:
    """Whether programs may write to a volume. (The directory of a hostPath is an empty one, too.)"""
    volume: JsonObject = next((volume for volume in pod["spec"].get("volumes") or [] if volume["name"] == name), {})
    return not volume.keys() & {"projected", "configMap", "secret", "downwardAPI"}


async def run_process(
    runtime: ContainerRuntime, container: Container, streams: Streams, log: ContainerLog, now: Callable[[], float]
) -> int:
    """Runs the process to its end. `now`: Unix seconds by the node's clock. Returns its exit code."""
    logging = asyncio.ensure_future(_keep_log(streams, log, now))
    try:
        result = await runtime.run(container, list(container.command), streams)
        await streams.write(encoded(result.stdout))
        await streams.write(encoded(result.stderr), error=True)
        streams.finish()
        await logging
        return result.exit_code
    finally:
        logging.cancel()


async def _keep_log(streams: Streams, log: ContainerLog, now: Callable[[], float]) -> None:
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    async for _, data in streams.output():
        log.write(decode(data), now())


async def settled(process: asyncio.Task[int], streams: Streams) -> None:
    """Waits until a process has ended, waits for something, or has run for a while: then its Pod goes on without it."""
    pause = 0.0
    end = asyncio.get_running_loop().time() + SETTLE_SECONDS
    while not process.done() and not streams.resting and asyncio.get_running_loop().time() < end:
        await asyncio.wait({process}, timeout=pause)
        pause = min(2 * pause + 0.002, 0.05)
