"""What this process counts and measures, and who may read it at `/metrics`.

What a metric means is in the content (`operations.toml`), whose words are also in docs/operations.md.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal, get_args

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app import __version__
from app.flow.model import Status, Walk
from app.serving import descriptors
from app.serving.operations import exposition
from app.serving.operations.exposition import Counter, Gauge, Histogram, Metric, Sample
from app.serving.plain_answers import READING, method_not_allowed

PATH = "/metrics"
Mode = Literal["simulated", "live"]
Reason = Literal[
    "wrong_host",
    "other_origin",
    "metrics_elsewhere",
    "launch_used",
    "connections",
    "pages",
    "upload",
    "text_frame",
    "message",
    "console",
    "events",
    "visitor_budget",
    "world_budget",
    "no_room",
    "disk_full",
    "stopping",
]
"""Why something was refused: a request, a connection, or a page's run."""
_OUTCOMES = ("works", "broken", "unknown")

REQUESTS = Counter("irsa_requests", "code", known=[("2xx",), ("3xx",), ("4xx",), ("5xx",)])
REFUSALS = Counter("irsa_refusals", "reason", known=[(reason,) for reason in get_args(Reason)])
WALKS = Counter("irsa_walks", "mode", "outcome", known=[(m, o) for m in get_args(Mode) for o in _OUTCOMES])
WALK_SECONDS = Histogram("irsa_walk_seconds", (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30))
PAGE_SECONDS = Histogram("irsa_page_seconds", (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30))
REGISTERED: tuple[Metric, ...] = (REQUESTS, REFUSALS, WALKS, WALK_SECONDS, PAGE_SECONDS)
_started = time.time()


def count_walk(mode: Mode, walk: Walk, seconds: float) -> None:
    """Counts a walk by how it ended: a check failed, something is not known, or all is as it should be."""
    found = {report.status for report in walk}
    unknown = found & {Status.UNKNOWN, Status.NOT_REACHED}
    WALKS.add(mode, "broken" if Status.FAILED in found else "unknown" if unknown else "works")
    WALK_SECONDS.observe(seconds)


def of_process() -> list[Metric]:
    """What Prometheus's own client libraries say of a process, under the same names; less where /proc is missing."""

    def cpu() -> Iterable[Sample]:
        return [Sample(time.process_time(), suffix="_total")]

    return [
        Gauge("process_cpu_seconds", cpu, "counter"),
        Gauge("process_start_time_seconds", lambda: [Sample(_started)]),
        Gauge("process_resident_memory_bytes", lambda: _known(resident_bytes())),
        Gauge("process_open_fds", lambda: _known(open_descriptors())),
        Gauge("process_max_fds", lambda: [Sample(descriptors.limit())]),
        Gauge("irsa_build_info", lambda: [Sample(1, {"version": __version__})]),
    ]


def _known(number: int | None) -> list[Sample]:
    return [] if number is None else [Sample(number)]


def resident_bytes() -> int | None:
    """Memory that this process has in RAM (proc_pid_statm(5)); None where there is no /proc."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    except OSError:
        return None
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def open_descriptors() -> int | None:
    """How many file descriptors this process has open; None where there is no /proc."""
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return None


def is_allowed(headers: Headers, token: str) -> bool:
    """Whether a request has the token as `Authorization: Bearer` (RFC 6750 §2.1); never where there is none."""
    kind, _, given = headers.get("authorization", "").partition(" ")
    return bool(token) and kind.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


class Metrics:
    """Answers at `PATH`. The gate has looked at where the request comes from."""

    def __init__(self, app: ASGIApp, *, more: Callable[[], Iterable[Metric]], help_of: Callable[[str], str]) -> None:
        """`more`: the gauges of what lives elsewhere; `help_of`: what a metric means."""
        self._app = app
        self._more = more
        self._help_of = help_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything else through."""
        if scope["type"] == "http" and scope["path"] == PATH:
            await self._answer(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in READING:
            return method_not_allowed(*READING)
        openmetrics = exposition.wants_openmetrics(Headers(scope=scope).get("accept", ""))
        metrics = [*REGISTERED, *self._more(), *of_process()]
        headers = {
            "content-type": exposition.OPENMETRICS if openmetrics else exposition.TEXT,
            "cache-control": "no-store",
        }
        return Response(exposition.write(metrics, self._help_of, openmetrics=openmetrics), headers=headers)
