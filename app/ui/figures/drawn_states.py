"""How the chain stands, in a drawn figure: a class for each part, the same in words, and a line below the figure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from app.content import Content
from app.flow.model import Walk
from app.flow.verdict.link_states import ChainState, Keys, PartState
from app.flow.verdict.overview import overview
from app.ui.figures.figures import Figure
from app.ui.figures.overview_figure import OVERVIEW
from app.ui.marks import NUMBERS
from app.ui.text import escape, prose

_PART = re.compile(
    r'<g id="\w+&#45;(?:lr|md|tb)&#45;(?P<id>\w+?)(?:&#45;(?P<words>\w+))?" (?:transform="[^"]*" )?class="[^"]*(?=")'
)
_WORDS_BY_KEYS = {Keys.KEPT: {"keys": "before_answer", "keys_kept": "after_answer"}}
"""By where STS had its keys from: when each of the words beside that arrow is shown. A prediction comes before."""
_NOT_KEPT = {"keys_kept": "gone"}


def part_states(figure: Figure, chain: ChainState) -> Mapping[str, PartState]:
    """The state of every part of the figure, by its id."""
    parts = overview(chain) if figure is OVERVIEW else chain.parts
    return {part.id: part for part in parts}


def stated(drawing: str, figure: Figure, chain: ChainState) -> str:
    """The drawing with the state of every part as its class."""
    states = part_states(figure, chain)
    shown = _WORDS_BY_KEYS.get(chain.keys, _NOT_KEPT)

    def classed(part: re.Match[str]) -> str:
        if part["id"] not in states:
            return part[0]
        kept = "kept" if part["id"] == "keys" and chain.keys is Keys.KEPT else ""
        extra = (str(states[part["id"]].state), kept, shown.get(part["words"] or "", ""))
        return " ".join((part[0], *filter(None, extra)))

    return _PART.sub(classed, drawing)


def unstated(drawing: str) -> str:
    """The drawing of the rule, with no walk in it."""
    return _PART.sub(lambda part: f"{part[0]} {_NOT_KEPT.get(part['words'] or '', '')}".rstrip(), drawing)


def description(
    figure: Figure, content: Content, chain: ChainState | None, step: str = "", *, answered: bool = True
) -> str:
    """The figure in words: the rule that it shows, and how each of its arrows stands in the walk."""
    rule = content.message(f"figure.alternatives.{step or ('from_afar' if figure is OVERVIEW else 'overview')}")
    if chain is None:
        return rule
    states = part_states(figure, chain)
    silent = "keys" if chain.keys is Keys.KEPT and not answered else ""
    drawn = [edge for edge in figure.edges if edge.id != silent and (not step or step in edge.classes)]
    parts = [f"{label(edge.id, content, chain)}: {_word(states[edge.id], content)}" for edge in drawn]
    broken = [f"{label(part.id, content)}: {_word(part, content)}" for part in states.values() if part.check]
    return " ".join((rule, content.message("figure.report", parts=" · ".join(dict.fromkeys((*parts, *broken))))))


def caption(figure: Figure, content: Content, chain: ChainState, walk: Walk) -> str:
    """The line below the figure, as HTML: what is red, and where that shows. Empty where nothing is broken."""
    if not chain.broken:
        return ""
    states = part_states(figure, chain)
    lines = []
    for part in states.values():
        if part.check:
            title = content.check(part.check.id).fill(part.check, walk.subject).title
            sentence = content.message("figure.broken", part=label(part.id, content), check=title)
            lines.append(f'<span aria-hidden="true">✕</span> {prose(sentence)}')
    if chain.verdict.seen and chain.verdict.seen.step is not chain.verdict.step:
        shows = chain.verdict.seen.step
        where = f"{NUMBERS[shows]} {content.message(f'steps.{shows}.short')}"
        lines.append(escape(content.message("figure.shows", step=where)))
    return f"<figcaption>{' '.join(lines)}</figcaption>"


def label(part_id: str, content: Content, chain: ChainState | None = None) -> str:
    """What stands at a box or an arrow, on one line."""
    kept = part_id == "keys" and chain is not None and chain.keys is Keys.KEPT
    words = content.message("figure.keys_kept" if kept else f"figure.{part_id}")
    return words.replace("|", " ")


def _word(part: PartState, content: Content) -> str:
    return content.message(f"figure.states.{part.state}")
