"""Runs the programs of a node's containers, and does for them what only the node can do."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from app.flow.ports import Execution
from app.world.node.container import Container
from app.world.node.programs.http_requests import Wire
from app.world.node.programs.installed import AWS
from app.world.node.programs.program_limits import PROGRAM_SECONDS, Room
from app.world.node.programs.runner import AwsCli
from app.world.node.programs.surroundings import Surroundings
from app.world.node.programs.tar import tar
from app.world.node.programs.unix.inputs import whole
from app.world.node.programs.unix.options import UsageProblem
from app.world.node.programs.unix.program_table import PROGRAMS
from app.world.node.shell.limits import Killed, Limits, Memory
from app.world.node.shell.process import HttpRequest, HttpResponse, Process
from app.world.node.shell.state import ShellProblem
from app.world.node.shell.streams import Sink, Stream, Text, encoded
from app.world.node.streams import Streams

if TYPE_CHECKING:
    from app.world.world import World

T = TypeVar("T")

TAR = "tar"
AWS_STEPS = 600
"""The number of steps that a run of the AWS CLI, and a request of `curl`, counts as."""
RUNNING_LIMIT = 100
"""How many programs run at once on one node. The programs that these start do not count."""
KILLED = Execution(stdout="", stderr="Killed\n", exit_code=137)


class Processes:
    """The programs that run on one node."""

    def __init__(self, world: World, aws_cli: AwsCli, room: Room) -> None:
        self._world = world
        self._aws_cli = aws_cli
        self._room = room
        self._running = 0
        self.memory = Memory()
        """What all programs hold that run now."""
        self._clock_moved = asyncio.Event()

    def clock_moved(self) -> None:
        """Has sleeping programs look at the clock again."""
        self._clock_moved.set()
        self._clock_moved = asyncio.Event()

    async def run(self, container: Container, command: list[str], streams: Streams | None) -> Execution:
        """Runs a program to its end. What it has written to `streams` is not in the result."""
        if self._running >= RUNNING_LIMIT:
            return Execution(stdout="", stderr="fork: Resource temporarily unavailable\n", exit_code=1)
        limits = Limits(self._rest)
        out: list[str] = []
        errors: list[str] = []
        system = _System(self, streams)
        process = Process(
            arguments=command,
            environment=container.environment,
            directory=container.working_directory,
            container=container,
            stdin=Text() if streams is None else _Session(streams, limits),
            stdout=Sink(out.append, limits) if streams is None else _Session(streams, limits),
            stderr=Sink(errors.append, limits) if streams is None else _Session(streams, limits, error=True),
            limits=limits,
            system=system,
            memory=self.memory,
            terminal=streams is not None and streams.tty,
            session=streams,
        )
        self._running += 1
        try:
            status = await system.launch(process)
        except (Killed, RecursionError):
            errors.append(KILLED.stderr)
            status = KILLED.exit_code
        except ShellProblem as problem:
            errors.append(f"{process.name}: {problem}\n")
            status = 2
        finally:
            self._running -= 1
        printed = "".join(out), "".join(errors)
        return Execution(stdout=_shown(printed[0]), stderr=_shown(printed[1]), exit_code=status)

    async def _rest(self) -> None:
        """Waits until it is the program's turn, and the world may use CPU time."""
        await self._room.on_the_loop()
        if (seconds := self._world.usage.wait_of_programs()) > 0:
            await asyncio.sleep(min(seconds, PROGRAM_SECONDS))

    async def sleep(self, seconds: float) -> None:
        """Waits by the node's clock, which may be moved meanwhile."""
        end = self._world.node_now() + seconds
        while (left := end - self._world.node_now()) > 0:
            moved = self._clock_moved
            try:
                async with asyncio.timeout(min(left, 86_400.0)):
                    await moved.wait()
            except TimeoutError:
                pass

    async def aws(self, arguments: list[str], container: Container, stdin: str) -> Execution:
        """Runs the AWS CLI in a thread, because it waits for its calls."""
        surroundings = self._surroundings()

        def aws() -> Execution:
            return self._aws_cli.run(arguments, container, surroundings, stdin)

        return await self._blocking(aws) or KILLED

    async def fetch(self, request: HttpRequest, container: Container) -> HttpResponse:
        """Sends a request to where the world has a server. Raises `NoAnswer`."""
        wire = Wire(
            world=self._world,
            container=container,
            surroundings=self._surroundings(),
            aws_url=self._aws_cli.endpoint_url,
            blocking=self._blocking,
            turn=self._room.request,
        )
        return await wire.fetch(request)

    async def _blocking(self, work: Callable[[], T]) -> T | None:
        """Does work in a thread, whose CPU time is charged to the world; None where it does not end in time."""
        world = self._world

        def paid() -> T:
            started = time.thread_time()
            try:
                return work()
            finally:
                world.usage.quota.take(time.thread_time() - started)

        async with self._room.turn():
            await self._rest()  # a world without CPU time does not begin work that every server would throttle
            try:
                return await self._room.run(paid, PROGRAM_SECONDS)
            except TimeoutError:
                return None

    def _surroundings(self) -> Surroundings:
        world = self._world
        return Surroundings(
            world_path=world.path,
            unreachable=frozenset(world.node_egress_blocked),
            clock_skew=world.node_clock_skew,
            record=world.log.record,
        )


