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
    aside: float = 0
    """CSS pixels to the right, for one of two arrows between the same boxes."""


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

_ASIDE = 14

FLOW = Figure(
    name="flow",
    zones=(
        Zone(
            id="kubernetes",
            corners={"lr": (86, 0, 380, 268), "md": (78, 0, 420, 186), "tb": (0, 50, 284, 340)},
            name_at={"lr": ("t", "l"), "md": ("t", "r"), "tb": ("t", "r")},
        ),
        Zone(
            id="public",
            corners={"lr": (394, 92, 542, 188), "md": (218, 198, 352, 276), "tb": (0, 376, 122, 462)},
            name_at={"lr": ("t", "l"), "md": ("t", "l"), "tb": ("t", "l")},
        ),
        Zone(
            id="aws",
            corners={"lr": (612, 0, 740, 268), "md": (0, 318, 420, 398), "tb": (0, 520, 284, 672)},
            name_at={"lr": ("t", "l"), "md": ("b", "l"), "tb": ("b", "l")},
        ),
    ),
    nodes=(
        Node(id="developer", zone="outside", classes=(_3,), at={"lr": (36, 145), "md": (36, 62), "tb": (53, 18)}),
        Node(
            id="api_server",
            zone="kubernetes",
            classes=(_3, _4, _1),
            at={"lr": (168, 145), "md": (250, 62), "tb": (60, 112)},
        ),
        Node(id="webhook", zone="kubernetes", classes=(_3,), at={"lr": (168, 66), "md": (366, 62), "tb": (230, 112)}),
        Node(id="kubelet", zone="kubernetes", classes=(_4,), at={"lr": (168, 234), "md": (222, 150), "tb": (136, 208)}),
        Node(
            id="pod",
            zone="kubernetes",
            classes=(_4, _5, _6),
            named=True,
            at={"lr": (316, 232), "md": (127, 148), "tb": (136, 304)},
        ),
        Node(
            id="service_account",
            zone="kubernetes",
            classes=(_2, _3),
            named=True,
            at={"lr": (316, 66), "md": (366, 148), "tb": (232, 208)},
        ),
        Node(
            id="issuer",
            zone="public",
            classes=(_1, _5),
            named=True,
            at={"lr": (468, 148), "md": (288, 244), "tb": (61, 426)},
        ),
        Node(id="s3", zone="aws", classes=(_6,), at={"lr": (676, 240), "md": (48, 346), "tb": (184, 556)}),
        Node(id="sts", zone="aws", classes=(_5,), at={"lr": (676, 190), "md": (150, 346), "tb": (120, 556)}),
        Node(id="provider", zone="aws", classes=(_1, _2, _5), at={"lr": (676, 134), "md": (250, 346), "tb": (44, 556)}),
        Node(
            id="role",
            zone="aws",
            classes=(_2, _5, _6),
            named=True,
            at={"lr": (676, 66), "md": (366, 346), "tb": (232, 640)},
        ),
    ),
    edges=(
        Edge(
            id="publish",
            tail="api_server",
            head="issuer",
            classes=(_1,),
            label_at={"lr": (296, 145), "md": (274, 174), "tb": (44, 284)},
        ),
        Edge(
            id="trust",
            tail="provider",
            head="issuer",
            classes=(_1,),
            label_at={"lr": (578, 137), "md": (296, 300), "tb": (30, 490)},
        ),
        Edge(
            id="annotation",
            tail="service_account",
            head="role",
            classes=(_2,),
            label_at={"lr": (500, 66), "md": (374, 296), "tb": (234, 362)},
        ),
        Edge(
            id="policy",
            tail="role",
            head="provider",
            classes=(_2, _5),
            label_at={"lr": (676, 102), "md": (310, 322), "tb": (136, 602)},
        ),
        Edge(
            id="create",
            tail="developer",
            head="api_server",
            classes=(_3,),
            label_at={"lr": (98, 145), "md": (140, 62), "tb": (98, 40)},
        ),
        Edge(
            id="review",
            tail="api_server",
            head="webhook",
            classes=(_3,),
            label_at={"lr": (168, 106), "md": (306, 36), "tb": (142, 88)},
        ),
        Edge(
            id="read",
            tail="webhook",
            head="service_account",
            classes=(_3,),
            label_at={"lr": (254, 32), "md": (366, 106), "tb": (230, 166)},
        ),
        Edge(
            id="token_request",
            tail="kubelet",
            head="api_server",
            classes=(_4,),
            aside=_ASIDE,
            label_at={"lr": (242, 180), "md": (304, 124), "tb": (146, 144)},
        ),
        Edge(
            id="token",
            tail="api_server",
            head="kubelet",
            classes=(_4,),
            aside=-_ASIDE,
            label_at={"lr": (122, 190), "md": (196, 108), "tb": (66, 178)},
        ),
        Edge(id="mount", tail="kubelet", head="pod", classes=(_4,), label_at={"lr": (228, 210), "md": (116, 110)}),
        Edge(
            id="assume",
            tail="pod",
            head="sts",
            classes=(_5,),
            label_at={"lr": (462, 208), "md": (140, 244), "tb": (130, 352)},
        ),
        Edge(
            id="keys",
            tail="sts",
            head="issuer",
            classes=(_5,),
            words=("keys", "keys_kept"),
            label_at={"lr": (578, 170), "md": (196, 300), "tb": (98, 508)},
        ),
        Edge(
            id="call",
            tail="pod",
            head="s3",
            classes=(_6,),
            label_at={"lr": (462, 236), "md": (66, 292), "tb": (170, 470)},
        ),
    ),
)
"""How a Pod gets AWS credentials: everyone who takes part in IRSA, and what each does in which step."""
