"""The world's own time: the wall clock plus an offset that the learner moves."""

from __future__ import annotations

import time


class WorldClock:
    """Tokens, credentials and kubelet live by this clock; SigV4's `X-Amz-Date` keeps to the wall clock."""

    def __init__(self) -> None:
        self.offset = 0.0
        """Seconds ahead of the wall clock; negative when behind."""

    def now(self) -> float:
        """Unix seconds in this world."""
        return time.time() + self.offset

    def move(self, seconds: float) -> None:
        """Moves the clock forward, or back where `seconds` is negative."""
        self.offset += seconds
