"""Counts how many answers a client of the API server waits for one after the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from app.world.lifecycle.simulation import Simulation
from app.world.servers import servers

QUIET_SECONDS = 0.15
"""What is sent at once has arrived by then. What waits for an answer is not sent before it."""


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
        arrived = before
        while arrived != self._arrived:
            arrived = self._arrived
            await asyncio.sleep(QUIET_SECONDS)
        self.waves.append(arrived - before)
        self._release = None
        release.set()


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
            yield simulation, made[0]
