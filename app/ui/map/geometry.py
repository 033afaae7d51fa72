"""The places of everything on the moving map: one geometry for every page, in units of its own and not in pixels.

The parties and links are those of `app.flow.verdict.links`, and a few that only the film shows. Lanes between the boxes
are as wide as the widest card that travels through them, so that no card ever has to rest on a label.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["n", "e", "s", "w"]
Rectangle = tuple[float, float, float, float]
"""Left, top, width, height."""

WIDTH, HEIGHT = 1760, 746
_HEAD, _ROW, _PITCH, _CARD, _INSET = 54, 36, 40, 98, 12
"""In the map's units: the height of a box's name; that of a row, and the distance from one row to the next; the height
of a token with its three claims; the space between a box's side and its rows."""


@dataclass(frozen=True, kw_only=True)
class Zone:
    """A frame around the boxes that belong to it."""

    id: str
    frame: Rectangle
    name_at: tuple[float, float]
    """The left end of its name's base line."""


@dataclass(frozen=True, kw_only=True)
class Box:
    """A party, and the rows in it where what arrives stays."""

    id: str
    zone: str
    frame: Rectangle
    rows: tuple[Rectangle, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Port:
    """The point at which an edge leaves a box: the side, and how far along it (0 to 1, from the left or the top)."""

    box: str
    side: Side
    along: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Edge:
    """What one party does to another. A `reference` only points to the other party: nothing travels along it by
    itself."""

    id: str
    tail: Port
    head: Port
    reference: bool = False


def _rows(frame: Rectangle, heights: tuple[float, ...], head: float = _HEAD) -> tuple[Rectangle, ...]:
    left, top, width, _ = frame
    rows, at = [], top + head
    for height in heights:
        rows.append((left + _INSET, at, width - 2 * _INSET, height))
        at += height + _PITCH - _ROW
    return tuple(rows)


def _box(id_: str, zone: str, frame: Rectangle, *heights: float, head: float = _HEAD) -> Box:
    return Box(id=id_, zone=zone, frame=frame, rows=_rows(frame, heights, head))


_POD: Rectangle = (642, 250, 344, 434)
_POD_ROWS = _rows(_POD, (_ROW, _ROW, _ROW, _CARD))
SDK: Rectangle = (654, 532, 320, 142)
"""Inside the Pod: the program that has the credentials."""
_SDK_ROWS = _rows(SDK, (_ROW, _ROW), head=48)

ZONES = (
    Zone(id="cluster", frame=(16, 14, 994, 718), name_at=(42, 52)),
    Zone(id="internet", frame=(1036, 160, 278, 188), name_at=(1056, 334)),
    Zone(id="account", frame=(1340, 14, 404, 718), name_at=(1366, 50)),
)
BOXES = (
    _box("developer", "", (1048, 14, 254, 98)),
    _box("api_server", "cluster", (642, 76, 344, 106), _ROW),
    _box("webhook", "cluster", (42, 76, 286, 100)),
    _box("service_account", "cluster", (42, 268, 286, 126), _ROW, head=78),
    _box("kubelet", "cluster", (42, 428, 286, 88)),
    _box("instance_metadata", "cluster", (42, 618, 286, 98)),
    Box(id="pod", zone="cluster", frame=_POD, rows=_POD_ROWS + _SDK_ROWS),
    _box("issuer", "internet", (1048, 172, 254, 124), _ROW, head=78),
    _box("provider", "account", (1364, 66, 356, 142), _ROW, _ROW),
    _box("sts", "account", (1364, 268, 356, 162), _CARD),
    _box("role", "account", (1364, 490, 356, 142), _ROW, _ROW),
    _box("s3", "account", (1364, 660, 356, 58)),
    _box("thief", "", (1048, 486, 254, 142), _ROW, _ROW),
)


def _edge(id_: str, tail: tuple[str, Side, float], head: tuple[str, Side, float], *, reference: bool = False) -> Edge:
    ports = (Port(box=box, side=side, along=along) for box, side, along in (tail, head))
    return Edge(id=id_, tail=next(ports), head=next(ports), reference=reference)


EDGES = (
    _edge("publish", ("api_server", "e", 0.7), ("issuer", "w", 0.35)),
    _edge("trust", ("provider", "w", 0.8), ("issuer", "e", 0.25), reference=True),
    _edge("annotation", ("service_account", "e", 0.3), ("role", "w", 0.25), reference=True),
    _edge("policy", ("role", "e", 0.3), ("provider", "e", 0.7), reference=True),
    _edge("create", ("developer", "w", 0.6), ("api_server", "e", 0.25)),
    _edge("review", ("api_server", "w", 0.25), ("webhook", "e", 0.25)),
    _edge("read", ("webhook", "s", 0.5), ("service_account", "n", 0.5)),
    _edge("token_request", ("kubelet", "e", 0.2), ("api_server", "w", 0.6)),
    _edge("token", ("api_server", "w", 0.85), ("kubelet", "e", 0.45)),
    _edge("mount", ("kubelet", "e", 0.8), ("pod", "w", 0.68)),
    _edge("fallback", ("pod", "w", 0.9), ("instance_metadata", "e", 0.4)),
    _edge("assume", ("pod", "e", 0.55), ("sts", "w", 0.6)),
    _edge("keys", ("sts", "w", 0.15), ("issuer", "e", 0.75)),
    _edge("call", ("pod", "e", 0.9), ("s3", "w", 0.5)),
    _edge("register", ("developer", "e", 0.4), ("provider", "w", 0.35)),
    _edge("grant", ("developer", "e", 0.75), ("role", "w", 0.55)),
    _edge("hold_provider", ("sts", "n", 0.5), ("provider", "s", 0.5)),
    _edge("knock", ("sts", "w", 0.9), ("api_server", "e", 0.95)),
    _edge("hold_role", ("sts", "s", 0.5), ("role", "n", 0.5)),
    _edge("copy", ("pod", "e", 0.68), ("thief", "w", 0.5)),
    _edge("thief_sts", ("thief", "n", 0.8), ("sts", "w", 0.75)),
    _edge("thief_s3", ("thief", "s", 0.7), ("s3", "w", 0.3)),
    _edge("thief_api_server", ("thief", "n", 0.2), ("api_server", "s", 0.9)),
)


def point(port: Port) -> tuple[float, float]:
    """The coordinates of a port."""
    left, top, width, height = next(box.frame for box in BOXES if box.id == port.box)
    across, down = {"n": (port.along, 0), "s": (port.along, 1), "w": (0, port.along), "e": (1, port.along)}[port.side]
    return left + across * width, top + down * height
