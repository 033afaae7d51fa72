"""What a real cluster has no server for: its time is everybody's, and no one may listen to what its servers say."""

from __future__ import annotations

import time

from app.flow.model import Exchange


class WallClock:
    """The `Clock` port: this machine's time."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()


class Silence:
    """The `ServerLog` port: nothing is overheard."""

    def exchanges(self) -> tuple[Exchange, ...]:
        """Always empty."""
        return ()

    def setup(self) -> tuple[Exchange, ...]:
        """Always empty: others have set the cluster up, before we came."""
        return ()
