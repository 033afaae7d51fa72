"""A warm walk over real HTTP on loopback, whole and by step, against what its bare requests would cost."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable

from app.flow.model import Step, Subject
from app.flow.steps.walk import walk
from app.flow.verdict.judge import judge
from app.one_core import OneCore
from app.wiring import simulated, warm_up
from app.world.keys import KEYS_THREAD
from app.world.lifecycle.simulation import Simulation
from bench.report import figure, median_ms, spread, title

WARM_UP, RUNS = 5, 60
IN_TURN = 5
"""Walks one after the other, and then as many after a rest each: so a moment in which the machine is slow counts for
both, and no more than a part of either. With all of them at once, the world would use up its pace
(`app.world.usage.PACE`), and answers would be held back."""
REST_SECONDS = 0.15
"""Before a walk of a learner who reads meanwhile: the processor's caches then hold what others have done."""
SUBJECT = Subject(namespace="default", service_account="my-sa", pod="pod-after")


def main() -> None:
    """Prints the figures of one simulation."""
    begin = time.perf_counter()
    with Simulation() as simulation:
        world = simulation.world("bench")
        until_world = time.perf_counter() - begin
        warm_up()  # as the server does
        if sys.platform == "linux":
            OneCore(apart={KEYS_THREAD}).gather()  # as the server does

        walks: list[float] = []
        busy: list[float] = []
        rested: list[float] = []
        requests: dict[Step, list[float]] = defaultdict(list)
        for run in range(-WARM_UP, 2 * RUNS):
            ports, rests = simulated(simulation, world), run // IN_TURN % 2 == 1
            time.sleep(REST_SECONDS if rests else 0)
            begin, begin_busy = time.perf_counter(), time.process_time()
            found = walk(ports, SUBJECT)
            seconds, busy_seconds = time.perf_counter() - begin, time.process_time() - begin_busy
            if run >= 0 and rests:
                rested.append(seconds)
            elif run >= 0:
                walks.append(seconds)
                busy.append(busy_seconds)
                for report in found:
                    requests[report.step].append(sum(e.seconds for e in report.exchanges if e.caller == "explorer"))
        sent = sum(e.caller == "explorer" for report in found for e in report.exchanges)
        version = timed(simulated(simulation, world).cluster.version)

    title("Walk (one warm world, all six steps, real HTTP)")
    figure("the whole walk, one after the other, median", median_ms(walks), "ms", target=25, note=spread(walks))
    figure("... CPU time of clients and servers together", median_ms(busy), "ms", note=spread(busy))
    for step, times in requests.items():
        figure(f"  its requests in {step}", median_ms(times), "ms")
    figure("requests that it sends", sent, "")
    figure("... as a multiple of as many bare GET /version", median_ms(walks) / (sent * median_ms(version)), "x")
    figure(f"the whole walk, after {REST_SECONDS:g} s of rest, median", median_ms(rested), "ms", note=spread(rested))
    figure("the imports done, until the first world stands", until_world * 1e3, "ms")
    if (verdict := judge(found)).check is not None:
        raise SystemExit(f"the walk did not pass: {verdict}")


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
