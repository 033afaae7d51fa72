"""A warm walk over real HTTP on loopback, whole and by step, against what its bare requests would cost."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence

from app.flow.model import Step, Subject, Walk
from app.flow.steps.walk import walk
from app.flow.verdict.judge import judge
from app.one_core import OneCore
from app.wiring import simulated, warm_up
from app.world.keys import KEYS_THREAD
from app.world.lifecycle.simulation import Simulation
from app.world.world import World
from bench.report import figure, median_ms, spread, title

WARM_UP, RUNS = 8, 60
WORLDS = 4
"""Walked in turns. One world alone would use up its pace (`app.world.usage.PACE`), and answers would be held back."""
REST_SECONDS = 0.15
"""Before a walk of a learner who reads meanwhile: the processor's caches then hold what others have done."""
SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")


def main() -> None:
    """Prints the figures of one simulation."""
    begin = time.perf_counter()
    with Simulation() as simulation:
        worlds = [simulation.world("bench")]
        until_world = time.perf_counter() - begin
        worlds += [simulation.world(f"bench-{number}") for number in range(1, WORLDS)]
        warm_up()  # as the server does
        if sys.platform == "linux":
            OneCore(apart={KEYS_THREAD}).gather()  # as the server does

        walks, busy, found = walked(simulation, worlds, rest_seconds=0.0)
        rested, _, _ = walked(simulation, worlds, rest_seconds=REST_SECONDS)
        version = timed(simulated(simulation, worlds[0]).cluster.version)

    requests: dict[Step, list[float]] = defaultdict(list)
    for reports in found:
        for report in reports:
            requests[report.step].append(sum(e.seconds for e in report.exchanges if e.caller == "explorer"))
    sent = sum(e.caller == "explorer" for report in found[-1] for e in report.exchanges)

    title("Walk (warm worlds, all six steps, real HTTP)")
    figure("the whole walk, one after the other, median", median_ms(walks), "ms", target=25, note=spread(walks))
    figure("... CPU time of clients and servers together", median_ms(busy), "ms", note=spread(busy))
    for step, seconds in requests.items():
        figure(f"  its requests in {step}", median_ms(seconds), "ms")
    figure("requests that it sends", sent, "")
    figure("... as a multiple of as many bare GET /version", median_ms(walks) / (sent * median_ms(version)), "x")
    figure(f"the whole walk, after {REST_SECONDS:g} s of rest, median", median_ms(rested), "ms", note=spread(rested))
    figure("the imports done, until the first world stands", until_world * 1e3, "ms")
    if (verdict := judge(found[-1])).check is not None:
        raise SystemExit(f"the walk did not pass: {verdict}")


def walked(
    simulation: Simulation, worlds: Sequence[World], *, rest_seconds: float
) -> tuple[list[float], list[float], list[Walk]]:
    """The times of `RUNS` walks, the process's CPU times in them, and what they found; `WARM_UP` walks come before."""
    times: list[float] = []
    busy: list[float] = []
    found: list[Walk] = []
    for run in range(WARM_UP + RUNS):
        ports = simulated(simulation, worlds[run % len(worlds)])
        time.sleep(rest_seconds)
        begin, begin_busy = time.perf_counter(), time.process_time()
        reports = walk(ports, SUBJECT)
        if run >= WARM_UP:
            times.append(time.perf_counter() - begin)
            busy.append(time.process_time() - begin_busy)
            found.append(reports)
    return times, busy, found


def timed(call: Callable[[], object]) -> list[float]:
    """The times of `RUNS` calls, after as many to warm up as the walk had."""
    times = []
    for run in range(WARM_UP + RUNS):
        begin = time.perf_counter()
        call()
        if run >= WARM_UP:
            times.append(time.perf_counter() - begin)
    return times


if __name__ == "__main__":
    main()
