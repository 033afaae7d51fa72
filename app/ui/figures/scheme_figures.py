"""A small figure for each scheme: what the Pod shows, to what, and who then asks AWS for credentials."""

from __future__ import annotations

from app.flow.lessons.which_scheme import CredentialScheme
from app.ui.figures.figures import Edge, Figure, Node, Place, Zone

_NODE = Zone(id="worker", corners={"tb": (0, 0, 300, 88)}, name_at={"tb": ("t", "l")})
_AWS = Zone(id="aws", corners={"tb": (0, 152, 300, 240)}, name_at={"tb": ("b", "l")})


def _box(name: str, zone: str, at: Place) -> Node:
    return Node(id=name, zone=zone, at={"tb": at})


def _figure(scheme: CredentialScheme, nodes: tuple[Node, ...], edges: tuple[Edge, ...], *zones: Zone) -> Figure:
    return Figure(name=f"scheme_{scheme}", zones=zones or (_NODE, _AWS), nodes=nodes, edges=edges)


_POD = _box("pod", "kubernetes", (56, 52))

SCHEME_FIGURES: dict[CredentialScheme, Figure] = {
    CredentialScheme.NODE_ROLE: _figure(
        CredentialScheme.NODE_ROLE,
        (
            _box("every_pod", "kubernetes", (62, 52)),
            _box("imds", "aws", (62, 188)),
            _box("node_role", "aws", (236, 188)),
        ),
        (
            Edge(id="shows_nothing", tail="every_pod", head="imds"),
            Edge(id="hands_out", tail="node_role", head="imds", label_at={"tb": (152, 188)}),
        ),
    ),
    CredentialScheme.KUBE2IAM: _figure(
        CredentialScheme.KUBE2IAM,
        (_POD, _box("kube2iam", "kubernetes", (238, 52)), _box("sts", "aws", (238, 188))),
        (
            Edge(id="shows_address", tail="pod", head="kube2iam", label_at={"tb": (140, 52)}),
            Edge(id="node_assumes", tail="kube2iam", head="sts", label_at={"tb": (238, 120)}),
        ),
    ),
    CredentialScheme.KIAM: _figure(
        CredentialScheme.KIAM,
        (
            _POD,
            _box("kiam_agent", "kubernetes", (238, 52)),
            _box("kiam_server", "kubernetes", (58, 188)),
            _box("sts", "aws", (252, 188)),
        ),
        (
            Edge(id="shows_address", tail="pod", head="kiam_agent", label_at={"tb": (140, 52)}),
            Edge(id="asks_server", tail="kiam_agent", head="kiam_server"),
            Edge(id="server_assumes", tail="kiam_server", head="sts", label_at={"tb": (164, 188)}),
        ),
        _NODE,
        Zone(id="kiam_node", corners={"tb": (0, 152, 116, 240)}, name_at={"tb": ("b", "l")}),
        Zone(id="aws", corners={"tb": (206, 152, 300, 240)}, name_at={"tb": ("b", "l")}),
    ),
    CredentialScheme.IRSA: _figure(
        CredentialScheme.IRSA,
        (_POD, _box("sts", "aws", (56, 188)), _box("keys_of_issuer", "kubernetes", (224, 188))),
        (
            Edge(id="shows_token", tail="pod", head="sts"),
            Edge(id="reads_keys", tail="sts", head="keys_of_issuer", label_at={"tb": (126, 188)}),
        ),
    ),
    CredentialScheme.POD_IDENTITY: _figure(
        CredentialScheme.POD_IDENTITY,
        (
            _POD,
            _box("identity_agent", "kubernetes", (238, 52)),
            _box("eks_auth", "aws", (246, 188)),
            _box("sts", "aws", (44, 188)),
        ),
        (
            Edge(id="shows_token", tail="pod", head="identity_agent", label_at={"tb": (140, 52)}),
            Edge(id="agent_signs", tail="identity_agent", head="eks_auth", label_at={"tb": (230, 120)}),
            Edge(id="eks_assumes", tail="eks_auth", head="sts", label_at={"tb": (142, 188)}),
        ),
    ),
}
"""By scheme. Each suits every screen, so each has one layout."""
