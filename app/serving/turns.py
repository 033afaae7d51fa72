"""Whose script runs next. Many at once would all be slow, because Python runs one thread at a time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(eq=False, kw_only=True)
class _Run:
    visitor: str
    may_start: threading.Event = field(default_factory=threading.Event)
    counts_until: float = 0.0


class Turns:
    """At most so many runs at once, one of each visitor; the visitors take turns.

    So a visitor with fifty tabs takes no more of the processor than one with a single tab, and of three hundred who
    come at once the first see their page at once.
    """

    def __init__(self, at_once: int = 4, lease: float = 2.0, clock: Callable[[], float] = time.monotonic) -> None:
        """`lease`: seconds after which a run does not count any more. It waits for something else, such as a cluster
        that does not answer, and leaves its place to others. `clock`: seconds that never go back.
        """
        self._at_once = at_once
        self._lease = lease
        self._clock = clock
        self._lock = threading.Lock()
        self._running: set[_Run] = set()
        self._waiting: dict[str, deque[_Run]] = {}
        """By visitor, the one whose turn is next first."""

    @contextmanager
    def turn(self, visitor: str) -> Iterator[None]:
        """Waits for a turn and has it until the end of the block. `visitor`: any name of who wants to run."""
        run = _Run(visitor=visitor)
        with self._lock:
            self._waiting.setdefault(visitor, deque()).append(run)
            self._start_next()
        while not run.may_start.wait(self._lease):
            with self._lock:
                self._start_next()
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(run)
                self._start_next()

    def _start_next(self) -> None:
        now = self._clock()
        self._running = {run for run in self._running if now < run.counts_until}
        while len(self._running) < self._at_once:
            busy = {run.visitor for run in self._running}
            visitor = next((name for name in self._waiting if name not in busy), None)
            if visitor is None:
                return
            runs = self._waiting.pop(visitor)
            run = runs.popleft()
            if runs:
                self._waiting[visitor] = runs
            run.counts_until = now + self._lease
            self._running.add(run)
            run.may_start.set()
