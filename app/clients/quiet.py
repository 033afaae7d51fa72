"""What a real cluster has no server for: its time shows in answers, and no one may listen to what its servers say."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from email.utils import parsedate_to_datetime

from app.flow.model import Exchange

TOLERANCE = 60.0
"""Seconds by which a server's clock may differ before it counts: an answer tells whole seconds, and takes its time."""


class ServersClock:
    """The `Clock` port: this machine's time or, where the servers show that it is off, theirs.

    A machine that slept calls a token expired that is not, or a Pod late that was just made. AWS's clock counts before
    that of the API server: STS goes by it.
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
    """Seconds by which our clock was ahead of the server's (RFC 9110, section 6.6.1); None where it did not say."""
    said = next((value for name, value in exchange.response_headers if name.lower() == "date"), "")
    try:
        return (
            exchange.started + exchange.seconds - parsedate_to_datetime(said).timestamp() if exchange.started else None
        )
    except ValueError:
        return None


class Silence:
    """The `ServerLog` port: nothing is overheard."""

    def exchanges(self) -> tuple[Exchange, ...]:
        """Always empty."""
        return ()

    def setup(self) -> tuple[Exchange, ...]:
        """Always empty: others have set the cluster up, before we came."""
        return ()
