"""The contents of the pictures: boxes, arrows and zones with their places. Their words are in the content files."""

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
    """A zone, such as a node or AWS: the frame around its boxes."""

    id: str
    corners: dict[Layout, tuple[float, float, float, float]]
    """Left, top, right, bottom."""
    name_at: dict[Layout, tuple[Literal["t", "b"], Literal["l", "r"]]]
    """The corner in which its name stands: top or bottom, left or right."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """A box: a party."""

    id: str
    zone: str
    at: dict[Layout, Place]
    named: bool = False
    """Whether the box shows the party's name from the walk."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """An arrow: what one does to another."""

    id: str
    tail: str
    head: str
    words: tuple[str, ...] = ()
    """The keys of its texts, one of which is shown at a time; empty where the key is its id."""
    label_at: dict[Layout, Place] = field(default_factory=dict)
    """The place of the text; half-way along the arrow where none is given."""


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
