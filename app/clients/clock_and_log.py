"""The ports of a real cluster that ask no server: its clock, read off its responses, and its servers' log, which is
empty."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime

from app.flow.model import Exchange

TOLERANCE = 60.0
"""Seconds by which a server's clock may differ before it counts: a response contains whole seconds, and takes its
time."""
LATEST = 32503680000.0
"""Unix seconds: the year 3000. A time after it is no clock's, and Python has no dates after the year 9999."""


class ServersClock:
    """The `Clock` port: this machine's time or, where the servers show that it is off, theirs.

    By the clock of a machine that slept, a token looks expired that is valid, and a Pod late that was just created.
    AWS's clock counts before that of the API server, because STS judges tokens by it.
    """

    def __init__(self, *exchanges: Callable[[], Sequence[Exchange]]) -> None:
        """`exchanges`: what each port has sent and got so far; the first one whose server said the time counts."""
        self._exchanges = exchanges

    def now(self) -> float:
        """Unix seconds."""
        found = (_ahead(exchange) for read in self._exchanges for exchange in reversed(read()))
        ahead = next((seconds for seconds in found if seconds is not None), 0.0)
        return time.time() - (ahead if abs(ahead) > TOLERANCE else 0.0)


def _ahead(exchange: Exchange) -> float | None:
    """Seconds by which our clock was ahead of the server's `Date` (RFC 9110, section 6.6.1); None where that is missing
    or no time."""
    said = next((value for name, value in exchange.response_headers if name.lower() == "date"), "")
    try:
        theirs = parsedate_to_datetime(said).timestamp()
    except (ValueError, OverflowError):
        return None
    return exchange.started + exchange.seconds - theirs if exchange.started and theirs < LATEST else None


class EmptyLog:
    """The `ServerLog` port: the servers of a real cluster report no exchanges of others."""

    def exchanges(self) -> tuple[Exchange, ...]:
        """Always empty."""
        return ()

    def setup(self) -> tuple[Exchange, ...]:
        """Always empty: the cluster was set up by others, before the walk."""
        return ()
