"""Draws the map's edges: `python -m app.ui.map.render_map`. Needs Graphviz's `neato`.

The boxes stand where `geometry` says; Graphviz only leads the edges around them. The browser draws from the file.
"""

from __future__ import annotations

import json
import subprocess
from typing import cast

import graphviz

from app.locations import ASSETS
from app.ui.map.geometry import BOXES, EDGES, HEIGHT, SDK, WIDTH, ZONES, Port, point

FILE = ASSETS / "scripts" / "map" / "geometry.js"
_DECLARED = "const MAP_GEOMETRY = "
_INCH = 72
_OUT = 8
"""The distance between the end of an edge and its box: the splines keep clear of the boxes, and an arrow's tip needs
room."""
_NAME = (200, 24)
"""The width and height of a zone's name, which no edge crosses."""
_OUTWARDS = {"n": (0, -1), "e": (1, 0), "s": (0, 1), "w": (-1, 0)}


def dot() -> str:
    """The boxes as obstacles, and the edges between points before them, as DOT for `neato -n`."""
    graph = graphviz.Digraph(
        graph_attr={"splines": "true", "esep": "+4"},
        node_attr={"shape": "box", "fixedsize": "true", "label": ""},
        edge_attr={"arrowhead": "none"},
    )
    for box in BOXES:
        left, top, width, height = box.frame
        graph.node(
            box.id,
            pos=_pinned(left + width / 2, top + height / 2),
            width=f"{width / _INCH:.4f}",
            height=f"{height / _INCH:.4f}",
        )
    for zone in ZONES:
        x, y = zone.name_at
        graph.node(
            f"{zone.id}_name",
            pos=_pinned(x + _NAME[0] / 2, y - _NAME[1] / 2),
            width=f"{_NAME[0] / _INCH:.4f}",
            height=f"{_NAME[1] / _INCH:.4f}",
        )
    for edge in EDGES:
        for end, port in (("tail", edge.tail), ("head", edge.head)):
            graph.node(f"{edge.id}_{end}", pos=_pinned(*_before(port)), shape="point", width="0.01", height="0.01")
        graph.edge(f"{edge.id}_tail", f"{edge.id}_head")
    return str(graph.source)


def _before(port: Port) -> tuple[float, float]:
    x, y = point(port)
    right, down = _OUTWARDS[port.side]
    return x + _OUT * right, y + _OUT * down


def _pinned(x: float, y: float) -> str:
    return f"{x:g},{HEIGHT - y:g}!"  # DOT's y points up


def render() -> str:
    """The whole geometry as a script that declares it: zones, boxes with their rows, edges as SVG paths.

    Raises `FileNotFoundError` where there is no `neato`, and `CalledProcessError` where it fails.
    """
    drawn = subprocess.run(
        ["neato", "-n", "-Tjson"],  # noqa: S607 - wherever Graphviz is installed
        input=dot(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = json.loads(drawn)
    named = {part["name"]: part for part in found["objects"]}
    by_number = {part["_gvid"]: part["name"] for part in found["objects"]}

    # Graphviz moves the whole to its own origin: the place of one box shows by how much.
    left, top, width, height = BOXES[0].frame
    x, y = (float(number) for number in named[BOXES[0].id]["pos"].split(","))
    right, up = left + width / 2 - x, HEIGHT - top - height / 2 - y
    splines = {
        by_number[edge["tail"]].removesuffix("_tail"): [
            (x + right, HEIGHT - y - up) for part in edge["_draw_"] if part["op"] == "b" for x, y in part["points"]
        ]
        for edge in found["edges"]
    }
    geometry = {
        "size": [WIDTH, HEIGHT],
        "zones": [{"id": zone.id, "box": zone.frame, "name": zone.name_at} for zone in ZONES],
        "boxes": [{"id": box.id, "zone": box.zone, "box": box.frame, "rows": box.rows} for box in BOXES],
        "sdk": SDK,
        "edges": [
            {
                "id": edge.id,
                "from": edge.tail.box,
                "to": edge.head.box,
                "reference": edge.reference,
                "path": _path(splines[edge.id]),
            }
            for edge in EDGES
        ],
    }
    return _readable(geometry)


def _path(spline: list[tuple[float, float]]) -> str:
    """A B-spline of Graphviz, which is a sequence of cubic Bézier curves, as an SVG path."""
    start, *others = (f"{x:.1f} {y:.1f}" for x, y in spline)
    return f"M{start}C{' '.join(others)}"


def _readable(geometry: dict[str, object]) -> str:
    """The JSON with a line for each zone, box and edge, so that a diff shows what changed in the figure."""
    lines = []
    for name, value in geometry.items():
        if name in ("zones", "boxes", "edges"):
            parts = ",\n".join(f"  {json.dumps(part)}" for part in cast("list[object]", value))
            lines.append(f" {json.dumps(name)}: [\n{parts}\n ]")
        else:
            lines.append(f" {json.dumps(name)}: {json.dumps(value)}")
    return _DECLARED + "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Draws the file."""
    FILE.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
