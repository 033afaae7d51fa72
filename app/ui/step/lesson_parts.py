"""Parts of a step's page from its lesson: the passport, what can go wrong, and the end of the story."""

from __future__ import annotations

import re

import streamlit as st

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.json_access import get_list, get_str
from app.flow.model import HOLDS, Step
from app.flow.verdict.judge import Outcome
from app.ui.draw import components
from app.ui.draw.prose import markdown
from app.ui.draw.sections import fold
from app.ui.state.route import SECTION
from app.ui.state.runs import drawn_before
from app.ui.text import escape, prose

ANCHOR = "what-can-go-wrong"
FIRST = 3
"""How many items of the lesson's list stand open: the order is the content's."""
_SECTION = "analogy"
_ON = "analogy_on"
_ASKED = "analogy_asked"
"""In the session: the step to whose analogy the address leads, while that is the address."""


# --- the passport: an analogy through all six steps for those who want it, with where it breaks -----------------------


def analogy(step: Step, content: Content) -> None:
    """A switch, and if it is on, this step's part of the analogy. It keeps its position from step to step. An address
    that leads to the analogy switches it on."""
    asked = st.query_params.get(SECTION) == _SECTION
    if asked and st.session_state.get(_ASKED) != step:
        st.session_state[_ON] = True
    st.session_state[_ASKED] = step if asked else None
    on = bool(st.session_state.get(_ON, False))
    drawn_before.part(("analogy", step, content.language, on), lambda: _analogy(step, content, on=on))


def _analogy(step: Step, content: Content, *, on: bool) -> None:
    section, key = content.lesson(step).section(_SECTION), f"analogy_{step}"
    if st.toggle(section.heading, value=on, key=f"switch_{key}", on_change=_switched, args=(not on,)):
        body = f'<div class="prose analogy" data-section="{_SECTION}">{markdown(section.body, content)}</div>'
        components.block(body, key=key)


def _switched(on: bool) -> None:
    st.session_state[_ON] = on


# --- the close of the story, after its last step ----------------------------------------------------------------------


def close(diagnosis: Diagnosis, content: Content) -> None:
    """What this world's walk has shown. For a broken chain only that it is broken, and at which step; likewise for an
    open check."""
    walk, verdict = diagnosis.walk, diagnosis.verdict
    if verdict.outcome is Outcome.BROKEN and verdict.step:
        words = content.message("close.open", step=content.message(f"steps.{verdict.step}.short"))
    elif not walk.subject.pod or any(report.status not in HOLDS for report in walk):
        words = content.message("close.unknown")
    else:
        found = walk.report(Step.ACCESS).evidence
        values = {
            "service_account": f"{walk.subject.namespace}/{walk.subject.service_account}",
            "arn": get_str(found.get("identity"), "Arn"),
            "count": len(get_list(found, "buckets")),
        }
        words = content.message("close.shown", **values)
    heading = f"<h2>{escape(content.message('close.heading'))}</h2>"
    components.block(f'<section class="prose">{heading}<p>{prose(words)}</p></section>', key="close")


# --- what can go wrong: what readers meet first, and the rest behind it -----------------------------------------------


def going_wrong(step: str, content: Content) -> str:
    """The section “What can go wrong” of the step's lesson, as a fold."""
    section = content.lesson(step).section(ANCHOR)
    before, items, after = parts(section.body)
    count = escape(content.message("screens.rest", count=len(items) - FIRST))
    first, rest = (markdown("\n".join(some), content) for some in (items[:FIRST], items[FIRST:]))
    html = (
        f"{markdown(before, content)}{first}"
        f'<details class="more"><summary>{count}</summary>{rest}</details>{markdown(after, content)}'
    )
    return fold(section.heading, f'<div class="prose">{html}</div>', icon="healing", anchor=ANCHOR)


def parts(body: str) -> tuple[str, list[str], str]:
    """The text before the first bulleted list of a Markdown text, the items of the list, and the text after it."""
    before, _, others = body.partition("\n- ")
    listed, _, after = f"- {others}".partition("\n\n")
    return before, re.split(r"\n(?=- )", listed), after
