"""What the servers of one world said to each other: the newest exchanges, and apart from them those of its setup.

Beside them stand the events: what the learner's tools asked, and what the node and the Pods did because of it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from sys import getsizeof

from app.flow.model import Exchange
from app.world.events.stream import EventStream

LOG_LIMIT = 200
"""Exchanges that are kept beside those of the setup."""
LOG_BYTES = 1024 * 1024
"""Bytes that the texts of the kept exchanges take in memory. One of a walk takes 3,000."""
SETUP_LIMIT = 100
"""Exchanges of a setup that are kept: the first. The scenario's has 22."""
SETUP_BYTES = 256 * 1024
"""Bytes that their texts take in memory at most. The scenario's take 61,000, of which the newest exchanges share 39,000
in a new world."""
DEVELOPER = "developer"
"""`Exchange.caller` of the developer, who sets a world up: what they ask is kept with the setup and nowhere else."""


class ExchangeLog:
    """Keeps the newest `LOG_LIMIT` exchanges, within `LOG_BYTES`. The recorder has masked the secrets already."""

    def __init__(self) -> None:
        self._exchanges: deque[Exchange] = deque()
        self._bytes = 0
        self._setup: list[Exchange] = []
        self._setup_bytes = 0
        self._setting_up = False
        self.events = EventStream()
        """Who asked what of this world, for the pages that show it."""

    @property
    def bytes(self) -> int:
        """What is kept takes."""
        return self._bytes + self._setup_bytes

    @contextmanager
    def setting_up(self) -> Iterator[None]:
        """What is recorded inside belongs to the world's setup, and is no event."""
        self._setting_up = True
        try:
            with self.events.quiet():
                yield
        finally:
            self._setting_up = False

    def record(self, exchange: Exchange) -> None:
        """Adds one exchange, dropping the oldest when full. The newest is kept whatever it takes."""
        if self._setting_up:
            self._record_setup(exchange)
        if exchange.caller == DEVELOPER:
            return
        self._exchanges.append(exchange)
        self._bytes += _size(exchange)
        while len(self._exchanges) > LOG_LIMIT or (self._bytes > LOG_BYTES and len(self._exchanges) > 1):
            self._bytes -= _size(self._exchanges.popleft())

    def exchanges(self) -> tuple[Exchange, ...]:
        """All that is kept, oldest first."""
        return tuple(self._exchanges)

    def setup(self) -> tuple[Exchange, ...]:
        """How the world was set up, in the order in which the requests began: what its developer asked, and what the
        servers and the first Pods asked because of it. No later exchange pushes these out."""
        return tuple(sorted(self._setup, key=lambda exchange: exchange.started))

    def recall_setup(self, exchanges: Iterable[Exchange]) -> None:
        """Makes the exchanges of the setup those that were kept."""
        self._setup, self._setup_bytes = [], 0
        for exchange in exchanges:
            self._record_setup(exchange)

    def _record_setup(self, exchange: Exchange) -> None:
        size = _size(exchange)
        if len(self._setup) < SETUP_LIMIT and self._setup_bytes + size <= SETUP_BYTES:
            self._setup.append(exchange)
            self._setup_bytes += size


def _size(exchange: Exchange) -> int:
    headers = (*exchange.request_headers, *exchange.response_headers)
    texts = (exchange.url, exchange.request_body, exchange.response_body, exchange.error)
    return sum(map(getsizeof, (*texts, *(text for header in headers for text in header))))
