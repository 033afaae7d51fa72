"""A container's own process: it runs beside its Pod's other work, and what it prints is its log."""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import Callable

from app.world.node.container import Container
from app.world.node.container_log import ContainerLog
from app.world.node.container_runtime import ContainerRuntime
from app.world.node.streams import Streams, encoded

SETTLE_SECONDS = 10.0
"""How long a Pod waits for a process that neither ends nor rests."""


def start_process(
    runtime: ContainerRuntime, container: Container, streams: Streams, log: ContainerLog, now: Callable[[], float]
) -> asyncio.Task[int]:
    """Starts it; the task's result is its exit code."""
    return asyncio.ensure_future(_run(runtime, container, streams, log, now))


async def settled(process: asyncio.Task[int], streams: Streams) -> None:
    """Until it has ended, or waits for something, or has run for a while: then its Pod goes on without it."""
    pause = 0.0
    end = asyncio.get_running_loop().time() + SETTLE_SECONDS
    while not process.done() and not streams.resting and asyncio.get_running_loop().time() < end:
        await asyncio.wait({process}, timeout=pause)
        pause = min(2 * pause + 0.002, 0.05)


async def _run(
    runtime: ContainerRuntime, container: Container, streams: Streams, log: ContainerLog, now: Callable[[], float]
) -> int:
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
