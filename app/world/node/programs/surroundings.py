"""The surroundings of a container for a Pod's program: the node's network and clock, and the recorder of its
requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.flow.model import Exchange


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """The state of the node while the program runs."""

    world_path: str = ""
    """Identifies the world to the metadata service."""
    unreachable: frozenset[str] = frozenset()
    """Services that cannot be reached through the node's network."""
    clock_skew: float = 0.0
    """Seconds by which the node's clock is ahead."""
    record: Callable[[Exchange], None] = lambda _: None
    """Gets every exchange of the Pod, secrets masked."""
