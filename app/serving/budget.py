"""What one may use: token buckets of CPU seconds, and tallies of what is in use. Pure arithmetic, no I/O.

Work is charged after it is done, by what it really took, so a bucket may go below zero: its user waits until
it has come back. Source: the token bucket of RFC 2697 and RFC 2698, in seconds of CPU time in place of bytes.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar


class TokenBucket:
    """At most `capacity`, refilled at `rate` a second. Safe to use from several threads."""

    def __init__(self, *, capacity: float, rate: float, now: Callable[[], float] = time.monotonic) -> None:
        """`capacity` in CPU seconds, `rate` in CPU seconds for each second of `now`, which never goes back."""
        self.capacity = capacity
        self.rate = rate
        self._now = now
        self._lock = threading.Lock()
        self._level = capacity
        self._filled = now()

    def take(self, amount: float) -> None:
        """Charges what was used. The debt never exceeds the capacity, so no wait is longer than `capacity / rate`."""
        with self._lock:
            self._level = max(self._refilled() - amount, -self.capacity)

    def level(self) -> float:
        """What may be used now; negative where more was used than there was."""
        with self._lock:
            return self._refilled()

    def wait(self, least: float = 0.0) -> float:
        """Seconds until there is more than `least`; 0 where there is now."""
        missing = least - self.level()
        return 0.0 if missing < 0 else max(missing / self.rate, _MOMENT)

    def _refilled(self) -> float:
        now = self._now()
        self._level = min(self._level + (now - self._filled) * self.rate, self.capacity)
        self._filled = now
        return self._level


_MOMENT = 1e-3
"""Seconds. A bucket that is exactly empty is waited for, however briefly."""


class PaceBucket(TokenBucket):
    """A bucket that delays no work: its user rests after the work instead."""

    def wait(self, least: float = 0.0) -> float:
        """Always 0: no quota refuses anything because of this bucket."""
        return 0.0

    def rest(self) -> float:
        """Seconds until the bucket is not in debt; 0 where it is not."""
        return super().wait()


class Quota:
    """Several buckets that pay together for the same work."""

    def __init__(self, *buckets: TokenBucket) -> None:
        self.buckets = buckets

    def take(self, amount: float) -> None:
        """Charges every bucket."""
        for bucket in self.buckets:
            bucket.take(amount)

    def wait(self, least: float = 0.0) -> float:
        """Seconds until every bucket has more than `least`."""
        return max((bucket.wait(least) for bucket in self.buckets), default=0.0)


def has_share(own: int, taken: int, limit: int, share: int) -> bool:
    """Whether one who has `own` of the `taken` may have one more of `limit`.

    Without others it is `share` at most, beside others the same part of what these leave: two who take all they can of
    which one may have half leave a quarter (the dynamic threshold of Choudhury and Hahne, 1998).
    """
    return own * (limit - share) < share * (limit - taken)


B = TypeVar("B", bound=TokenBucket)


class Buckets(Generic[B]):
    """A bucket for each name, all of one size. Those of the names that were not asked for the longest are forgotten."""

    def __init__(
        self,
        kind: type[B],
        *,
        capacity: float,
        rate: float,
        limit: int = 10_000,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`limit`: how many are remembered. A forgotten one is full again: `limit` names are asked for in between."""
        self._kind = kind
        self._capacity = capacity
        self._rate = rate
        self._now = now
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, B] = OrderedDict()

    def of(self, name: str) -> B:
        """The bucket of a name."""
        with self._lock:
            bucket = self._kept.get(name)
            if bucket is None:
                bucket = self._kept[name] = self._kind(capacity=self._capacity, rate=self._rate, now=self._now)
            self._kept.move_to_end(name)
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)
            return bucket


class Tally:
    """How many of something each name has at the moment; a name that has none takes no memory.

    For one thread, or for several that hold a lock.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def of(self, name: str) -> int:
        """How many a name has."""
        return self._counts[name]

    @property
    def total(self) -> int:
        """How many all names have together."""
        return self._counts.total()

    def add(self, name: str) -> None:
        """One more."""
        self._counts[name] += 1

    def remove(self, name: str) -> None:
        """One less of a name that has one."""
        self._counts[name] -= 1
        if not self._counts[name]:
            del self._counts[name]

    @contextmanager
    def one_more(self, name: str) -> Iterator[None]:
        """One more until the end of the block."""
        self.add(name)
        try:
            yield
        finally:
            self.remove(name)
