"""The room that measures: its figures, and that its learners are still in step with the pages."""

from __future__ import annotations

import asyncio
import math
import time
from pathlib import Path

import pytest

from app.content.page_specs import JOURNEY
from bench.room import learner
from bench.room.__main__ import tick
from bench.room.record import Record, Took, milliseconds, percentile
from tests.attack.server import serving


def test_a_percentile_is_one_of_the_times() -> None:
    hundred = [number / 1000 for number in range(1, 101)]
    assert milliseconds(reversed(hundred)) == {"count": 100, "p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}
    assert percentile([0.2], 0.95) == 0.2
    assert math.isnan(percentile([], 0.95))


def test_times_are_found_by_what_was_done_and_where() -> None:
    record = Record(took=[Took(kind="turn", page="why", seconds=1.0), Took(kind="button", page="build", seconds=2.0)])
    assert record.seconds("turn", "button") == [1.0, 2.0]
    assert record.seconds("turn", "button", page="build") == [2.0]
    assert record.seconds("fetch") == []


def test_a_loop_that_is_kept_busy_is_late() -> None:
    async def busy() -> list[float]:
        lateness: list[float] = []
        ticking = asyncio.create_task(tick(lateness))
        await asyncio.sleep(0)  # it begins to wait
        time.sleep(0.05)  # what the room must notice
        while not lateness:
            await asyncio.sleep(0)
        ticking.cancel()
        return lateness

    assert asyncio.run(busy())[0] >= 0.03


@pytest.mark.large
def test_a_learner_finds_everything_on_every_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "THINKS", (0.0, 0.0))
    record = Record()
    with serving(tmp_path) as target:

        async def read() -> None:
            one = learner.Learner(target, 0, 1, "127.0.0.1", math.inf, record)
            await one.arrive()
            await one.read_all()
            await one.leave()

        asyncio.run(read())
        assert "Traceback" not in target.log
    assert {it.page for it in record.took} == {*JOURNEY}
    assert {it.page for it in record.took if it.kind == "button"} >= {"build", "break_it", "missions", "time_machine"}
    assert record.seconds("fetch")
