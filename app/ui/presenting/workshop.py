"""The page of the workshop: a sheet to teach from and to print, its clock, and the buttons for those who are late."""

from __future__ import annotations

import json

import streamlit as st

from app.content import Content
from app.content.page_specs import PAGE_SPECS
from app.flow.build.tasks import TaskId
from app.flow.lessons.workshop import MINUTES, PARTS, Part, schedule
from app.flow.model import Status
from app.ui.build.state import PARAM, CaughtUp, catch_up
from app.ui.draw import components
from app.ui.draw.checks import framed, said
from app.ui.draw.links import page_link
from app.ui.draw.sections import section
from app.ui.frame import navigation
from app.ui.lab import trial
from app.ui.reference import reference
from app.ui.state import mode, route, session
from app.ui.text import escape, prose

_CAUGHT_UP = "caught_up"
"""In the session: the part for which a button for those who are late was pressed last, and its result."""

_sheet = components.component("workshop")


def workshop() -> None:
    """Draws the page."""
    content = reference.begin("workshop")
    _draw(_clock(content), "workshop_clock")
    _draw(_plan(content), "workshop_plan")
    if mode.can().break_world:
        with st.container(key="workshop_late"):
            _late(content)
    _draw(_sections(content), "sheet")


def _draw(html: str, key: str) -> None:
    asked = _sheet(data={"html": f'<div class="workshop">{html}</div>'}, key=key, on_go_change=route.linked).go
    if asked:
        route.follow(asked)


def _late(content: Content) -> None:
    """A button for each part that needs a world of its own, and the result of the last one."""
    heading, lead = (content.message(f"workshop.late.{key}") for key in ("heading", "lead"))
    components.block(f"<h2>{escape(heading)}</h2><p>{prose(lead)}</p>", key="workshop_late_text")
    with st.container(horizontal=True, gap="small"):
        for number, part in enumerate(PARTS, 1):
            if part.world:
                tasks = list(TaskId).index(part.world)
                label = content.message(f"workshop.late.{'later' if tasks else 'first'}", number=number, tasks=tasks)
                st.button(label, key=f"late_{part.id}", on_click=_catch_up, args=(part, part.world))
    kept: tuple[Part, CaughtUp] | None = st.session_state.get(_CAUGHT_UP)
    if kept and kept[1].world == session.world().path:
        components.block(_outcome(*kept, content), key="workshop_caught_up")


def _catch_up(part: Part, until: TaskId) -> None:
    if session.world().faults:
        trial.revert()
    st.session_state[_CAUGHT_UP] = (part, catch_up(until))
    st.query_params.pop(PARAM, None)


def _outcome(part: Part, caught_up: CaughtUp, content: Content) -> str:
    if caught_up.refused:
        words = prose(content.message("workshop.late.refused"))
        return f'<p class="failed">{words}</p>{said(caught_up.refused, content)}'
    if caught_up.still_open:
        number = list(TaskId).index(caught_up.still_open) + 1
        return f'<p class="failed">{prose(content.message("workshop.late.still_open", number=number))}</p>'
    number = PARTS.index(part) + 1
    status, said_of_it = Status.PASSED, content.message("workshop.late.done", number=number)
    if caught_up.further:
        task = list(TaskId).index(caught_up.further) + 1
        status, said_of_it = Status.WARNING, content.message("workshop.late.further", number=number, task=task)
    label = content.message("workshop.late.go", page=navigation.name(part.page, content))
    link = page_link(content, part.page, escape(label), **part.params)
    return framed(status, f"<p>{prose(said_of_it)}</p><p>{link}</p>", content)


def _sections(content: Content) -> str:
    """Every section of the lesson: those of the parts with their minutes."""
    parts = {f"part-{part.id}": (begins, ends) for part, begins, ends in schedule()}
    drawn = []
    for anchor in PAGE_SPECS["workshop"].anchors[1:]:
        when = ""
        if found := parts.get(anchor):
            when = f'<p class="label">{_word("from_to", content, begins=found[0], ends=found[1])}</p>'
        drawn.append(f'<div class="part">{when}{section(anchor, "workshop", content)}</div>')
    return "".join(drawn)


def _clock(content: Content) -> str:
    """The elements that the browser fills in and starts: `assets/scripts/workshop.js`. A component of its own, so that
    it stays in sight on the whole page."""
    parts = [(ends, _heading(part, content)) for part, _begins, ends in schedule()]
    words = {key: _word(f"clock.{key}", content) for key in ("heading", "start", "reset", "waits", "over")}
    pace = _word("clock.pace", content, number="{number}", time="{time}")
    return (
        f'<section class="clock no-print" aria-label="{words["heading"]}"'
        f' data-parts="{escape(json.dumps(parts))}"><b class="time" role="timer">0:00</b>'
        f'<span class="pace" data-pace="{pace}" data-over="{words["over"]}" data-waits="{words["waits"]}"></span>'
        f'<span class="unseen" aria-live="polite"></span>'
        f'<button type="button" data-clock="start">{words["start"]}</button>'
        f'<button type="button" data-clock="reset" hidden>{words["reset"]}</button>'
        f'<button type="button" data-print>{_word("print", content)}</button></section>'
    )


def _plan(content: Content) -> str:
    labels = {key: _word(key, content) for key in ("number", "minute", "part", "page", "rehearsed")}
    heads = "".join(f'<th scope="col">{label}</th>' for label in labels.values())
    rows = "".join(
        f'<tr data-until="{ends}"><td>{number}</td>'
        f'<td data-label="{labels["minute"]}">{begins}–{ends}</td>'
        f'<th scope="row">{escape(_heading(part, content))}</th>'
        f"<td>{page_link(content, part.page, escape(navigation.name(part.page, content)), **part.params)}</td>"
        f'<td data-label="{labels["rehearsed"]}">'
        f"{_word('minutes', content, minutes=f'{part.rehearsed:.1f}')}</td></tr>"
        for number, (part, begins, ends) in enumerate(schedule(), 1)
    )
    caption = _word("plan", content, minutes=MINUTES)
    head = f"<caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
    return f'<table class="plan">{head}<tbody>{rows}</tbody></table>'


def _heading(part: Part, content: Content) -> str:
    return content.lesson("workshop").section(f"part-{part.id}").heading


def _word(key: str, content: Content, **values: object) -> str:
    return escape(content.message(f"workshop.{key}", **values))
