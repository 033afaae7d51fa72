"""The one shape of every step's page: what it is about, what it came to, what happened, and what lies behind it."""

from __future__ import annotations

import time

import streamlit as st

from app.content import Content
from app.flow.model import Step, StepReport
from app.ui import actions, components, diagram, language, mode, navigation, session, wording
from app.ui.analogy import analogy
from app.ui.checks import checks, outcome
from app.ui.depth import DETAIL, WIRE, answers, deeper, depth
from app.ui.evidence import BELOW_CHECKS, BELOW_OUTCOME, VIEWS
from app.ui.figures import FLOW
from app.ui.glossary import glossary
from app.ui.instruments import INSTRUMENTS
from app.ui.journey import NUMBERS, journey
from app.ui.misconceptions import for_page
from app.ui.predict import predict
from app.ui.prose import markdown
from app.ui.recompute import recompute
from app.ui.text import escape
from app.ui.wire import wire

HEAD_START_SECONDS = 0.05
"""Within it Streamlit sends what a script has drawn so far, and a browser comes near to having drawn it."""
_LAST = "lesson"


def lesson(name: str) -> None:
    """Draws the page of the step of that name."""
    step, content, visit = Step(name), language.content(), session.visit()
    report = visit.walk.report(step)

    with navigation.onward(step, content):
        # (1) Where we are, and what this is about.
        components.block(journey(step, visit.walk, content), key="journey")
        st.title(f"{NUMBERS[step]} {content.lesson(step).title}", anchor=False)
        components.goal(content.lesson(step).section("goal").body)
        diagram.draw(FLOW, content, visit.walk, step=step, status=report.status)
        _let_it_be_drawn(step)

        # (2) The reader's prediction comes before what the world really did.
        if not predict(step, visit, content):
            return
        facts = VIEWS[step].facts(report, content)
        below = BELOW_OUTCOME[step](report, content) if step in BELOW_OUTCOME else ""
        components.block(outcome(report, visit.walk, content, facts) + below, key=f"outcome_{step}")
        actions.offer(step, visit, content)

        # (3) How it came about.
        story, words = st.columns([5, 3], gap="large")
        with story:
            told("what-happens", step, content)
        with words:
            components.block(glossary(step, content), key=f"glossary_{step}")
        analogy(step, content)

        # (4) Every check beside the evidence, and what the reader can take into their own hands.
        if depth() >= DETAIL:
            _detail(step, report, visit, content)

        # (5) What lies behind it, folded; what to keep.
        with st.container(key="behind"):
            _behind(step, report, visit, content)
        told("recap", step, content)
        deeper(content)


def _let_it_be_drawn(step: Step) -> None:
    """Whoever turns the page sees the diagram while the rest is still being made.

    Without the pause all of it arrives at once, and the browser shows nothing before it has built everything; with a
    shorter one the rest comes between the diagram and its painting. The whole page takes about as long either way:
    until then the browser is busy with the diagram (`bench/step_change.py`).
    """
    if st.session_state.get(_LAST) != step:
        st.session_state[_LAST] = step
        time.sleep(HEAD_START_SECONDS)


def told(anchor: str, page: str, content: Content) -> None:
    """A section of a page's lesson, open."""
    section = content.lesson(page).section(anchor)
    components.block(
        f'<section class="prose"><h2>{escape(section.heading)}</h2>{markdown(section.body, content)}</section>',
        key=f"{anchor}_{page}",
    )


def folded(anchor: str, page: str, content: Content, *, icon: str) -> None:
    """A section of a page's lesson, folded but for who wants all of it."""
    section = content.lesson(page).section(anchor)
    with st.expander(section.heading, icon=icon, expanded=depth() == WIRE):
        components.block(f'<div class="prose">{markdown(section.body, content)}</div>', key=f"{anchor}_{page}")


def _detail(step: Step, report: StepReport, visit: session.Visit, content: Content) -> None:
    below = BELOW_CHECKS[step](report, content) if step in BELOW_CHECKS else ""
    with st.container(key="found"):
        left, right = st.columns([1, 1], gap="large")
        with left, st.container(key="checked"):
            components.block(
                f'<h2 class="heading">{escape(content.message("ui.checks"))}</h2>'
                f"{checks(report, visit.walk.subject, content)}{below}",
                key=f"checks_{step}",
                answers=answers(DETAIL),
            )
        with right:
            components.block(VIEWS[step].evidence(report, content), key=f"evidence_{step}")
    if step in INSTRUMENTS:
        INSTRUMENTS[step](visit, content)


def _behind(step: Step, report: StepReport, visit: session.Visit, content: Content) -> None:
    """The wire, then those of the lesson's sections that do not stand open; folded but for who wants all of it."""
    opened = depth() == WIRE
    if depth() >= DETAIL:
        with st.expander(
            f"{content.message('ui.wire')} · {len(report.exchanges)}", icon=":material/cable:", expanded=opened
        ):
            components.block(wire(report.exchanges, content), key=f"wire_{step}", answers=answers(WIRE))
    folded("why", step, content, icon=":material/lightbulb:")
    with st.expander(content.lesson("misconceptions").title, icon=":material/psychology_alt:", expanded=opened):
        components.block(for_page(step, content, deep=depth() >= DETAIL), key=f"misconceptions_{step}")
    folded("what-can-go-wrong", step, content, icon=":material/healing:")
    if step is Step.STS_ASSUME and not mode.is_live():
        wording.fold(content)
    if depth() >= DETAIL:
        _recompute(step, visit, content, opened=opened)


@st.fragment
def _recompute(step: Step, visit: session.Visit, content: Content, *, opened: bool) -> None:
    """Drawn once it is unfolded: nobody waits for code that stays folded."""
    label = content.message("recompute.heading")
    fold = st.expander(
        label, icon=":material/terminal:", expanded=opened, key=f"recompute_{step}_{opened}", on_change="rerun"
    )
    if fold.open:
        with fold:
            recompute(step, visit, content)
