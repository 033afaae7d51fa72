"""Threads that run the sessions' scripts, one after another: Streamlit starts one for each run.

While a thread starts, the server's loop waits for it: a busy server turns up to a third fewer pages in the same time.

Streamlit also makes an event loop for each session, for the thread that runs its script (`app_session.py`): three
descriptors, the selector and a pair of sockets. Our pages do not use it, so it is made when something asks for it.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from contextvars import Context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from app.serving.budget import Tally
from app.serving.logs import OURS

IDLE_SECONDS = 10.0
"""After which a thread ends that has nothing to run."""
OF_A_VISITOR = 16
"""Threads. One run of a visitor goes on at a time, so most others need none. A container may have a thousand."""

Work = Callable[[], object]
_log = logging.getLogger(OURS)


class ScriptThreads:
    """A thread for each run that goes on, within the limit, and the threads that have become idle a moment ago."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle_seconds = idle_seconds
        self._idle: deque[SimpleQueue[Work]] = deque()
        """The inboxes of the idle threads; the one at the end became idle last."""
        self._lock = threading.Lock()
        self._busy = Tally()
        """How many threads each visitor has."""
        self._waiting: dict[str, dict[str, Work]] = {}
        """The works that have no thread yet, by visitor and session, in the order in which they come."""

    def run(self, work: Work, visitor: str, session: str) -> None:
        """Has a thread call `work` in a context of its own, as a new thread would. May be called from any thread.

        At most one work of a session waits for a thread. A newer one replaces it in its place, and the older one is
        never called: otherwise, in a full room, a reader who clicks again would go to the end of the line each time.
        Raises `RuntimeError` where the system has no thread left.
        """
        with self._lock:
            if self._busy.of(visitor) >= OF_A_VISITOR:
                self._waiting.setdefault(visitor, {})[session] = work
                return
            self._busy.add(visitor)
        try:
            self._start(partial(self._call, work, visitor))
        except RuntimeError:  # the system has no thread left: the threads that this visitor has do what waits
            with self._lock:
                self._busy.remove(visitor)
            raise

    def _call(self, work: Work | None, visitor: str) -> None:
        while work:
            try:
                Context().run(work)
            except BaseException:  # none may keep the visitor's thread
                _log.exception("A run failed")
            work = self._next(visitor)

    def _next(self, visitor: str) -> Work | None:
        """What the visitor's thread runs next; None where nothing waits, and then the thread is no longer theirs."""
        with self._lock:
            if waiting := self._waiting.get(visitor):
                return waiting.pop(next(iter(waiting)))
            self._waiting.pop(visitor, None)
            self._busy.remove(visitor)
            return None

    def _start(self, work: Work) -> None:
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
            del work  # nothing of the run is held while the thread waits
            self._idle.append(inbox)


class DeferredLoop(asyncio.AbstractEventLoop):
    """An event loop that is made when something first uses it. To close it unused makes none."""

    _made: asyncio.AbstractEventLoop | None = None
    _is_closed = False

    def __getattribute__(self, name: str) -> Any:
        """Everything but the methods below belongs to the loop that is made now. A closed one raises as asyncio's."""
        if name in _OWN:
            return object.__getattribute__(self, name)
        if self._made is None:
            self._made = asyncio.new_event_loop()
            if self._is_closed:
                self._made.close()
        return getattr(self._made, name)

    def is_running(self) -> bool:
        """Whether the loop runs now: never before it is made."""
        return self._made is not None and self._made.is_running()

    def is_closed(self) -> bool:
        """Whether it is closed, used or not."""
        return self._is_closed if self._made is None else self._made.is_closed()

    def close(self) -> None:
        """Closes it. Raises `RuntimeError` while it runs."""
        self._is_closed = True
        if self._made is not None:
            self._made.close()


_OWN = frozenset({*vars(DeferredLoop), "__class__", "__dict__"})
