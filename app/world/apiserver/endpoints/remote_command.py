"""`pods/exec` and `pods/attach`, for both transports of their channels (`exec_channels`, `spdy`).

Source: k8s.io/apimachinery `pkg/util/remotecommand/constants.go`, k8s.io/kubelet `pkg/cri/streaming/remotecommand/`. A
client that attaches also gets what the process printed before, so that it sees all output of a short process.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.datastructures import QueryParams

from app.flow.model import JsonObject
from app.flow.ports import Execution
from app.world.apiserver.endpoints.logs import choose_container
from app.world.apiserver.request.request_info import RequestInfo, is_set
from app.world.apiserver.types import errors
from app.world.apiserver.types.defaults import all_containers_of
from app.world.node.container import ContainerNotFound
from app.world.node.programs.installed import program_of
from app.world.node.streams import STDOUT, Streams, encoded

if TYPE_CHECKING:
    from app.world.world import World

Send = Callable[[int, bytes], Awaitable[None]]
"""Sends output of a process on a channel, `STDOUT` or `STDERR`."""

ARGUMENTS_LIMIT = 64
"""Arguments of one command."""
SESSIONS_LIMIT = 10
"""Clients that are attached in one world at a time: each may have input waiting (`streams.INPUT_LIMIT`)."""
SESSION_SECONDS = 4 * 3600.0
"""The longest that a client stays attached (`streamingConnectionIdleTimeout` of the kubelet is 4 hours)."""
_INTERRUPTED = Execution(stdout="", stderr="", exit_code=130)


@dataclass(frozen=True, kw_only=True)
class RemoteCommand:
    """The command or process that a client wants to be connected to."""

    pod: JsonObject
    container: str
    command: tuple[str, ...]
    """The command to run; empty for the container's own process."""
    starts: bool
    """Whether the container has its program."""
    wanted: frozenset[str]
    """Which of `stdin`, `stdout` and `stderr` the client asks for."""
    tty: bool
    ends_input: bool
    """Whether the process's input ends where the client's does (for a container's own process: `stdinOnce`)."""

    def channel(self, stream: int) -> int | None:
        """The channel for the output of a stream; None where the client does not want it."""
        if self.tty:
            stream = STDOUT
        return stream if ("stdout" if stream == STDOUT else "stderr") in self.wanted else None


def parse_command(world: World, info: RequestInfo, query: QueryParams) -> RemoteCommand:
    """The command or process in the query. Raises `ApiError` 400 and 404."""
    pod = world.cluster.get("pods", info.namespace, info.name)
    container = choose_container(pod, query.get("container", ""))
    if not pod["spec"].get("nodeName"):
        raise errors.bad_request(f"pod {info.name} does not have a host assigned")
    wanted = frozenset(name for name in ("stdin", "stdout", "stderr") if is_set(query, name))
    if not wanted:
        raise errors.bad_request("you must specify at least 1 of stdin, stdout, stderr")
    command = query.getlist("command") if info.subresource == "exec" else []
    if info.subresource == "exec" and (not command or len(command) > ARGUMENTS_LIMIT):
        raise errors.bad_request("you must specify at least 1 command for the container")
    spec = next((each for each in all_containers_of(pod["spec"]) if each["name"] == container), {})
    return RemoteCommand(
        pod=pod,
        container=container,
        command=tuple(command),
        starts=bool(program_of(spec.get("image", ""), command)),
        wanted=wanted,
        tty=is_set(query, "tty"),
        ends_input=bool(command or spec.get("stdinOnce")),
    )


@contextlib.contextmanager
def one_session(world: World) -> Iterator[None]:
    """Counts a client from before its handshake, because others come during the handshake. Raises `ApiError` 429."""
    if world.usage.attached >= SESSIONS_LIMIT:
        raise errors.too_many_requests(
            f"this simulated cluster serves at most {SESSIONS_LIMIT} exec and attach at a time"
        )
    world.usage.attached += 1
    try:
        yield
    finally:
        world.usage.attached -= 1


@contextlib.asynccontextmanager
async def connected(
    world: World, remote: RemoteCommand, send: Send
) -> AsyncIterator[tuple[Streams, asyncio.Task[JsonObject]]]:
    """The process's streams, for input, and the task that sends its output and ends with its `Status`.

    On leaving, a command that still runs is ended; a container's own process goes on.
    """
    if remote.command:
        streams = Streams(stdin="stdin" in remote.wanted, tty=remote.tty)
        task = asyncio.ensure_future(_execute(world, remote, streams, send))
    else:
        streams, task = _attached(world, remote, send)
    try:
        async with asyncio.timeout(SESSION_SECONDS):
            yield streams, task
    except TimeoutError:
        pass
    finally:
        task.cancel()
        await asyncio.wait({task})


async def _execute(world: World, remote: RemoteCommand, streams: Streams, send: Send) -> JsonObject:
    async def run() -> Execution:
        try:
            result = await world.kubelet.execute(remote.pod, remote.container, list(remote.command), streams)
            if remote.starts:
                await streams.write(encoded(result.stdout))
                await streams.write(encoded(result.stderr), error=True)
            return result
        finally:
            streams.finish()

    process = asyncio.ensure_future(run())
    streams.on_interrupt = process.cancel
    try:
        async for stream, data in streams.output():
            if (channel := remote.channel(stream)) is not None:
                await send(channel, data)
        try:
            result = await process
            return _status(result) if remote.starts else _not_started(remote.command[0])
        except ContainerNotFound as error:
            return _no_upgrade(str(error))
        except asyncio.CancelledError:
            if process.cancelled():
                return _status(_INTERRUPTED)
            raise
    finally:
        process.cancel()


def _attached(world: World, remote: RemoteCommand, send: Send) -> tuple[Streams, asyncio.Task[JsonObject]]:
    try:
        log, streams = world.kubelet.attach(remote.pod, remote.container)
    except ContainerNotFound:
        metadata = remote.pod["metadata"]
        where = f"{metadata['name']}_{metadata['namespace']}"
        refusal = _no_upgrade(f"container {remote.container} not found in pod {where}")
        return Streams(), asyncio.ensure_future(asyncio.sleep(0, refusal))

    async def follow() -> JsonObject:
        channel = remote.channel(STDOUT)
        async for pieces in log.follow(0):
            if channel is not None:
                await send(channel, "".join(piece.text for piece in pieces).encode(errors="replace"))
        return {"metadata": {}, "status": "Success"}

    return streams, asyncio.ensure_future(follow())


def _no_upgrade(why: str) -> JsonObject:
    """A refusal of the kubelet (`GetExec`, `GetAttach`), as the API server passes it on (`StreamTranslatorHandler`)."""
    return errors.internal(f"unable to upgrade connection: {why}").status


def _not_started(name: str) -> JsonObject:
    """The error message of containerd and runc, as the kubelet passes it on; and what a real image may have."""
    said = (
        "error executing command in container: failed to exec in container: failed to start exec "
        f'"{secrets.token_hex(32)}": OCI runtime exec failed: exec failed: unable to start container process: '
        f'exec: "{name}": executable file not found in $PATH: unknown ({name} is not in this simulated image)'
    )
    return errors.internal(said).status


def _status(result: Execution) -> JsonObject:
    if result.exit_code == 0:
        return {"metadata": {}, "status": "Success"}
    cause = {"reason": "ExitCode", "message": str(result.exit_code)}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {result.exit_code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [cause]},
    }
