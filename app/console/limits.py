"""What all visitors share: how many commands run at once, how much they print, and what they take of the processor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.console.command_line import LineRefused
from app.serving.budget import Buckets, Quota, Tally, TokenBucket, has_share

AT_ONCE = 2
"""Commands of one visitor that run at once."""
OF_AN_ADDRESS = 8
"""The same of all visitors at one address."""
OF_ALL = 16
"""The same of all visitors; an address has fewer beside others (`has_share`). One command takes less than 100 MB."""
OUTPUT = 1_000_000
"""Bytes that the commands of a visitor which run at once print together."""


@dataclass
class _Visitor:
    running: int = 0
    output: int = 0


@dataclass
class CommandLimits:
    """The limits of one process. Used on one event loop."""

    browsers: Buckets[TokenBucket] = field(default_factory=lambda: Buckets(TokenBucket, capacity=60.0, rate=0.25))
    """CPU seconds that the commands of each browser may take: one of `aws` takes 0.8, one of `kubectl` 0.1."""
    addresses: Buckets[TokenBucket] = field(default_factory=lambda: Buckets(TokenBucket, capacity=300.0, rate=1.0))
    _visitors: dict[str, _Visitor] = field(default_factory=dict)
    _addresses: Tally = field(default_factory=Tally)

    @contextmanager
    def running(self, browser: str, address: str) -> Iterator[Callable[[int], int]]:
        """Counts a command while it runs. Raises `LineRefused` where there is no room for it.

        Yields a function that says of so many bytes of output how many are passed on.
        """
        self.look(browser, address)
        visitor = self._visitors.get(browser, _Visitor())
        if visitor.running >= AT_ONCE:
            raise LineRefused("two_at_once", expected=str(AT_ONCE))
        if not has_share(self._addresses.of(address), self._addresses.total, OF_ALL, OF_AN_ADDRESS):
            raise LineRefused("all_busy")
        self._visitors[browser] = visitor
        visitor.running += 1

        def take(count: int) -> int:
            allowed = min(count, OUTPUT - visitor.output)
            visitor.output += allowed
            return allowed

        try:
            with self._addresses.one_more(address):
                yield take
        finally:
            visitor.running -= 1
            if not visitor.running:
                del self._visitors[browser]

    def look(self, browser: str, address: str) -> None:
        """Raises `LineRefused` for a visitor who has used up their CPU time."""
        if (seconds := Quota(self.browsers.of(browser), self.addresses.of(address)).wait()) > 0:
            raise LineRefused("rests", got=f"{seconds:.0f}")

    def charge(self, browser: str, address: str, cpu_seconds: float) -> None:
        """Has a visitor pay for what a command took. May be called from any thread."""
        Quota(self.browsers.of(browser), self.addresses.of(address)).take(cpu_seconds)