def _shown(text: str) -> str:
    """The text, with the replacement character for bytes that are no UTF-8."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class _Session:
    """One of the streams of a process to which a client is connected, or whose output is a log."""

    def __init__(self, streams: Streams, limits: Limits, *, error: bool = False) -> None:
        self._streams = streams
        self._limits = limits
        self._error = error

    async def read(self) -> str:
        return (await self._streams.read()).decode("utf-8", "surrogateescape")

    async def readline(self) -> str:
        return (await self._streams.read_line()).decode("utf-8", "surrogateescape")

    async def write(self, text: str) -> None:
        if text:
            self._limits.printed(len(text))
            await self._streams.write(text.encode("utf-8", "surrogateescape"), error=self._error)
            await self._limits.step()


class _Bytes:
    """A stream as bytes."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    async def read(self) -> bytes:
        """The next bytes; none at the end."""
        return encoded(await self._stream.read())


class _System:
    """What a program, and all programs that it starts, may ask the node for."""

    def __init__(self, processes: Processes, streams: Streams | None) -> None:
        self._processes = processes
        self._streams = streams

    async def launch(self, process: Process) -> int:
        """Runs a program to its end, and returns its exit status."""
        program = process.container.program(process.arguments)
        process = replace(process, memory=Memory(self._processes.memory))
        try:
            if program == AWS:
                return await self._aws(process)
            if program == TAR:
                source = _Bytes(process.stdin)
                done = await tar(process.arguments[1:], process.files, process.directory, source, process.limits.step)
                # Before the end of the archive, after which `kubectl cp` reads nothing.
                await process.stderr.write(done.stderr)
                return await self._give(process, replace(done, stderr=""))
            if not program:
                return await self._give(process, process.container.run(process.arguments, process.limits.spend))
            return await PROGRAMS[program](process)
        except UsageProblem as problem:
            return await process.complain(str(problem), 2 if program in ("sort", "grep") else 1)
        except BrokenPipeError:
            return 141
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            return await process.complain(f"{where}{error.strerror}")
        finally:
            process.memory.free()

    async def _aws(self, process: Process) -> int:
        await process.limits.step(AWS_STEPS)
        # Only `s3 cp -` needs its input: nothing else waits for it.
        stdin = await whole(process, process.stdin) if "-" in process.arguments[1:] else ""
        return await self._give(process, await self._processes.aws(process.arguments[1:], process.own_container, stdin))

    async def _give(self, process: Process, done: Execution) -> int:
        await process.stdout.write(done.stdout)
        await process.stderr.write(done.stderr)
        return done.exit_code

    async def sleep(self, seconds: float) -> None:
        """Waits by the node's clock; the Pod goes on without it meanwhile."""
        await self._resting(self._processes.sleep(seconds))

    async def _resting(self, work: Awaitable[None]) -> None:
        if self._streams is None:
            await work
            return
        self._streams.resting = True
        try:
            await work
        finally:
            self._streams.resting = False

    async def fetch(self, request: HttpRequest, container: Container) -> HttpResponse:
        """Sends a request to where the world has a server. Raises `NoAnswer`."""
        return await self._processes.fetch(request, container)
