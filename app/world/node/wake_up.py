"""A timer that calls a function at a moment of a clock that may be moved, and uses no CPU time until then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context

LONGEST_SECONDS = 6 * 3600.0
"""Seconds after which a timer goes off in any case: the machine may have slept, or its clock been set, in between."""


class WakeUp:
    """A timer on the loop that it is set on. Setting it again replaces the moment."""

    def __init__(self, now: Callable[[], float], work: Callable[[], None]) -> None:
        """`now`: Unix seconds by the clock of the moments. `work` checks itself whether anything is due."""
        self._now = now
        self._work: Callable[[], None] | None = work
        """None once it is closed."""
        self._handle: asyncio.TimerHandle | None = None

    def set(self, due: float | None) -> None:
        """Has the work called at `due`, at once where that has passed; never where it is None."""
        self.cancel()
        if due is None or self._work is None:
            return
        seconds = min(max(due - self._now(), 0.0), LONGEST_SECONDS)
        # In a context of its own, so that the request that led to this moment neither pays for it nor is kept.
        self._handle = asyncio.get_running_loop().call_later(seconds, self._fire, context=Context())

    @property
    def is_closed(self) -> bool:
        """Whether it never goes off any more."""
        return self._work is None

    def cancel(self) -> None:
        """Drops the moment."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def close(self) -> None:
        """Drops the moment and the function for good."""
        self.cancel()
        self._work = None

    def _fire(self) -> None:
        self._handle = None
        if self._work is not None:
            self._work()
