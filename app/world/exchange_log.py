"""What the servers of one world said to each other: the newest exchanges, bounded."""

from __future__ import annotations

from collections import deque
from sys import getsizeof

from app.flow.model import Exchange

LOG_BYTES = 1024 * 1024
"""Bytes that the texts of the kept exchanges take in memory. One of a walk takes 3,000."""


class ExchangeLog:
    """Keeps the newest `capacity` exchanges, within `LOG_BYTES`. The recorder has masked the secrets already."""

    def __init__(self, capacity: int = 200) -> None:
        self._exchanges: deque[Exchange] = deque()
        self._capacity = capacity
        self._bytes = 0

    def record(self, exchange: Exchange) -> None:
        """Adds one exchange, dropping the oldest when full. The newest is kept whatever it takes."""
        self._exchanges.append(exchange)
        self._bytes += _size(exchange)
        while len(self._exchanges) > self._capacity or (self._bytes > LOG_BYTES and len(self._exchanges) > 1):
            self._bytes -= _size(self._exchanges.popleft())

    def exchanges(self) -> tuple[Exchange, ...]:
        """All that is kept, oldest first."""
        return tuple(self._exchanges)


def _size(exchange: Exchange) -> int:
    headers = (*exchange.request_headers, *exchange.response_headers)
    texts = (exchange.url, exchange.request_body, exchange.response_body, exchange.error)
    return sum(map(getsizeof, (*texts, *(text for header in headers for text in header))))
