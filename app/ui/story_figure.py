"""The figure of the story: an attacker, two Pods on a node, the three roles, the database. Every way that may be taken
is drawn; which of them are shown, and how, follows from what was computed.
"""

from __future__ import annotations

from app.ui.figures import Edge, Figure, Layout, Node, Place, Zone

_PODS = ("1", "2")
_LABELS: dict[tuple[str, str], Place] = {
    ("1", "pod_1_role"): (76, 192),
    ("1", "node_role"): (137, 219),
    ("1", "pod_2_role"): (222, 246),
    ("2", "pod_2_role"): (282, 192),
    ("2", "node_role"): (221, 219),
    ("2", "pod_1_role"): (136, 246),
}
"""Where the words of the ways from a Pod to a role stand on a phone: on three lines, since they meet in the middle."""


_ATTACKS: dict[str, dict[Layout, Place]] = {"1": {"tb": (150, 60)}, "2": {"tb": (208, 60)}}


def _way(name: str, words: tuple[str, ...], pod: str, role: str) -> Edge:
    return Edge(id=name, words=words, tail=f"pod_{pod}", head=role, label_at={"tb": _LABELS[pod, role]})


def _ways() -> tuple[Edge, ...]:
    """From each Pod to each role: over the metadata service to the node's, through STS to the others."""
    found = []
    for pod in _PODS:
        found.append(
            Edge(id=f"attack_{pod}", words=("attack",), tail="attacker", head=f"pod_{pod}", label_at=_ATTACKS[pod])
        )
        found.append(_way(f"metadata_{pod}", ("metadata",), pod, "node_role"))
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
            corners={"lr": (140, 0, 350, 270), "tb": (0, 84, 358, 174)},
            name_at={"lr": ("t", "l"), "tb": ("t", "l")},
        ),
        Zone(
            id="aws",
            corners={"lr": (540, 0, 1000, 270), "tb": (0, 268, 358, 478)},
            name_at={"lr": ("t", "r"), "tb": ("b", "l")},
        ),
    ),
    nodes=(
        _box("attacker", "outside", (50, 138), (179, 22)),
        _box("pod_1", "kubernetes", (245, 72), (90, 140), named=True),
        _box("pod_2", "kubernetes", (245, 204), (268, 140), named=True),
        _box("pod_1_role", "aws", (640, 48), (60, 306), named=True),
        _box("node_role", "aws", (640, 138), (179, 306), named=True),
        _box("pod_2_role", "aws", (640, 228), (298, 306), named=True),
        _box("aurora_taken", "aws", (905, 138), (179, 430)),
        _box("aurora_safe", "aws", (905, 138), (179, 430)),
    ),
    edges=(
        *_ways(),
        *(
            Edge(id=f"permits_{role}", words=("permits",), tail=role, head="aurora_safe")
            for role in ("pod_1_role", "node_role", "pod_2_role")
        ),
    ),
)
"""Who could take which role, and which role opens the database."""
