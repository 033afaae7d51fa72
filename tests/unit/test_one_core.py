"""The server's threads are on one core: on another one where others keep that one busy, on all once it has ended."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import one_core
from app.one_core import OneCore, better, everywhere

ALLOWED = os.sched_getaffinity(0) if sys.platform == "linux" else set[int]()
FIRST, SECOND = (*sorted(ALLOWED), 0, 0)[:2]
pytestmark = pytest.mark.skipif(len(ALLOWED) < 2, reason="needs Linux and two cores")
SHOWS = [sys.executable, "-c", "import os; print(*sorted(os.sched_getaffinity(0)))"]


class Machine:
    """What a kernel says of two cores, of which others use one or the other."""

    def __init__(self, proc: Path) -> None:
        self.folder = proc
        (proc / "thread-self").mkdir()
        self.present(FIRST)
        self.busy({FIRST: 0.0, SECOND: 0.0})

    def present(self, core: int) -> None:
        (self.folder / "thread-self" / "stat").write_text(f"7 (a ) b) S {' '.join(['0'] * 35)} {core} 0 0\n")

    def busy(self, seconds: dict[int, float]) -> None:
        ticks = os.sysconf("SC_CLK_TCK")
        lines = [f"cpu{core} {round(it * ticks)} 0 0 99 99 0 0 0 0 0\n" for core, it in seconds.items()]
        (self.folder / "stat").write_text("cpu  9 9 9 9 9 9 9 9 9 9\n" + "".join(lines) + "intr 1\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.setattr(one_core, "EVERY_SECONDS", 0.01)
    return Machine(tmp_path)


@pytest.fixture
def threads() -> Iterator[dict[str, int]]:
    """The ids of two threads that wait, by name."""
    end = threading.Event()
    both = [threading.Thread(target=end.wait, name=name) for name in ("scripts", "keys")]
    for thread in both:
        thread.start()
    yield {thread.name: thread.native_id or 0 for thread in both}
    end.set()
    for thread in both:
        thread.join()


async def until(cores: set[int], thread: int = 0) -> None:
    async with asyncio.timeout(10):
        while os.sched_getaffinity(thread) != cores:
            await asyncio.sleep(0.005)


def test_threads_are_where_the_server_is_and_move_where_others_leave_room(
    machine: Machine, threads: dict[str, int]
) -> None:
    async def server() -> None:
        machine.present(SECOND)
        kept = asyncio.create_task(OneCore(apart={"keys"}, proc=machine.folder).look_after())
        await until({SECOND})
        assert os.sched_getaffinity(threads["scripts"]) == {SECOND}
        assert os.sched_getaffinity(threads["keys"]) == ALLOWED
        with everywhere():
            started = subprocess.run(SHOWS, capture_output=True, text=True, check=True).stdout
        assert started.split() == [str(it) for it in sorted(ALLOWED)]
        assert os.sched_getaffinity(0) == {SECOND}
        machine.busy({FIRST: 0.0, SECOND: 1e6})
        await until({FIRST}, threads["scripts"])
        kept.cancel()
        await until(ALLOWED)
        assert os.sched_getaffinity(threads["scripts"]) == ALLOWED

    asyncio.run(server())


@pytest.mark.parametrize(("file", "content"), [("thread-self/stat", "7 (a) S\n"), ("stat", "cpu0 -\n")])
def test_where_the_kernel_says_nothing_threads_may_be_anywhere(machine: Machine, file: str, content: str) -> None:
    (machine.folder / file).write_text(content)
    asyncio.run(asyncio.wait_for(OneCore(apart=(), proc=machine.folder).look_after(), 10))
    assert os.sched_getaffinity(0) == ALLOWED


def test_a_server_that_has_one_core_looks_at_nothing(tmp_path: Path) -> None:
    asyncio.run(asyncio.wait_for(OneCore(apart=(), allowed={FIRST}, proc=tmp_path).look_after(), 10))
    assert os.sched_getaffinity(0) == ALLOWED


@pytest.mark.parametrize(
    ("busy", "own", "found"),
    [
        ({0: 0.9, 1: 0.0}, 0.9, 0),  # all of it is ours
        ({0: 0.9, 1: 0.4}, 0.5, 0),  # others have as much of both
        ({0: 0.9, 1: 0.3}, 0.5, 0),  # hardly more
        ({0: 0.9, 1: 0.1}, 0.5, 1),
        ({0: 1.0, 1: 0.7, 2: 0.1}, 0.0, 2),
        ({0: 0.5, 1: 0.2}, 0.6, 0),  # the kernel counts in ticks
        ({1: 0.5, 2: 0.3}, 0.5, 2),  # ours is gone
        ({}, 0.5, 0),
    ],
)
def test_the_better_core_is_that_of_which_others_take_clearly_less(
    busy: dict[int, float], own: float, found: int
) -> None:
    assert better(0, busy, own=own) == found
