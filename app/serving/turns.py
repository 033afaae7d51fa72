"""Whose script runs next. Many scripts at once would all be slow, because Python runs one thread at a time: each takes
as long as all of them together. One after the other, all but the last are done earlier, and the last no later.

Short ones go first: ten that turn a page take as long as one that makes a world, and then one reader waits instead of
ten. How long a run will take is known from earlier ones of the same kind. A long one waits for shorter ones only for a
while. What this order brings in a full room is in `docs/performance.md`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter

PRESENT = 2.0
"""Seconds after a run for which its visitor counts as one who may want to run again."""
HURRIED = 5.0
"""Seconds after a rest for which this visitor's runs give way to those of other visitors."""
SHORT = 0.03
"""Seconds that a short run takes at most: such a run need not wait for a long one to end. A turned page takes 0.005 to
0.02, a walk 0.03, a new world 0.1. Runs of an unknown kind count as short."""
LATER = 10.0
"""Seconds for which a run lets those go first that came after it and take no time, for each second that it takes."""
LATER_AT_MOST = 2.0
"""Seconds for which it does so at most."""
KINDS = 512
"""Kinds of runs whose time is known. Browsers name them, so there is no end of them, nor of a name: they are kept as
hashes."""


@dataclass(eq=False, kw_only=True)
class _Run:
    visitor: str
    kind: int
    is_short: bool
    asked: float
    due: float
    """When its turn comes, if all that were asked for earlier and take no time have had theirs."""
    patience: float
    may_start: threading.Event = field(default_factory=threading.Event)
    begun: float = 0.0
    gives_way: bool = False


@dataclass(eq=False, kw_only=True)
class _Line:
    """The runs of one visitor that wait."""

    since: float
    """When the visitor last had a turn, or came."""
    runs: list[_Run] = field(default_factory=list)

    def first(self, *, short: bool) -> tuple[float, _Run] | None:
        """The run whose turn comes first, of the short ones alone where `short`; and when its turn comes among those
        of other visitors: as if it was asked for after the visitor's last turn."""
        runs = [run for run in self.runs if run.is_short] if short else self.runs
        if not runs:
            return None
        run = min(runs, key=attrgetter("due")) if len(runs) > 1 else runs[0]
        return run.due + max(self.since - run.asked, 0.0), run


