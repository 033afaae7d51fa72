"""The node's container runtime: creates containers, and runs programs in them to their end."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.ports import Execution
from app.world.node.container import AWS, Container, command_of, environment_of, is_aws_cli, user_of
from app.world.node.programs.environment import ConfigError, variables
from app.world.node.programs.programs import Programs
from app.world.node.programs.runner import AwsCli
from app.world.node.programs.surroundings import Surroundings
from app.world.node.programs.tar import tar
from app.world.node.streams import Streams
from app.world.node.volumes.atomic_writer import OwnedTree
from app.world.node.volumes.filesystem import FileSystem
from app.world.node.volumes.volumes import PodVolumes

if TYPE_CHECKING:
    from app.world.world import World

PROGRAM_SECONDS = 60.0
"""After which a program that does not end is given up."""


async def copy_input(streams: Streams) -> Execution:
    """`cat` without files: prints what it reads."""
    while data := await streams.read():
        await streams.write(data)
    return Execution(stdout="", stderr="", exit_code=0)


class ContainerRuntime:
    """The runtime of one node."""

    def __init__(self, world: World, aws_cli: AwsCli, programs: Programs) -> None:
        self._world = world
        self._aws_cli = aws_cli
        self._room = programs.room(world.usage.visitor)

    def create(self, pod: JsonObject, spec: JsonObject, volumes: PodVolumes, address: str) -> Container:
        """A container of the Pod as the cluster has it now; `address` is the Pod's. Raises `ConfigError`."""
        world = self._world
        found = world.cluster.find("pods", pod["metadata"]["namespace"], pod["metadata"]["name"])
        pod = found.copy() if found is not None else pod
        own = variables(world.cluster, pod, spec)
        mounts: dict[str, OwnedTree] = {}
        for mount in spec.get("volumeMounts") or []:
            tree = volumes.tree(mount["name"])
            if tree is None:
                raise ConfigError(f'cannot find volume "{mount["name"]}" to mount into container "{spec["name"]}"')
            mounts[mount["mountPath"]] = tree
        image = spec.get("image") or ""
        return Container(
            name=spec["name"],
            image=image,
            environment=environment_of(pod, own),
            files=FileSystem(mounts, user_of(pod, spec), world.node_now()),
            working_directory=spec.get("workingDir") or ("/aws" if is_aws_cli(image) else "/"),
            command=command_of(spec, own),
            network="host" if pod["spec"].get("hostNetwork") else "pod",
            address=address,
            now=world.node_now,
        )

    async def run(self, container: Container, command: list[str], streams: Streams | None = None) -> Execution:
        """Runs a program to its end. `aws` blocks on its calls, so it runs in a thread.

        `streams`: where the program reads. What it has written there is not in the result.
        """
        program = container.program(command)
        if program == "tar":
            return await tar(command[1:], container.files, container.working_directory, streams)
        if streams is not None and program == "cat" and set(command[1:]) <= {"-"}:
            return await copy_input(streams)
        if program != AWS:
            return container.run(command)

        world = self._world
        surroundings = Surroundings(
            world_path=world.path,
            unreachable=frozenset(world.node_egress_blocked),
            clock_skew=world.node_clock_skew,
            record=world.log.record,
        )

        def aws() -> Execution:
            started = time.thread_time()
            try:
                return self._aws_cli.run(command[1:], container, surroundings)
            finally:
                world.usage.quota.take(time.thread_time() - started)

        async with self._room.turn():
            # A world that has used up its CPU time does not begin what would be throttled at every server it asks.
            await asyncio.sleep(min(world.usage.wait(), PROGRAM_SECONDS))
            try:
                return await self._room.run(aws, PROGRAM_SECONDS)
            except TimeoutError:
                return Execution(stdout="", stderr="Killed\n", exit_code=137)
