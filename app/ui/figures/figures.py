"""What the pictures show: boxes, arrows and zones with their places. The words for them are content."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from app.flow.model import Step

Layout = Literal["lr", "md", "tb"]
"""Left to right for a desk, in rows for a tablet, top to bottom for a phone."""

LAYOUTS: tuple[Layout, ...] = ("lr", "md", "tb")
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
            corners={"lr": (124, 0, 520, 252), "md": (0, 44, 420, 232), "tb": (0, 50, 284, 338)},
            name_at={"lr": ("t", "l"), "md": ("t", "r"), "tb": ("t", "r")},
        ),
        Zone(
            id="aws",
            corners={"lr": (624, 0, 746, 252), "md": (0, 306, 420, 392), "tb": (0, 444, 284, 592)},
            name_at={"lr": ("t", "l"), "md": ("b", "l"), "tb": ("b", "l")},
        ),
    ),
    nodes=(
        Node(id="developer", zone="outside", classes=(_3,), at={"lr": (39, 131), "md": (50, 18), "tb": (53, 18)}),
        Node(
            id="api_server",
            zone="kubernetes",
            classes=(_3, _4),
            at={"lr": (224, 131), "md": (50, 108), "tb": (53, 112)},
        ),
        Node(id="webhook", zone="kubernetes", classes=(_3,), at={"lr": (224, 52), "md": (200, 108), "tb": (230, 112)}),
        Node(id="kubelet", zone="kubernetes", classes=(_4,), at={"lr": (224, 216), "md": (40, 196), "tb": (53, 208)}),
        Node(
            id="pod",
            zone="kubernetes",
            classes=(_4, _5, _6),
            named=True,
            at={"lr": (448, 216), "md": (186, 196), "tb": (53, 304)},
        ),
        Node(
            id="issuer",
            zone="kubernetes",
            classes=(_1, _5),
            named=True,
            at={"lr": (448, 131), "md": (300, 196), "tb": (164, 304)},
        ),
        Node(
            id="service_account",
            zone="kubernetes",
            classes=(_2, _3),
            named=True,
            at={"lr": (448, 52), "md": (362, 108), "tb": (230, 208)},
        ),
        Node(id="s3", zone="aws", classes=(_6,), at={"lr": (685, 224), "md": (48, 346), "tb": (40, 480)}),
        Node(id="sts", zone="aws", classes=(_5,), at={"lr": (685, 172), "md": (160, 346), "tb": (110, 480)}),
        Node(
            id="provider", zone="aws", classes=(_1, _2, _5), at={"lr": (685, 122), "md": (244, 346), "tb": (180, 480)}
        ),
        Node(
            id="role",
            zone="aws",
            classes=(_2, _5),
            named=True,
            at={"lr": (685, 52), "md": (366, 346), "tb": (230, 562)},
        ),
    ),
    edges=(
        Edge(
            id="create",
            tail="developer",
            head="api_server",
            classes=(_3,),
            label_at={"lr": (124, 131), "md": (50, 62), "tb": (53, 64)},
        ),
        Edge(
            id="review", tail="api_server", head="webhook", classes=(_3,), label_at={"md": (125, 84), "tb": (140, 88)}
        ),
        Edge(id="read", tail="webhook", head="service_account", classes=(_3,), label_at={"md": (281, 84)}),
        Edge(id="token", tail="api_server", head="kubelet", classes=(_4,), label_at={"md": (48, 152)}),
        Edge(id="mount", tail="kubelet", head="pod", classes=(_4,), label_at={"md": (100, 174)}),
        Edge(
            id="call",
            tail="pod",
            head="s3",
            classes=(_6,),
            label_at={"lr": (572, 222), "md": (92, 288), "tb": (38, 426)},
        ),
        Edge(
            id="assume",
            tail="pod",
            head="sts",
            classes=(_5,),
            label_at={"lr": (571, 192), "md": (174, 256), "tb": (82, 366)},
        ),
        Edge(
            id="keys",
            tail="sts",
            head="issuer",
            classes=(_5,),
            label_at={"lr": (572, 155), "md": (218, 289), "tb": (128, 412)},
        ),
        Edge(
            id="trust",
            tail="provider",
            head="issuer",
            classes=(_1,),
            label_at={"lr": (572, 127), "md": (284, 258), "tb": (172, 372)},
        ),
        Edge(
            id="annotation",
            tail="service_account",
            head="role",
            classes=(_2,),
            label_at={"md": (364, 270), "tb": (230, 392)},
        ),
        Edge(
            id="policy",
            tail="role",
            head="provider",
            classes=(_2,),
            label_at={"lr": (685, 88), "md": (304, 322), "tb": (158, 521)},
        ),
    ),
)
"""How a Pod gets AWS credentials: everyone who takes part in IRSA, and what each does in which step."""
