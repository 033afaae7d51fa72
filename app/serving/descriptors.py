"""File descriptors: how many this process may have."""

from __future__ import annotations

from contextlib import suppress

try:
    import resource
except ImportError:  # Windows, where sockets are no descriptors and no such limit is set
    resource = None  # type: ignore[assignment]

WANTED = 32_768
"""Enough for a large room: a visitor has a websocket, and for a few seconds after a page load six connections
more."""
LEAST = 74
"""With fewer not even one visitor's page loads: an address may not have its seven connections (`page_limits`). A world
without pages needs about forty; with fewer its walk finds faults that are not there."""
_OPEN_MAX = 10_240
"""What macOS grants where it refuses more, whatever it names as the hard limit (`setrlimit(2)` there)."""


def limit() -> int:
    """How many descriptors this process may have now."""
    if resource is None:
        return WANTED
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return WANTED if soft == resource.RLIM_INFINITY else soft


def raise_limit() -> None:
    """Raises the soft limit to `WANTED`, as far as the hard one allows. Never lowers it."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    for wanted in (most, min(most, _OPEN_MAX)):
        if soft == resource.RLIM_INFINITY or soft >= wanted:
            return
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return
