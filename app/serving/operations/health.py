"""`/healthz`: the process answers. `/readyz`: it can serve one more visitor, or which check says that it cannot.

Both are answered before anything looks at where a request comes from, because a kubelet or a load balancer has neither
a cookie nor our name. So they contain nothing about any visitor, and a number only where it is too high. What they cost
does not grow with how often they are asked: the checks are made once a second at most.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.serving.plain_answers import READING, method_not_allowed

LIVE = "/healthz"
READY = "/readyz"
PATHS = (LIVE, READY)
KEEP_SECONDS = 1.0
"""For which what the checks found is kept."""
ANSWER_SECONDS = 1.0
"""Within which a server of our own on loopback has to answer."""
FULL = 0.9
"""The share of memory or of descriptors from which one more visitor is too many."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that has to hold for a server that takes visitors."""

    check: str
    ok: bool
    got: str
    expected: str


def state(check: str, got: str, expected: str) -> Check:
    """A check of a word."""
    return Check(check=check, ok=got == expected, got=got, expected=expected)


def share(check: str, used: float | None, limit: float | None, most: float = FULL) -> Check:
    """A check of how much of a limit is used; passed where either is not known. `got` is a number where it failed."""
    expected = f"< {most:.0%}"
    if used is None or limit is None:
        return Check(check=check, ok=True, got="no limit", expected=expected)
    ok = used < most * limit
    return Check(check=check, ok=ok, got=expected if ok else f"{used / limit:.0%}", expected=expected)


async def answers(host: str, port: int) -> bool:
    """Whether an HTTP server answers there, whatever it says."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(f"HEAD / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode("ascii"))
                return (await reader.read(5)) == b"HTTP/"
            finally:
                writer.close()
    except OSError:  # TimeoutError is one
        return False


class Probes:
    """Answers at both paths and passes everything else through."""

    def __init__(
        self, app: ASGIApp, *, checks: Callable[[], Awaitable[Sequence[Check]]], stopping: Callable[[], bool]
    ) -> None:
        """`checks`: all but whether the server is stopping, which is asked every time."""
        self._app = app
        self._checks = checks
        self._stopping = stopping
        self._found: Sequence[Check] = ()
        self._until = 0.0
        self._looking = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with 200, or with 503 where a check failed."""
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self._app(scope, receive, send)
        elif scope["method"] not in READING:
            await method_not_allowed(*READING)(scope, receive, send)
        elif scope["path"] == LIVE:
            await PlainTextResponse("ok\n", headers=_FRESH)(scope, receive, send)
        else:
            await (await self._ready())(scope, receive, send)

    async def _ready(self) -> Response:
        stopping = state("stopping", "yes" if self._stopping() else "no", "no")
        checks = (stopping, *(await self._looked() if stopping.ok else ()))
        ready = all(check.ok for check in checks)
        document = {"ready": ready, "checks": [asdict(check) for check in checks]}
        return JSONResponse(document, 200 if ready else 503, _FRESH)

    async def _looked(self) -> Sequence[Check]:
        async with self._looking:
            if time.monotonic() >= self._until:
                self._found = await self._checks()
                self._until = time.monotonic() + KEEP_SECONDS
            return self._found


_FRESH = {"cache-control": "no-store"}
