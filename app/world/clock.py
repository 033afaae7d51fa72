"""The world's own time: the wall clock plus an offset that the learner moves."""

from __future__ import annotations

import time

CLOCK_LIMIT = 10 * 366 * 86400.0
"""Seconds by which a world's clock may be away from the wall clock."""
JUMP_SECONDS = 5.0
"""By how much wall clock and monotonic clock may part before the world takes it for a jump."""


class WorldClock:
    """Tokens, credentials and the kubelet live by this clock, which AWS's `Date` shows; SigV4's `X-Amz-Date` may keep
    to the wall clock."""

    def __init__(self) -> None:
        self.offset = 0.0
        """Seconds ahead of the wall clock; negative when behind."""
        self._apart = time.time() - time.monotonic()

    def now(self) -> float:
        """Unix seconds in this world."""
        return time.time() + self.offset

    def move(self, seconds: float) -> None:
        """Moves the clock forward, or back where `seconds` is negative."""
        self.offset += seconds

    def jump(self) -> float:
        """Seconds by which the wall clock was set forward (negative: back) or slept through since `noticed`; 0 where it
        only went on, or was corrected by less than `JUMP_SECONDS`."""
        seconds = time.time() - time.monotonic() - self._apart
        return seconds if abs(seconds) > JUMP_SECONDS else 0.0

    def noticed(self) -> None:
        """Takes the wall clock as it is now for right."""
        self._apart = time.time() - time.monotonic()
