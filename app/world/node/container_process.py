"""A container's own process: what it prints is its log, and its Pod does not wait for one that only waits."""

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
    """Until a process has ended, or waits for something, or has run for a while: then its Pod goes on without it."""
    pause = 0.0
    end = asyncio.get_running_loop().time() + SETTLE_SECONDS
    while not process.done() and not streams.resting and asyncio.get_running_loop().time() < end:
        await asyncio.wait({process}, timeout=pause)
        pause = min(2 * pause + 0.002, 0.05)
