"""What an attack is, and who attacks."""

from __future__ import annotations

import random
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.attack.client import CUT_OFF, Answer, Page, owner
from tests.attack.server import MEGABYTE, Target

CHEAPLY_REFUSED = frozenset({400, 403, 413, 422})
"""How Kubernetes refuses what is wrong. Without 429: the world's budget counts CPU time (10 seconds at once), and all
inputs of a row have to fit into it. What takes quadratic time does not."""
REFUSED = CHEAPLY_REFUSED | {429}
"""The same, or too many."""
CLOSED = frozenset({CUT_OFF, 1000, 1002, 1003, 1007, 1008, 1009})
"""How a websocket ends on what it cannot read (RFC 6455, section 7.4)."""


@dataclass(kw_only=True)
class Attacker:
    """One who attacks: from one address, with a world of their own."""

    target: Target
    api: httpx.AsyncClient
    rng: random.Random = field(default_factory=lambda: random.Random(20261127))
    tab: Page | None = None
    kept: list[Any] = field(default_factory=list)
    """What one input leaves behind for the next: open sockets, tabs, a document."""

    async def close(self) -> None:
        """Closes everything."""
        await self.api.aclose()
        for one in [*self.kept, self.tab]:
            if isinstance(one, Page):
                await one.close()
            elif isinstance(one, socket.socket):
                one.close()


def attacker(target: Target) -> Attacker:
    """One with the keys to a world in the attacked process."""
    return Attacker(target=target, api=owner(target.keys("attacker")))


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A row."""

    name: str
    says: str
    """What one input is."""
    send: Callable[[Attacker, int], Awaitable[Answer]]
    """Sends the input of that number."""
    right: frozenset[int]
    """The statuses that are right answers."""
    inputs: int = 3
    """How many are enough to see it."""
    most: int = 1_000_000
    """How many are sent where time alone would allow more."""
    prepare: Callable[[Attacker], Awaitable[object]] | None = None
    wrong: Callable[[Attacker], Awaitable[str]] | None = None
    """What is wrong once all inputs were sent; empty where nothing is."""
    memory: int = 96 * MEGABYTE
    """Bytes by which the process may grow meanwhile."""
    log: int = 64 * 1024
    """Bytes that it may write to its log."""
    files: int = 8 * MEGABYTE
    """Bytes of files that it may have written and still keep."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Variables of the server."""
    descriptors: int = 0
    """The server's `ulimit -n`; 0 where it is left as it is."""
