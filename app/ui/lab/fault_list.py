"""The choice of a fault: a list by the step of the cause, with a filter, and the faults that cannot be injected
here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from app.content import Content, load
from app.flow.model import Step
from app.ui import marks
from app.ui.draw import components
from app.ui.draw.links import page_link
from app.ui.lab import trial
from app.ui.reference import reference
from app.ui.reference.search import error_messages
from app.ui.state import address, session
from app.ui.text import escape, prose
from app.world.faults import FAULTS, LEFT_OUT, Fault, left_out
from app.world.world import World

START = ("F01", "F04", "F21", "F14", "F31", "F46")
"""The faults to begin with: those that most people meet first, from all parts of the chain."""


def listing(content: Content) -> None:
    """Draws the few to begin with, and the list of all; each entry leads to its fault."""
    label = escape(content.message("lab.filter"))
    field = f'<label class="filter">{label}<input type="search" data-filter autocomplete="off"></label>'
    here, links = session.world(), _links(content.language, address.query(content.language))
    groups = "".join(_group(step, here, links, content) for step in Step)
    start = "".join(f"<li>{links[id_]}</li>" for id_ in START)
    first, every = (escape(content.message(f"lab.{key}", count=len(FAULTS))) for key in ("start", "all"))
    reference.lookup(
        f'<div class="faults"><section><h3>{first}</h3><ul>{start}</ul></section></div><h3>{every}</h3>{field}'
        f'{reference.counted(content, "lab", len(FAULTS))}<div class="faults">{groups}</div>{_left_out(content)}'
    )


def title(fault: Fault, content: Content) -> str:
    """What is wrong, in a few words."""
    return content.message(f"faults.{fault.id}.title")


def step_name(step: str, content: Content) -> str:
    """A step's name with its number; for no step, the words that nothing fails."""
    if step == trial.NOTHING:
        return content.message("lab.nowhere")
    return marks.step_name(Step(step), content)


def _group(step: Step, here: World, links: Mapping[str, str], content: Content) -> str:
    faults = trial.of_step(step)
    if not faults:
        return ""
    entries = "".join(_entry(fault, here, links[fault.id], content) for fault in faults)
    return f"<section data-group><h3>{escape(step_name(step, content))}</h3><ul>{entries}</ul></section>"


def _entry(fault: Fault, here: World, link: str, content: Content) -> str:
    own = (fault.id, title(fault, content), step_name(fault.step, content), *error_messages(fault, here))
    words = escape(" ".join(own))
    return f'<li data-entry data-words="{words}" data-pages="{fault.step}">{link}</li>'


@lru_cache(maxsize=16)
def _links(language: str, _address: str) -> dict[str, str]:
    """By fault the link to it, kept by the address as well, because the links repeat parameters of the address."""
    content = load(language)
    return {id_: _link(fault, content) for id_, fault in FAULTS.items()}


def _link(fault: Fault, content: Content) -> str:
    label = f'<span class="number">{escape(fault.id)}</span><span>{prose(title(fault, content))}</span>'
    return page_link(content, "break_it", label, **{trial.PARAM: fault.id})


def _left_out(content: Content) -> str:
    """The numbers of the catalogue that this world cannot express, and why."""
    if not LEFT_OUT:
        return ""
    rows = "".join(
        f"<dt>F{number:02}</dt><dd>{prose(content.message(f'faults.left_out.{reason}'))}</dd>"
        for number, reason in LEFT_OUT.items()
    )
    summary = escape(content.message("lab.left_out", count=len(LEFT_OUT)))
    return f'<details class="more"><summary>{summary}</summary><dl>{rows}</dl></details>'


def unknown(asked: str, content: Content) -> None:
    """Says that the address names no fault that we know, or why the one that it names cannot be caused."""
    reason = left_out(asked)
    sentence = (
        content.message(f"faults.left_out.{reason}") if reason else content.message("lab.unknown", fault=asked[:40])
    )
    components.block(f'<div class="notice" role="alert"><div><p>{prose(sentence)}</p></div></div>', key="lab_unknown")
