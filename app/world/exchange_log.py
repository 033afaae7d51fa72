"""What the servers of one world said to each other: the newest exchanges, bounded."""

from __future__ import annotations

from collections import deque

from app.flow.model import Exchange


class ExchangeLog:
    """Keeps the newest `capacity` exchanges. Whoever records has masked the secrets already."""

    def __init__(self, capacity: int = 200) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=capacity)

    def record(self, exchange: Exchange) -> None:
        """Adds one exchange, dropping the oldest when full."""
        self._exchanges.append(exchange)

    def exchanges(self) -> tuple[Exchange, ...]:
        """All that is kept, oldest first."""
        return tuple(self._exchanges)
