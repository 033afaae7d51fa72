"""The one diagram: Graphviz writes the geometry once, style sheets colour it for every step and theme."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import graphviz
import streamlit as st

from app.content import Content
from app.ui.figures import FIGURES, FLOW, Figure, Layout

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "diagrams"
FONT = "Noto Sans CJK JP"


def dot(figure: Figure, layout: Layout, content: Content) -> str:
    """The figure as DOT for `neato -n`: places are ours, classes are for the style sheet, colours are nobody's."""
    graph = graphviz.Digraph(
        graph_attr={"bgcolor": "transparent", "splines": "line", "pad": "0.03", "outputorder": "edgesfirst"},
        node_attr={"shape": "box", "style": "rounded,filled", "fontname": FONT, "margin": "0.11,0.05"},
        edge_attr={"arrowsize": "0.7"},
    )
    small = layout == "tb"
    bottom = max(zone.corners[layout][3] for zone in figure.zones)

    def place(x: float, y: float) -> str:
        return f"{x:g},{bottom - y:g}!"  # DOT's y points up

    # (1) Zones: a frame with the corners that it says, and inside it a box that holds nothing but the name.
    for zone in figure.zones:
        left, top, right, low = zone.corners[layout]
        vertical, horizontal = zone.name_at[layout]
        centre = place((left + right) / 2, (top + low) / 2)
        for suffix, label, inset in (("", "", 0), ("-name", _words(content, zone.id) + "\\" + horizontal, 16)):
            graph.node(
                f"{zone.id}{suffix}",
                label,
                id=f"{figure.name}-{layout}-{zone.id}{suffix}",
                pos=centre,
                shape="plaintext" if suffix else "box",
                style="" if suffix else "rounded",
                width=f"{(right - left - inset) / 72:.3f}",
                height=f"{(low - top - inset) / 72:.3f}",
                fixedsize="true",
                labelloc=vertical,
                margin="0",
                fontsize="12" if small else "13",
                **{"class": f"zone {zone.id}"},
            )
    # (2) Boxes.
    for node in figure.nodes:
        graph.node(
            node.id,
            _words(content, node.id),
            id=f"{figure.name}-{layout}-{node.id}",
            pos=place(*node.at[layout]),
            fontsize="11.5" if small else "13",
            width="0.5",
            height="0.45",
            margin="0.06,0.05" if small else "0.11,0.05",
            **{"class": " ".join(("box", node.zone, *node.classes))},
        )
    # (3) Arrows, and their words as boxes without a frame: Graphviz would put them beside the line.
    places = {node.id: node.at[layout] for node in figure.nodes}
    for edge in figure.edges:
        classes = {"class": " ".join(("arrow", *edge.classes))}
        graph.edge(edge.tail, edge.head, id=f"{figure.name}-{layout}-{edge.id}", **classes)
        (x1, y1), (x2, y2) = places[edge.tail], places[edge.head]
        graph.node(
            f"{edge.id}_label",
            _words(content, edge.id),
            id=f"{figure.name}-{layout}-{edge.id}-label",
            pos=place(*edge.label_at.get(layout, ((x1 + x2) / 2, (y1 + y2) / 2))),
            shape="plaintext",
            style="",
            fontsize="10.5" if small else "12",
            width="0",
            height="0",
            margin="0",
            **{"class": " ".join(("words", *edge.classes))},
        )
    return str(graph.source)


def _words(content: Content, key: str) -> str:
    """The label of `key`; a bar in it is a line break."""
    return content.message(f"figure.{key}").replace("|", "\n")


def file_name(figure: Figure, layout: Layout, language: str) -> str:
    """Where the drawn figure is kept below `ASSETS`."""
    return f"{figure.name}-{language}-{layout}.svg"


@cache
def svg(name: str, language: str) -> str:
    """Every layout of a drawn figure, as SVG elements whose class says when they are shown."""
    figure = next(figure for figure in FIGURES if figure.name == name)
    drawn = []
    for layout in figure.layouts:
        text = (ASSETS / file_name(figure, layout, language)).read_text(encoding="utf-8")
        shown = layout if len(figure.layouts) > 1 else "only"
        drawn.append(re.sub(r'<svg width="[^"]*" height="[^"]*"', f'<svg class="{shown}"', text, count=1))
    return "".join(drawn)


_JS = """
export default function ({ data, parentElement }) {
  let figure = parentElement.querySelector("figure")
  if (!figure) {
    figure = document.createElement("figure")
    parentElement.appendChild(figure)
  }
  if (figure.dataset.drawing !== data.drawing) {
    figure.innerHTML = data.svg
    figure.dataset.drawing = data.drawing
  }
  figure.setAttribute("role", "img")
  figure.setAttribute("aria-label", data.alt)
  figure.className = data.step ? `one ${data.status}` : "all"
  for (const part of figure.querySelectorAll(".on")) part.classList.remove("on")
  for (const part of data.step ? figure.querySelectorAll("." + data.step) : []) part.classList.add("on")
}
"""
_COMPONENT = st.components.v2.component(
    "flow_diagram", css=(ASSETS / "diagram.css").read_text(encoding="utf-8"), js=_JS
)


def draw(figure: Figure, content: Content, *, step: str = "", status: str = "") -> None:
    """Draws the figure with the parts of `step` lit, or with all of it lit where there is none."""
    told = step or ("overview" if figure is FLOW else figure.name)
    data = {
        "drawing": f"{figure.name}-{content.language}",
        "svg": svg(figure.name, content.language),
        "alt": content.message(f"figure.alternatives.{told}"),
        "step": step,
        "status": status,
    }
    _COMPONENT(data=data, key=f"diagram_{figure.name}")
