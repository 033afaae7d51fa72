"""The page of one step: where we are, what it is about, what was checked, what came of it, and what lies behind it."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.model import Step, StepReport
from app.ui import components, diagram, language, navigation, session, timeline
from app.ui.checks import checks, outcome
from app.ui.evidence import VIEWS
from app.ui.figures import FLOW
from app.ui.glossary import glossary
from app.ui.journey import NUMBERS, journey
from app.ui.text import escape, prose
from app.ui.wire import wire


def lesson(name: str) -> None:
    """Draws the page of the step of that name."""
    step, content, visit = Step(name), language.content(), session.visit()
    report = visit.walk.report(step)

    with navigation.onward(step, content):
        _draw(step, report, visit, content)


def _draw(step: Step, report: StepReport, visit: session.Visit, content: Content) -> None:
    # (1) Where we are, and what this is about.
    components.block(journey(step, visit.walk, content), key="journey")
    st.title(f"{NUMBERS[step]} {content.lesson(step).title}", anchor=False)
    components.block(f'<p class="goal">{prose(content.lesson(step).section("goal").body)}</p>', key="goal")
    diagram.draw(FLOW, content, step=step, status=report.status)

    # (2) What was checked, with what came of it, beside what was found.
    with st.container(key="found"):
        left, right = st.columns([1, 1], gap="large")
        with left, st.container(key="checked"):
            _checked(report, visit, content)
            if step is Step.TOKEN_MOUNT:
                timeline.timeline(visit, content)
            components.block(glossary(step, content), key=f"glossary_{step}")
        with right:
            components.block(VIEWS[step].evidence(report, content), key=f"evidence_{step}")

    # (3) The story; what lies behind it, folded; what to keep.
    _told("what-happens", step, content)
    with st.container(key="behind"):
        _behind(step, report, content)
    _told("recap", step, content)


def _told(anchor: str, step: Step, content: Content) -> None:
    """A section of the lesson, open."""
    section = content.lesson(step).section(anchor)
    st.subheader(section.heading, anchor=False)
    st.markdown(section.body)


def _checked(report: StepReport, visit: session.Visit, content: Content) -> None:
    subject = visit.walk.subject
    facts = VIEWS[report.step].facts(report, content)
    components.block(
        f'<h2 class="heading">{escape(content.message("ui.checks"))}</h2>{checks(report, subject, content)}'
        f"{outcome(report, subject, content, facts)}",
        key=f"checks_{report.step}",
    )


def _behind(step: Step, report: StepReport, content: Content) -> None:
    """The wire, then those of the lesson's sections that do not stand open, all folded."""
    with st.expander(f"{content.message('ui.wire')} · {len(report.exchanges)}", icon=":material/cable:"):
        components.block(wire(report.exchanges, content), key=f"wire_{step}")
    for anchor, section in content.lesson(step).sections.items():
        if anchor in _ICONS:
            with st.expander(section.heading, icon=_ICONS[anchor]):
                st.markdown(section.body)


_ICONS = {
    "why": ":material/lightbulb:",
    "misconceptions": ":material/psychology_alt:",
    "what-can-go-wrong": ":material/healing:",
    "analogy": ":material/luggage:",
}
