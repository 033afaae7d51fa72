"""The figure of the story: an attacker, two Pods on a node, the three roles, the database. Every way that may be taken
is drawn; which of them are shown, and how, follows from what was computed.
"""

from __future__ import annotations

from app.ui.figures.figures import Edge, Figure, Layout, Node, Place, Zone

_PODS = ("1", "2")
_LABELS: dict[tuple[str, str], Place] = {
    ("1", "pod_1_role"): (62, 196),
    ("1", "node_role"): (104, 222),
    ("1", "pod_2_role"): (190, 256),
    ("2", "pod_2_role"): (222, 196),
    ("2", "node_role"): (180, 222),
    ("2", "pod_1_role"): (94, 256),
}
"""Where the words of the ways from a Pod to a role stand on a phone: on three lines, since they meet in the middle."""


_ATTACKS: dict[str, dict[Layout, Place]] = {
    "1": {"lr": (101, 114), "tb": (110, 60)},
    "2": {"lr": (101, 162), "tb": (174, 60)},
}
"""Where the words of the attack stand: beside the border of the node, and not on it."""


_PERMITS: dict[str, dict[Layout, Place]] = {
    "pod_1_role": {"tb": (70, 346)},
    "node_role": {},
    "pod_2_role": {"tb": (214, 346)},
}


def _way(name: str, words: tuple[str, ...], pod: str, role: str) -> Edge:
    return Edge(id=name, words=words, tail=f"pod_{pod}", head=role, label_at={"tb": _LABELS[pod, role]})


def _ways() -> tuple[Edge, ...]:
    """From each Pod to each role: over the metadata service to the node's, through STS to the others."""
    found = []
    for pod in _PODS:
        found.append(
            Edge(id=f"attack_{pod}", words=("attack",), tail="attacker", head=f"pod_{pod}", label_at=_ATTACKS[pod])
        )
        found.append(_way(f"metadata_{pod}", ("metadata", "unreached"), pod, "node_role"))
        for role in _PODS:
            found.append(_way(f"assume_{pod}_{role}", ("trusted", "refused", "no_token"), pod, f"pod_{role}_role"))
    return tuple(found)


def _box(name: str, zone: str, lr: Place, tb: Place, *, named: bool = False) -> Node:
    at: dict[Layout, Place] = {"lr": lr, "tb": tb}
    return Node(id=name, zone=zone, at=at, named=named)


STORY = Figure(
    name="story",
    zones=(
        Zone(
            id="worker",
            corners={"lr": (138, 0, 282, 270), "tb": (0, 84, 284, 176)},
            name_at={"lr": ("t", "l"), "tb": ("t", "l")},
        ),
        Zone(
            id="aws",
            corners={"lr": (396, 0, 738, 270), "tb": (0, 276, 284, 544)},
            name_at={"lr": ("t", "r"), "tb": ("b", "l")},
        ),
    ),
    nodes=(
        _box("attacker", "outside", (38, 138), (142, 22)),
        _box("pod_1", "kubernetes", (210, 72), (62, 140), named=True),
        _box("pod_2", "kubernetes", (210, 204), (222, 140), named=True),
        _box("pod_1_role", "aws", (466, 48), (53, 310), named=True),
        _box("node_role", "aws", (466, 138), (142, 372), named=True),
        _box("pod_2_role", "aws", (466, 228), (231, 310), named=True),
        _box("aurora_taken", "aws", (670, 138), (142, 496)),
        _box("aurora_safe", "aws", (670, 138), (142, 496)),
    ),
    edges=(
        *_ways(),
        *(
            Edge(id=f"permits_{role}", words=("permits",), tail=role, head="aurora_safe", label_at=label_at)
            for role, label_at in _PERMITS.items()
        ),
    ),
)
"""Who could take which role, and which role opens the database."""
