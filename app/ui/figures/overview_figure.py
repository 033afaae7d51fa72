"""The chain from afar, for a first look: a Pod, its cluster, STS with IAM, and S3."""

from __future__ import annotations

from app.ui.figures.figures import Edge, Figure, Node, Zone

OVERVIEW = Figure(
    name="overview",
    zones=(
        Zone(
            id="kubernetes",
            corners={"lr": (0, 0, 222, 236), "tb": (0, 0, 284, 112)},
            name_at={"lr": ("t", "l"), "tb": ("t", "l")},
        ),
        Zone(
            id="aws",
            corners={"lr": (472, 0, 660, 236), "tb": (0, 236, 284, 336)},
            name_at={"lr": ("t", "l"), "tb": ("b", "l")},
        ),
    ),
    nodes=(
        Node(id="overview_cluster", zone="kubernetes", at={"lr": (110, 72), "tb": (56, 72)}),
        Node(id="overview_pod", zone="kubernetes", named=True, at={"lr": (110, 188), "tb": (224, 72)}),
        Node(id="overview_iam", zone="aws", at={"lr": (566, 72), "tb": (56, 274)}),
        Node(id="overview_s3", zone="aws", at={"lr": (566, 188), "tb": (224, 274)}),
    ),
    edges=(
        Edge(
            id="overview_keys",
            tail="overview_cluster",
            head="overview_iam",
            label_at={"lr": (336, 72), "tb": (54, 200)},
        ),
        Edge(id="overview_token", tail="overview_cluster", head="overview_pod", label_at={"tb": (134, 56)}),
        Edge(
            id="overview_assume",
            tail="overview_pod",
            head="overview_iam",
            label_at={"lr": (336, 132), "tb": (148, 152)},
        ),
        Edge(
            id="overview_call", tail="overview_pod", head="overview_s3", label_at={"lr": (336, 188), "tb": (226, 200)}
        ),
    ),
)
"""Its boxes and arrows are those of `app.flow.verdict.overview`."""
