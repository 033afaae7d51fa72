"""Counts how many answers a client of the API server waits for one after the other."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.world.lifecycle.simulation import Simulation
from app.world.servers import servers

LOOKS, LOOK_SECONDS = 10, 0.015
"""So often in a row nothing has arrived and no client is at work: then all that was sent at once is there. What waits
for an answer is not sent before it. Looks and not seconds: where the machine stands still, the clients do as well."""


class Waves:
    """An application whose requests under `prefix` wait until no other one arrives, and then go on together."""

    def __init__(self, app: ASGIApp, prefix: str = "/k8s/") -> None:
        self._app = app
        self._prefix = prefix
        self._arrived = 0
        self._release: asyncio.Event | None = None
        self.waves: list[int] = []
        """How many requests went on together, wave by wave."""
        self.first_at = 0.0
        """When the first request since this was set to 0 arrived, by the monotonic clock."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket") and scope["path"].startswith(self._prefix):
            await self._wait()
        await self._app(scope, receive, send)

    async def _wait(self) -> None:
        self._arrived += 1
        self.first_at = self.first_at or time.monotonic()
        if self._release is None:
            self._release = asyncio.Event()
            self._releasing = asyncio.get_running_loop().create_task(self._let_go(self._release, self._arrived - 1))
        await self._release.wait()

    async def _let_go(self, release: asyncio.Event, before: int) -> None:
        arrived, quiet = before, 0
        while quiet < LOOKS:
            await asyncio.sleep(LOOK_SECONDS)
            quiet = quiet + 1 if arrived == self._arrived and not _is_at_work() else 0
            arrived = self._arrived
        self.waves.append(arrived - before)
        self._release = None
        release.set()


def _is_at_work() -> bool:
    """Whether another thread of this process, or one of a process that it has started, runs or wants to (proc(5))."""
    here = psutil.Process()
    for process in (here, *here.children(recursive=True)):
        for task in Path(f"/proc/{process.pid}/task").glob("*/stat"):
            with suppress(OSError):
                state = task.read_text().rpartition(")")[2].split()[0]
                if state == "R" and int(task.parent.name) != threading.get_native_id():
                    return True
    return False


@contextmanager
def counted() -> Iterator[tuple[Simulation, Waves]]:
    """A simulation of its own, and what counts the waves of requests to its API server."""
    made: list[Waves] = []
    https_app = servers.https_app

    def with_waves(*arguments: Any) -> Waves:
        made.append(Waves(https_app(*arguments)))
        return made[0]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(servers, "https_app", with_waves)
        with Simulation() as simulation:
            simulation._keys.stop()  # its thread would be at work for as long as keys are made ahead
            yield simulation, made[0]
