"""The one diagram: Graphviz writes the geometry once, style sheets colour it for every step and theme."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import graphviz

from app.content import Content
from app.content.languages import ROOT
from app.flow.json_access import get, get_str
from app.flow.model import Step, Walk
from app.flow.verdict.link_states import ChainState
from app.ui.draw import components
from app.ui.figures.drawn_states import caption, description, stated, unstated
from app.ui.figures.figures import FLOW, Figure, Layout
from app.ui.figures.overview_figure import OVERVIEW
from app.ui.figures.scheme_figures import SCHEME_FIGURES
from app.ui.figures.story_figure import STORY
from app.ui.state import address, route
from app.ui.text import escape

FIGURES = (FLOW, OVERVIEW, STORY, *SCHEME_FIGURES.values())
_QUERY = "%query%"
"""Stands in a drawn link where the query goes."""
ROOM = "%nnnnnnnnn%"
"""Stands in a drawn box where the real name goes, and is as wide as a name may be."""
_LONGEST = 13
"""Characters of a real name that fit there, in the smaller type that names have."""
_BOX = re.compile(r'<g id="[^"]*&#45;(\w+)" class="node box.*?</g>\n(?:</a>\n</g>\n)?', re.DOTALL)


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
            _words(content, node.id) + (f"\n{ROOM}" if node.named else ""),
            id=f"{figure.name}-{layout}-{node.id}",
            pos=place(*node.at[layout]),
            fontsize="12" if small else "13",
            width="0.5",
            height="0.45",
            margin="0.06,0.05" if small else "0.11,0.05",
            URL=node.leads_to,
            **{"class": " ".join(("box", node.zone, *node.classes))},
        )
    # (3) Arrows, and their words as boxes without a frame: Graphviz would put them beside the line.
    places = {node.id: node.at[layout] for node in figure.nodes}
    for edge in figure.edges:
        classes = {"class": " ".join(("arrow", *edge.classes))}
        graph.edge(edge.tail, edge.head, id=f"{figure.name}-{layout}-{edge.id}", **classes)
        (x1, y1), (x2, y2) = places[edge.tail], places[edge.head]
        for key in edge.words or (edge.id,):
            suffix = key if edge.words else "label"
            graph.node(
                f"{edge.id}_{suffix}",
                _words(content, key),
                id=f"{figure.name}-{layout}-{edge.id}-{suffix}",
                pos=place(*edge.label_at.get(layout, ((x1 + x2) / 2, (y1 + y2) / 2))),
                shape="plaintext",
                style="",
                fontsize="11.5" if small else "12.5",
                width="0",
                height="0",
                margin="0",
                **{"class": " ".join(("words", *edge.classes))},
            )
    return str(graph.source)


def _words(content: Content, key: str) -> str:
    """The label of `key`; a bar in it is a line break."""
    return content.message(f"figure.{key}").replace("|", "\n")


def file_of(figure: Figure, layout: Layout, language: str) -> Path:
    """Where the drawn figure is kept: beside the words that are in it."""
    return ROOT / language / "diagrams" / f"{figure.name}-{layout}.svg"


@cache
def _drawn(name: str, language: str) -> str:
    """Every layout of a drawn figure, as SVG elements whose class says when they are shown."""
    figure = next(figure for figure in FIGURES if figure.name == name)
    drawn = []
    for layout in figure.layouts:
        text_ = file_of(figure, layout, language).read_text(encoding="utf-8")
        shown = layout if len(figure.layouts) > 1 else "only"
        drawn.append(re.sub(r'<svg width="[^"]*" height="[^"]*"', f'<svg class="{shown}"', text_, count=1))
    linked = re.sub(r'<a xlink:href="(\w+)"[^>]*>', rf'<a href="./\1?{_QUERY}" data-page="\1">', "".join(drawn))
    return linked


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

    return _BOX.sub(named, _drawn(name, language).replace(_QUERY, escape(address.query(language))))


def real_names(walk: Walk) -> dict[str, str]:
    """What the boxes of the flow are called in this walk, as far as it found them."""
    found = {name: dict(report.evidence) for name, report in ((report.step, report) for report in walk)}
    issuer = get_str(found[Step.OIDC_PROVIDER].get("cluster_discovery"), "issuer")
    return {
        "service_account": walk.subject.service_account,
        "pod": walk.subject.pod,
        "overview_pod": walk.subject.pod,
        "issuer": issuer.rpartition("/")[2],
        "role": get_str(get(found[Step.SERVICE_ACCOUNT], "role"), "RoleName"),
    }


def of_walk(figure: Figure, content: Content, walk: Walk | None, chain: ChainState | None) -> str:
    """The figure with the names of a walk in its boxes and the state of its parts; without either only the rule."""
    drawing = svg(figure.name, content.language, real_names(walk) if walk else {})
    if walk is None or chain is None:
        return unstated(drawing)
    return stated(drawing, figure, chain) + caption(figure, content, chain, walk)


_component = components.component("diagram")


def draw(
    figure: Figure,
    content: Content,
    walk: Walk | None,
    chain: ChainState | None,
    *,
    step: str = "",
    answered: bool = True,
) -> None:
    """Draws the figure with the parts of `step` lit, or all of it where there is none. Boxes lead to their step.

    Without a walk nothing has a name yet. `chain` says how its parts stand; without it the figure tells nothing of the
    walk. Before a question about the step is answered (`answered` is false), no word of the figure answers it.
    """
    states = "".join(f"{part.id}{part.state}" for part in chain.parts) + chain.keys if chain else ""
    names = real_names(walk) if walk else {}
    data = {
        "drawing": f"{figure.name}-{address.query(content.language)}-{'-'.join(names.values())}-{states}",
        "svg": of_walk(figure, content, walk, chain),
        "alt": description(figure, content, chain, step, answered=answered),
        "step": step,
        "answered": answered,
    }
    asked = _component(data=data, key=f"diagram_{figure.name}", on_go_change=components.nothing).go
    if asked:
        route.follow(asked)
