"""Threads that run the sessions' scripts, one after another: Streamlit starts one for each run.

While a thread starts, the server's loop waits for it: a busy server turns up to a third fewer pages in the same time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextvars import Context
from queue import Empty, SimpleQueue

IDLE_SECONDS = 10.0
"""After which a thread ends that has nothing to run."""

Work = Callable[[], object]


class ScriptThreads:
    """As many threads as there are runs at once, and the idle ones of the last moments."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._idle: deque[SimpleQueue[Work]] = deque()
        """The inboxes of the threads that wait; the last one has just become idle."""

    def run(self, work: Work) -> None:
        """Has a thread call `work` in a context of its own, as a new thread would. May be called from any thread."""
        try:
            inbox = self._idle.pop()
        except IndexError:
            inbox = SimpleQueue()
            # Daemon, as Streamlit's are: a script that hangs does not keep the process from its end.
            threading.Thread(target=self._work, args=(inbox,), name="scripts", daemon=True).start()
        inbox.put(work)

    def _work(self, inbox: SimpleQueue[Work]) -> None:
        while True:
            try:
                work = inbox.get(timeout=self._idle_seconds)
            except Empty:
                try:
                    self._idle.remove(inbox)
                    return
                except ValueError:  # it was taken meanwhile
                    work = inbox.get()
            Context().run(work)
            del work  # what the run was made of goes with it
            self._idle.append(inbox)
