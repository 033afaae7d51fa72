"""The drawn figures: Graphviz writes the geometry once, and style sheets colour it for every state and theme."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import graphviz

from app.content import Content
from app.content.languages import ROOT
from app.ui.figures.figures import Figure, Layout
from app.ui.figures.scheme_figures import SCHEME_FIGURES
from app.ui.figures.story_figure import STORY
from app.ui.text import escape

FIGURES = (STORY, *SCHEME_FIGURES.values())
ROOM = "%nnnnnnnnn%"
"""The placeholder for the real name in a drawn box, as wide as a name may be."""
_LONGEST = 13
"""How many characters of a real name fit there, in the smaller type of names."""
_BOX = re.compile(r'<g id="[^"]*&#45;(\w+)" class="node box.*?</g>\n', re.DOTALL)


def dot(figure: Figure, layout: Layout, content: Content) -> str:
    """The figure as DOT for `neato -n`: places are ours, classes are for the style sheet; it sets no colours."""
    graph = graphviz.Digraph(
        graph_attr={"bgcolor": "transparent", "splines": "line", "pad": "0.03", "outputorder": "edgesfirst"},
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fontname": content.facts.diagram_font,
            "margin": "0.11,0.05",
        },
        edge_attr={"arrowsize": "0.7"},
    )
    small = layout != "lr"
    bottom = max(zone.corners[layout][3] for zone in figure.zones)

    def place(x: float, y: float) -> str:
        return f"{x:g},{bottom - y:g}!"  # DOT's y points up

    # (1) Zones: a frame with the given corners, and inside it a box that contains only the name.
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
            _words(content, node.id) + (f"\n{ROOM}" if node.named else ""),
            id=f"{figure.name}-{layout}-{node.id}",
            pos=place(*node.at[layout]),
            fontsize="12" if small else "13",
            width="0.5",
            height="0.45",
            margin="0.06,0.05" if small else "0.14,0.09",
            **{"class": f"box {node.zone}"},
        )
    # (3) Arrows, and their words as boxes without a frame: Graphviz would put them beside the line.
    places = {node.id: node.at[layout] for node in figure.nodes}
    for edge in figure.edges:
        graph.edge(edge.tail, edge.head, id=f"{figure.name}-{layout}-{edge.id}", **{"class": "arrow"})
        (x1, y1), (x2, y2) = places[edge.tail], places[edge.head]
        for key in edge.words or (edge.id,):
            suffix = key if edge.words else "label"
            graph.node(
                f"{edge.id}_{suffix}",
                _words(content, key),
                id=f"{figure.name}-{layout}-{edge.id}-{suffix}",
                pos=place(*edge.label_at.get(layout, ((x1 + x2) / 2, (y1 + y2) / 2))),
                shape="plaintext",
                style="filled",  # a plain area, or the arrow would strike the words through
                fontsize="11.5" if small else "12.5",
                width="0",
                height="0",
                margin="0.04,0.01",
                **{"class": "words"},
            )
    return str(graph.source)


def _words(content: Content, key: str) -> str:
    """The label of `key`; a bar in it is a line break."""
    return content.message(f"figure.{key}").replace("|", "\n")


def file_of(figure: Figure, layout: Layout, language: str) -> Path:
    """The path of the drawn figure: beside the language's texts, because the figure contains some of them."""
    return ROOT / language / "diagrams" / f"{figure.name}-{layout}.svg"


@cache
def _drawn(name: str, language: str) -> str:
    """Every layout of a drawn figure, as SVG elements whose class says when they are shown.

    The figure around them has their words in its name. Firefox would also read out each text in them, of every layout.
    """
    figure = next(figure for figure in FIGURES if figure.name == name)
    drawn = []
    for layout in figure.layouts:
        text_ = file_of(figure, layout, language).read_text(encoding="utf-8")
        shown = layout if len(figure.layouts) > 1 else "only"
        drawn.append(
            re.sub(r'<svg width="[^"]*" height="[^"]*"', f'<svg class="{shown}" aria-hidden="true"', text_, count=1)
        )
    return "".join(drawn)


def svg(name: str, language: str, names: Mapping[str, str]) -> str:
    """The drawn figure with real names in its boxes: `names` by box, a dash where there is none."""

    def named(box: re.Match[str]) -> str:
        real = names.get(box[1], "")
        shown = real if len(real) <= _LONGEST else f"{real[:7]}…{real[-5:]}"
        return re.sub(
            rf"<text ([^>]*)>{ROOM}</text>",
            lambda place: f'<text class="name" {place[1]}><title>{escape(real)}</title>{escape(shown or "–")}</text>',
            box[0],
        )

    return _BOX.sub(named, _drawn(name, language))
