"""All threads of the server on one core of the machine, because only one of them computes at a time.

A page goes to and fro between a few threads, and a walk some fifty times, while Python's interpreter lock lets only
one of them compute. Spread over two cores, each of these turns wakes another core, whose caches know nothing of what
the first one just had: a walk then takes a quarter more CPU time (docs/performance.md).

The threads stay where the scheduler had the server. Where others keep that core clearly busier than another one, they
move there, so that two servers on two cores take one each. Linux alone has this (sched_setaffinity(2)).
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from pathlib import Path

EVERY_SECONDS = 2.0
"""How long others are watched before the threads may move; up to twice as long, so that two servers do not move at the
same moment."""
CLEARLY = 0.2
"""By how much of a core others must keep ours busier than another one."""
_PROC = Path("/proc")
_ALLOWED: Set[int] = os.sched_getaffinity(0) if sys.platform == "linux" else frozenset()
"""The cores that the process may use. Read before its threads are kept on one of them."""


class OneCore:
    """The core on which the server's threads are."""

    def __init__(self, apart: Collection[str], *, allowed: Set[int] = _ALLOWED, proc: Path = _PROC) -> None:
        """`apart`: names of threads that compute without the interpreter's lock, and so beside the others."""
        self._apart = apart
        self._allowed = allowed
        self._proc = proc

    async def look_after(self) -> None:
        """On the server's loop, until it is cancelled; then the threads may be anywhere again.

        Does nothing where there is but one core, or where the kernel does not let a process choose.
        """
        import asyncio  # not at the top: the doctor in a terminal starts programs, and needs no loop

        if len(self._allowed) < 2:
            return
        try:
            core, before, own = self.gather(), self._busy(), time.process_time()
            while True:
                began = time.monotonic()
                await asyncio.sleep(EVERY_SECONDS * random.uniform(1, 2))  # noqa: S311 - no secret
                seconds, now, own_now = time.monotonic() - began, self._busy(), time.process_time()
                busy = {it: (now[it] - before[it]) / seconds for it in now.keys() & before.keys() & self._allowed}
                core = better(core, busy, own=(own_now - own) / seconds)
                self._keep({core})
                before, own = now, own_now
        except (OSError, ValueError, IndexError):
            return  # a sandbox without these files, or one that forbids it
        finally:
            with suppress(OSError):
                self._keep(self._allowed)

    def gather(self) -> int:
        """Has all threads where this one is. Returns which core that is. Raises `OSError` where that is forbidden."""
        core = self._present()
        self._keep({core})
        return core

    def _keep(self, cores: Set[int]) -> None:
        """New threads, such as those of the next page, are where the thread is that starts them."""
        for thread in threading.enumerate():
            if thread.native_id is not None and thread.name not in self._apart:
                with suppress(ProcessLookupError):  # it has ended meanwhile
                    os.sched_setaffinity(thread.native_id, cores)

    def _present(self) -> int:
        """Where this thread is. Field 39 of proc_pid_stat(5), of which the second may contain anything."""
        return int((self._proc / "thread-self/stat").read_text().rpartition(")")[2].split()[36])

    def _busy(self) -> dict[int, float]:
        """Seconds that each core was busy since the machine's start (proc_stat(5))."""
        tick = os.sysconf("SC_CLK_TCK")
        found = {}
        for line in (self._proc / "stat").read_text().splitlines():
            name, *values = line.split()
            if name.startswith("cpu") and name != "cpu":
                user, nice, system, _idle, _waiting, *more = map(int, values[:8])
                found[int(name[3:])] = (user + nice + system + sum(more)) / tick
        return found


def better(core: int, busy: Mapping[int, float], *, own: float) -> int:
    """The core on which the threads should be, which are on `core` and take `own` of it.

    `busy`: which part of its time each core computed, for us or for others.
    """
    if core not in busy:
        return min(busy, key=lambda it: busy[it], default=core)
    others = {**busy, core: max(busy[core] - own, 0.0)}
    least = min(others, key=lambda it: others[it])
    return least if others[core] - others[least] > CLEARLY else core


@contextmanager
def everywhere() -> Iterator[None]:
    """A program that is started in it may use all cores of the process. It has those of the thread that starts it."""
    if len(_ALLOWED) < 2:
        yield
        return
    before = os.sched_getaffinity(0)
    with suppress(OSError):
        os.sched_setaffinity(0, _ALLOWED)
    try:
        yield
    finally:
        with suppress(OSError):
            os.sched_setaffinity(0, before)
