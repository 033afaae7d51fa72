"""What the pictures show: boxes, arrows and zones with their places. The words for them are content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Layout = Literal["lr", "tb"]
"""Left to right for a desk, top to bottom for a phone."""

LAYOUTS: tuple[Layout, ...] = ("lr", "tb")
Place = tuple[float, float]
"""CSS pixels from the picture's left and top."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A world: the frame around the boxes that belong to it."""

    id: str
    corners: dict[Layout, tuple[float, float, float, float]]
    """Left, top, right, bottom."""
    name_at: dict[Layout, tuple[Literal["t", "b"], Literal["l", "r"]]]
    """In which corner its name stands: top or bottom, left or right."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A box: someone who takes part."""

    id: str
    zone: str
    at: dict[Layout, Place]
    named: bool = False
    """Whether its name from the walk stands in it."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """An arrow: what one does to another."""

    id: str
    tail: str
    head: str
    words: tuple[str, ...] = ()
    """The keys of its words, one of which is shown at a time; its id where it does not say."""
    label_at: dict[Layout, Place] = field(default_factory=dict)
    """Where the words stand; half-way along the arrow where it does not say."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One picture."""

    name: str
    zones: tuple[Zone, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """The layouts in which the figure is drawn: a small figure has one that suits every screen."""
        return tuple(layout for layout in LAYOUTS if layout in self.zones[0].corners)
