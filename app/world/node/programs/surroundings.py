"""What a Pod's program finds around its container: the node's network and clock, and who listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.flow.model import Exchange


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The node as it is while the program runs."""

    world_path: str = ""
    """Names the world to the metadata service."""
    unreachable: frozenset[str] = frozenset()
    """Services that cannot be reached through the node's network."""
    clock_skew: float = 0.0
    """Seconds by which the node's clock is ahead."""
    record: Callable[[Exchange], None] = lambda _: None
    """Gets every exchange of the Pod, secrets masked."""
