"""What the pictures show: boxes, arrows and zones with their places. The words for them are content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from app.flow.model import Step

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
    classes: tuple[str, ...] = ()
    """The steps in which it is lit."""
    named: bool = False
    """Whether its name from the walk stands in it."""

    @property
    def leads_to(self) -> str:
        """The page of the step in which it comes first; empty where it is in no step."""
        return self.classes[0] if self.classes and self.classes[0] in set(Step) else ""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """An arrow: what one does to another."""

    id: str
    tail: str
    head: str
    classes: tuple[str, ...] = ()
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
        """Those in which it is drawn: a small figure has one that suits every screen."""
        return tuple(layout for layout in LAYOUTS if layout in self.zones[0].corners)


_1, _2, _3, _4, _5, _6 = (step.value for step in Step)

FLOW = Figure(
    name="flow",
    zones=(
        Zone(
            id="kubernetes",
            corners={"lr": (118, 0, 690, 252), "tb": (0, 58, 358, 356)},
            name_at={"lr": ("t", "l"), "tb": ("t", "r")},
        ),
        Zone(
            id="aws",
            corners={"lr": (888, 0, 1020, 252), "tb": (0, 480, 358, 574)},
            name_at={"lr": ("t", "l"), "tb": ("b", "l")},
        ),
    ),
    nodes=(
        Node(id="developer", zone="outside", classes=(_3,), at={"lr": (44, 70), "tb": (64, 20)}),
        Node(id="api_server", zone="kubernetes", classes=(_3, _4), at={"lr": (232, 70), "tb": (64, 118)}),
        Node(id="webhook", zone="kubernetes", classes=(_3,), at={"lr": (232, 216), "tb": (296, 118)}),
        Node(id="kubelet", zone="kubernetes", classes=(_4,), at={"lr": (424, 70), "tb": (64, 218)}),
        Node(id="pod", zone="kubernetes", classes=(_4, _5, _6), named=True, at={"lr": (610, 70), "tb": (64, 320)}),
        Node(id="issuer", zone="kubernetes", classes=(_1, _5), named=True, at={"lr": (610, 138), "tb": (183, 320)}),
        Node(
            id="service_account",
            zone="kubernetes",
            classes=(_2, _3),
            named=True,
            at={"lr": (610, 216), "tb": (299, 320)},
        ),
        Node(id="s3", zone="aws", classes=(_6,), at={"lr": (954, 44), "tb": (43, 518)}),
        Node(id="sts", zone="aws", classes=(_5,), at={"lr": (954, 94), "tb": (118, 518)}),
        Node(id="provider", zone="aws", classes=(_1, _2, _5), at={"lr": (954, 146), "tb": (207, 518)}),
        Node(id="role", zone="aws", classes=(_2, _5), named=True, at={"lr": (954, 216), "tb": (313, 518)}),
    ),
    edges=(
        Edge(
            id="create", tail="developer", head="api_server", classes=(_3,), label_at={"lr": (136, 70), "tb": (64, 70)}
        ),
        Edge(id="review", tail="api_server", head="webhook", classes=(_3,)),
        Edge(id="read", tail="webhook", head="service_account", classes=(_3,)),
        Edge(id="token", tail="api_server", head="kubelet", classes=(_4,)),
        Edge(id="mount", tail="kubelet", head="pod", classes=(_4,)),
        Edge(id="call", tail="pod", head="s3", classes=(_6,), label_at={"lr": (792, 56), "tb": (40, 452)}),
        Edge(id="assume", tail="pod", head="sts", classes=(_5,), label_at={"lr": (792, 83), "tb": (88, 398)}),
        Edge(id="keys", tail="sts", head="issuer", classes=(_5,), label_at={"lr": (792, 115), "tb": (144, 440)}),
        Edge(id="trust", tail="provider", head="issuer", classes=(_1,), label_at={"lr": (792, 143), "tb": (195, 398)}),
        Edge(id="annotation", tail="service_account", head="role", classes=(_2,), label_at={"tb": (306, 420)}),
        Edge(id="policy", tail="role", head="provider", classes=(_2,), label_at={"lr": (954, 181), "tb": (262, 558)}),
    ),
)
"""How a Pod gets AWS credentials: everyone who takes part in IRSA, and what each does in which step."""
