"""The thread of the simulated world while it stops."""

import asyncio
import time
from concurrent.futures import CancelledError
from contextlib import asynccontextmanager

from app.world.servers.loop_thread import LoopThread


def test_what_comes_while_the_loop_stops_waits_for_nothing():
    ended = []

    def ask():
        time.sleep(0.1)  # until all tasks are cancelled
        try:
            ended.append(thread.run(asyncio.sleep(0.1)))
        except (RuntimeError, CancelledError):
            ended.append("refused")

    @asynccontextmanager
    async def work():
        yield asyncio.create_task(asyncio.sleep(10))
        asyncio.get_running_loop().run_in_executor(None, ask)  # the loop ends after it

    thread = LoopThread(work, "test")
    thread.start()
    thread.stop()
    assert ended == ["refused"]
