"""A small figure for each scheme: what the Pod shows, to what, and who then asks AWS for credentials."""

from __future__ import annotations

from app.flow.lessons.which_scheme import CredentialScheme
from app.ui.figures.figures import Edge, Figure, Layout, Node, Place, Zone

_NODE = Zone(id="worker", corners={"tb": (0, 0, 252, 88)}, name_at={"tb": ("t", "l")})
_AWS = Zone(id="aws", corners={"tb": (0, 152, 252, 240)}, name_at={"tb": ("b", "l")})


def _box(name: str, zone: str, at: Place) -> Node:
    return Node(id=name, zone=zone, at={"tb": at})


def _figure(scheme: CredentialScheme, nodes: tuple[Node, ...], edges: tuple[Edge, ...], *zones: Zone) -> Figure:
    return Figure(name=f"scheme_{scheme}", zones=zones or (_NODE, _AWS), nodes=nodes, edges=edges)


_POD = _box("pod", "kubernetes", (44, 52))
_BESIDE_POD: dict[Layout, Place] = {"tb": (116, 52)}

SCHEME_FIGURES: dict[CredentialScheme, Figure] = {
    CredentialScheme.NODE_ROLE: _figure(
        CredentialScheme.NODE_ROLE,
        (
            _box("every_pod", "kubernetes", (54, 52)),
            _box("imds", "aws", (54, 188)),
            _box("node_role", "aws", (196, 188)),
        ),
        (
            Edge(id="shows_nothing", tail="every_pod", head="imds"),
            Edge(id="hands_out", tail="node_role", head="imds", label_at={"tb": (122, 188)}),
        ),
    ),
    CredentialScheme.KUBE2IAM: _figure(
        CredentialScheme.KUBE2IAM,
        (_POD, _box("kube2iam", "kubernetes", (200, 52)), _box("sts", "aws", (200, 188))),
        (
            Edge(id="shows_address", tail="pod", head="kube2iam", label_at=_BESIDE_POD),
            Edge(id="node_assumes", tail="kube2iam", head="sts"),
        ),
    ),
    CredentialScheme.KIAM: _figure(
        CredentialScheme.KIAM,
        (
            _POD,
            _box("kiam_agent", "kubernetes", (200, 52)),
            _box("kiam_server", "kubernetes", (200, 170)),
            _box("sts", "aws", (200, 286)),
        ),
        (
            Edge(id="shows_address", tail="pod", head="kiam_agent", label_at=_BESIDE_POD),
            Edge(id="asks_server", tail="kiam_agent", head="kiam_server", label_at={"tb": (200, 110)}),
            Edge(id="server_assumes", tail="kiam_server", head="sts", label_at={"tb": (200, 228)}),
        ),
        _NODE,
        Zone(id="kiam_node", corners={"tb": (0, 134, 252, 206)}, name_at={"tb": ("t", "l")}),
        Zone(id="aws", corners={"tb": (0, 250, 252, 338)}, name_at={"tb": ("b", "l")}),
    ),
    CredentialScheme.IRSA: _figure(
        CredentialScheme.IRSA,
        (_POD, _box("sts", "aws", (44, 188)), _box("keys_of_issuer", "kubernetes", (214, 188))),
        (
            Edge(id="shows_token", tail="pod", head="sts"),
            Edge(id="reads_keys", tail="sts", head="keys_of_issuer", label_at={"tb": (144, 188)}),
        ),
        _NODE,
        Zone(id="aws", corners={"tb": (0, 152, 110, 240)}, name_at={"tb": ("b", "l")}),
    ),
    CredentialScheme.POD_IDENTITY: _figure(
        CredentialScheme.POD_IDENTITY,
        (
            _POD,
            _box("identity_agent", "kubernetes", (200, 52)),
            _box("eks_auth", "aws", (204, 188)),
            _box("sts", "aws", (36, 188)),
        ),
        (
            Edge(id="shows_token", tail="pod", head="identity_agent", label_at=_BESIDE_POD),
            Edge(id="agent_signs", tail="identity_agent", head="eks_auth", label_at={"tb": (190, 120)}),
            Edge(id="eks_assumes", tail="eks_auth", head="sts", label_at={"tb": (114, 188)}),
        ),
    ),
}
"""By scheme. Each suits every screen, so each has one layout."""
