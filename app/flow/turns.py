"""Taking turns: of each name so much is done at once, the rest in the order in which it came. No I/O.

Names never wait for each other: who sends much only makes their own line longer. Source: fair queuing between flows
(J. Nagle, RFC 970), with a fixed number of servers for each flow.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable


class Turn:
    """One place in the line of a name. Safe to use from several threads."""

    def __init__(self, turns: Turns, name: str) -> None:
        """`Turns.line_up` makes them."""
        self._turns = turns
        self._name = name
        self._decided = threading.Event()
        self.ends_at: float | None = None
        """When it no longer counts, by the clock of `Turns`; None before it has begun."""

    def wait(self) -> bool:
        """Blocks until it begins; False where it was given up before."""
        while not self._decided.wait(self._turns.seconds):
            self._turns.call(self._name)
        return self.ends_at is not None

    def give_up(self) -> None:
        """Leaves the line. A turn that has begun goes on."""
        self._turns.leave(self._name, self, begun=False)

    def end(self) -> None:
        """Leaves the line, or makes room for the next. Ending twice is no error."""
        self._turns.leave(self._name, self, begun=True)

    def begin(self, ends_at: float) -> None:
        """For `Turns`: it counts from now on."""
        self.ends_at = ends_at
        self._decided.set()

    def drop(self) -> None:
        """For `Turns`: it never begins."""
        self._decided.set()


class _Line:
    def __init__(self) -> None:
        self.waiting: deque[Turn] = deque()
        self.begun: list[Turn] = []


class Turns:
    """The lines of all names."""

    def __init__(self, *, at_once: int, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        """`at_once`: turns of one name at a time. `seconds`: after which one that has not ended counts no more, so that
        what hangs never blocks its name for good."""
        self.seconds = seconds
        self._at_once = at_once
        self._now = now
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}

    def line_up(self, name: str) -> Turn:
        """A place at the end of the name's line."""
        turn = Turn(self, name)
        with self._lock:
            self._lines.setdefault(name, _Line()).waiting.append(turn)
            self._call(name)
        return turn

    def call(self, name: str) -> None:
        """Begins whatever may begin now."""
        with self._lock:
            self._call(name)

    def leave(self, name: str, turn: Turn, *, begun: bool) -> None:
        """Takes a turn that waits out of the line, and with `begun` one that has begun as well."""
        with self._lock:
            line = self._lines.get(name)
            if line is not None and turn in line.waiting:
                line.waiting.remove(turn)
                turn.drop()
            elif line is not None and begun and turn in line.begun:
                line.begun.remove(turn)
            self._call(name)

    def _call(self, name: str) -> None:
        line, now = self._lines.get(name), self._now()
        if line is None:
            return
        line.begun = [turn for turn in line.begun if turn.ends_at is None or turn.ends_at > now]
        while line.waiting and len(line.begun) < self._at_once:
            turn = line.waiting.popleft()
            turn.begin(now + self.seconds)
            line.begun.append(turn)
        if not line.begun:
            del self._lines[name]
