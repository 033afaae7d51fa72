"""How much CPU time of this server a visitor may use: each browser has a budget, and so has each address.

The app charges the CPU time of a run in its thread, and of what the run causes on the servers' loop. A page takes 0.05
to 0.3 CPU seconds, a new world 0.15, a walk 0.07.

- A browser is one person. At a page every two seconds, faster than anyone reads, it takes 0.15 a second for good; 20
  seconds at once are some hundred pages without a pause.
- An address may be a room of 300 behind one router: each makes a world, walks and sees a page, 0.4 CPU seconds, 120 in
  all. After that it has half of a core, since Python runs on one: the other half is left to everybody else.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import NoReturn, TypeVar

import streamlit as st

from app.serving.budget import Buckets, PaceBucket, Quota, TokenBucket
from app.serving.operations import log_events
from app.serving.operations.metrics import Reason
from app.ui.state import connection, language
from app.ui.text import prose
from app.world.lifecycle.world_store import NoRoom
from app.world.metering import payer
from app.world.saved.journal import FULL
from app.world.usage import Usage

T = TypeVar("T")

REST_SECONDS = 1.0
"""The longest that a visitor rests between two runs."""
OVERDRAFT = 2.0
"""CPU seconds below zero at which a run that has begun is stopped."""
_DISK_SECONDS = 60.0
"""After which a reader tries again where the disk was full: the sweep for idle worlds comes twice in that time."""
_REASONS: dict[str, Reason] = {
    "busy": "visitor_budget",
    "world_busy": "world_budget",
    "no_room": "no_room",
    "disk_full": "disk_full",
}
"""The names, in the log and the metrics, of the reasons for which a run was stopped."""
ASK_SECONDS = 0.01
"""A run that has begun is checked again after this time at the earliest: a page checks each time it asks for its
world."""


@dataclass(frozen=True)
class _Budgets:
    browsers: Buckets[TokenBucket] = field(default_factory=lambda: Buckets(TokenBucket, capacity=20.0, rate=0.15))
    addresses: Buckets[TokenBucket] = field(default_factory=lambda: Buckets(TokenBucket, capacity=120.0, rate=0.5))
    paces: Buckets[PaceBucket] = field(default_factory=lambda: Buckets(PaceBucket, capacity=1.0, rate=0.3))
    """By address. These refuse no run: a faster address rests between two runs while others are there."""
    threads: threading.local = field(default_factory=threading.local)


@cache
def budgets() -> _Budgets:
    """The budgets of all visitors, one set for the process."""
    return _Budgets()


def address() -> str | None:
    """The visitor's address as our server counts it; None under another server, where only browsers are counted."""
    facts = connection.facts()
    return facts.visitor if facts else None


def begin() -> None:
    """Begins to charge this thread's run: what the thread did for another visitor before is not charged any more."""
    threads = budgets().threads
    vars(threads).clear()
    threads.charged = time.thread_time()


def admit(browser: str, *, begun: bool = True) -> None:
    """Charges what this run has taken since it was checked last, and stops it with a sentence where too much was used.

    From here on, what it causes on the servers' loop is charged as well. `begun`: whether the run is under way. Then it
    may overdraw the budget a little, because half a page is worse.
    """
    threads, now = budgets().threads, time.monotonic()
    if begun and getattr(threads, "browser", None) == browser and now - threads.asked < ASK_SECONDS:
        return
    threads.asked = now
    if getattr(threads, "browser", None) != browser:  # the first check of this run
        threads.browser, (threads.limits, threads.quota) = browser, _quotas(browser)
    settle()
    payer.set(threads.quota)
    if seconds := threads.limits.wait(-OVERDRAFT if begun else 0.0):
        stop("busy", seconds)


def _quotas(browser: str) -> tuple[Quota, Quota]:
    """The quota that may refuse this visitor's run, and the one that is charged for it."""
    known, visitor = budgets(), address()
    if visitor is None:
        alone = Quota(known.browsers.of(browser))
        return alone, alone
    limits = Quota(known.browsers.of(browser), known.addresses.of(visitor))
    return limits, Quota(*limits.buckets, known.paces.of(visitor))


def rest() -> float:
    """Seconds for which the visitor rests after a run; 0 for a visitor who reads what they see."""
    visitor = address()
    return 0.0 if visitor is None else min(budgets().paces.of(visitor).rest(), REST_SECONDS)


def settle() -> None:
    """Charges the CPU time of this thread since the last call to the visitor that it admitted last; to the address of a
    run that ended before it was admitted, since what a browser sends was read by then."""
    threads = budgets().threads
    quota = getattr(threads, "quota", None)
    if quota is None and (visitor := address()) is not None:
        quota = Quota(budgets().addresses.of(visitor), budgets().paces.of(visitor))
    if quota is not None:
        now = time.thread_time()
        quota.take(now - getattr(threads, "charged", 0.0))
        threads.charged = now


def charged(make: Callable[[], T]) -> Callable[[], T]:
    """Wraps `make` for another thread, after this run: what it takes there is charged to the visitor of this run."""
    quota = getattr(budgets().threads, "quota", None)

    def made() -> T:
        begun = time.thread_time()
        try:
            return make()
        finally:
            if quota is not None:
                quota.take(time.thread_time() - begun)

    return made


def may_ask(visitor: str) -> bool:
    """Whether an address may have work done outside of a run. An empty address is not counted, so it may."""
    return not visitor or budgets().addresses.of(visitor).level() >= 0.0


def afford(usage: Usage) -> None:
    """Ends the run with a sentence where a world has no CPU time left for a walk."""
    if seconds := usage.wait(reserve=True):
        stop("world_busy", seconds)


def stop(why: str, seconds: float) -> NoReturn:
    """Draws one sentence, `limits.<why>`, with the seconds to wait, and ends the run."""
    facts = connection.facts()
    log_events.refuse(_REASONS[why], **({"request": facts.request, "visitor": facts.visitor} if facts else {}))
    language.choose()
    words = language.content().message(f"limits.{why}", seconds=max(math.ceil(seconds), 1))
    st.html(f'<p role="status">{prose(words)}</p>')
    st.stop()


@contextmanager
def room_for_a_world() -> Iterator[None]:
    """Ends the run with a sentence where a world cannot be made."""
    try:
        yield
    except NoRoom as refused:
        stop("no_room", refused.seconds)
    except OSError as error:
        if error.errno not in FULL:
            raise
        stop("disk_full", _DISK_SECONDS)