class Turns:
    """At most so many runs at once, one of each visitor, and one long one; the visitors take turns, short runs first.

    So a visitor with fifty tabs takes no more of the processor than one with a single tab, and of three hundred who
    come at once the first see their page at once. A visitor who never pauses rests while there are others, and their
    runs give way to those of others: Python would share the processor between them, and double the time of both.
    """

    def __init__(
        self,
        at_once: int = 2,
        lease: float = 0.5,
        patience: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`at_once`: two, so that a short run need not wait for a long one. `lease`: seconds after which a run leaves
        its place to a run of another visitor, and after twice as many to one of the same visitor. It probably waits for
        something else, such as a cluster that does not answer, and while it has its place no other long one begins.
        `patience`: seconds for which one run gives way in all, so that no one can keep it from its end. `clock`:
        seconds that never go back.
        """
        self._at_once = at_once
        self._lease = lease
        self._patience = patience
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Condition()
        """Notified when a run leaves its place."""
        self._running: set[_Run] = set()
        """Those that have a place."""
        self._going: set[_Run] = set()
        """Those that have begun and not ended, with a place or without."""
        self._waiting: dict[str, _Line] = {}
        """By visitor, those who had a turn last at the end."""
        self._took: dict[int, float] = {}
        """Seconds that runs of each kind take, those that ended last at the end."""
        self._resting: set[str] = set()
        self._seen: dict[str, float] = {}
        """When each visitor last ended a run, in that order, those of the last `PRESENT` seconds."""
        self._hurried: dict[str, float] = {}
        """When each visitor last rested, in that order, those of the last `HURRIED` seconds."""

    @contextmanager
    def turn(
        self, visitor: str, rest: Callable[[], float | None] = lambda: 0.0, kind: Hashable = None
    ) -> Iterator[Callable[[], None]]:
        """Waits for a turn, and has it until the end of the block. `visitor`: any name of the visitor who wants to run.

        `rest`: called after the run. It returns the seconds until this visitor's next run may begin, where there are
        other visitors; None where the run ended before it did anything, which says nothing of its kind. `kind`: what
        the run does; runs of one kind take about as long as each other. The block gets a function to call now and then:
        it waits while runs that do not give way go on.
        """
        with self._lock:
            now = self._clock()
            expected = self._took.get(hash(kind), 0.0)
            run = _Run(
                visitor=visitor,
                kind=hash(kind),
                is_short=expected <= SHORT,
                asked=now,
                due=now + min(LATER * expected, LATER_AT_MOST),
                patience=self._patience,
            )
            self._waiting.setdefault(visitor, _Line(since=now)).runs.append(run)
            self._start_next()
        while not run.may_start.wait(self._lease):
            with self._lock:
                self._start_next()
        try:
            yield lambda: self._give_way(run)
        finally:
            self._end(run, rest)

    def _give_way(self, run: _Run) -> None:
        if not run.gives_way or run.patience <= 0:
            return
        with self._lock:
            begin = self._clock()
            self._lock.wait_for(lambda: all(it.gives_way for it in self._going), run.patience)
            run.patience -= self._clock() - begin

    def _end(self, run: _Run, rest: Callable[[], float | None]) -> None:
        seconds: float | None = 0.0
        try:
            seconds = rest()
        finally:
            rest_seconds = self._leave(run, seconds)
        if rest_seconds:
            self._sleep(rest_seconds)
            with self._lock:
                self._resting.discard(run.visitor)
                self._start_next()

    def _leave(self, run: _Run, seconds: float | None) -> float:
        """Frees the place, and returns the seconds for which the visitor rests."""
        with self._lock:
            now = self._clock()
            self._running.discard(run)
            self._going.discard(run)
            if seconds is not None:
                gave_way = self._patience - run.patience
                self._learn(run.kind, now - run.begun - gave_way)
            _note(self._seen, run.visitor, now, PRESENT)
            rest_seconds = (seconds or 0.0) if self._has_others(run.visitor) else 0.0
            if rest_seconds:
                self._resting.add(run.visitor)
                _note(self._hurried, run.visitor, now, HURRIED)
            self._start_next()
            self._lock.notify_all()
            return rest_seconds

    def _has_others(self, visitor: str) -> bool:
        """Whether another visitor runs, waits, or was seen a moment ago. This one was."""
        return len(self._seen) > 1 or any(
            name != visitor for name in (*self._waiting, *(run.visitor for run in self._going))
        )

    def _learn(self, kind: int, seconds: float) -> None:
        """Notes how long a run took; the last few of a kind count most."""
        before = self._took.pop(kind, seconds)
        self._took[kind] = before + (seconds - before) / 4
        if len(self._took) > KINDS:
            del self._took[next(iter(self._took))]

    def _start_next(self) -> None:
        now = self._clock()
        self._running = {run for run in self._running if now < run.begun + self._lease}
        while len(self._running) < self._at_once:
            busy = {run.visitor for run in self._going if now < run.begun + 2 * self._lease} | self._resting
            short = not all(run.is_short for run in self._running)
            lines = [line for name, line in self._waiting.items() if name not in busy]
            found = [first for line in lines if (first := line.first(short=short))]
            if not found:
                return
            self._begin(min(found, key=itemgetter(0))[1], now)

    def _begin(self, run: _Run, now: float) -> None:
        line = self._waiting.pop(run.visitor)
        line.runs.remove(run)
        if line.runs:
            line.since = now
            self._waiting[run.visitor] = line
        run.begun = now
        run.gives_way = now - self._hurried.get(run.visitor, -HURRIED) < HURRIED
        self._running.add(run)
        self._going.add(run)
        run.may_start.set()


def _note(when: dict[str, float], visitor: str, now: float, seconds: float) -> None:
    """Notes that time, and forgets those at the beginning that are older than so many seconds."""
    when.pop(visitor, None)
    when[visitor] = now
    while now - when[first := next(iter(when))] >= seconds:
        del when[first]
