"""The room that measures: its figures, and that its learners are still in step with the pages."""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path

import httpx
import pytest

from app.content.page_specs import JOURNEY
from bench.room import learner
from bench.room.__main__ import tick
from bench.room.record import Kind, Record, Took, milliseconds, percentile
from tests.attack.client import Answer
from tests.attack.server import Target, serving

WALKS = {
    ("build", "build_begin"): 1,
    ("build", "build_do"): 6,
    ("break_it", "lab_run"): 1,
    ("break_it", "lab_revert"): 1,
    ("missions", "mission_start"): 1,
    ("missions", "reset"): 1,
    ("time_machine", "act_delete_pod"): 1,
    ("time_machine", "act_undo"): 1,
}
"""A round's walks by the page on which a message ended and by its button: one for a message that changes the world. A
moved clock alone takes none before a page shows one."""


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


class Counting(learner.Learner):
    """A learner who looks after each message how many walks the server has made."""

    walks: Counter[tuple[str, str]]
    pressed = ""

    def __init__(self, target: Target, record: Record) -> None:
        super().__init__(target, 0, 1, "127.0.0.1", math.inf, record)
        self.walks = Counter()
        self._address, self._before = f"{target.address}/metrics", 0

    async def arrive(self) -> None:
        await super().arrive()
        self.walks.clear()

    async def _press(self, key: str, *chosen: dict[str, str]) -> None:
        self.pressed = key
        await super()._press(key, *chosen)
        self.pressed = ""

    async def _take(self, kind: Kind, run: Awaitable[Answer], *, whole: bool = True) -> None:
        await super()._take(kind, run, whole=whole)
        lines = httpx.get(self._address, trust_env=False).text.splitlines()
        made = sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith("irsa_walks_total{"))
        self.walks[self._page, self.pressed or kind] += made - self._before
        self._before = made


@pytest.mark.large
def test_a_learner_finds_everything_on_every_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "THINKS", (0.0, 0.0))
    record = Record()
    with serving(tmp_path) as target:

        async def read() -> None:
            await one.arrive()
            await one.read_all()
            await one.leave()

        one = Counting(target, record)
        asyncio.run(read())
        assert "Traceback" not in target.log
    assert {it.page for it in record.took} == {*JOURNEY}
    assert {it.page for it in record.took if it.kind == "button"} >= {"build", "break_it", "missions", "time_machine"}
    assert record.seconds("fetch")
    assert {message: count for message, count in one.walks.items() if count} == WALKS
