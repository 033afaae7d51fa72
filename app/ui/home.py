"""The first page: what this is, everyone who takes part, how the chain stands, and where to begin."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.model import Status, Step
from app.ui import components, diagram, language, navigation, session
from app.ui.checks import mark
from app.ui.figures import FLOW
from app.ui.text import escape, prose


def home() -> None:
    """Draws the home page."""
    content, visit = language.content(), session.visit()
    lesson = content.lesson("home")

    with navigation.onward("home", content):
        # (1) What this is, and the way in.
        st.title(lesson.title, anchor=False)
        if st.button(content.message("ui.start"), type="primary", icon=":material/hiking:", key="start"):
            navigation.go("why")
        diagram.draw(FLOW, content, visit.walk)

        # (2) How the chain stands, and the lesson's words.
        components.block(_verdict(visit, content), key="verdict")
        for column, anchors in zip(
            st.columns(2, gap="large"), (("intro", "choose"), ("story", "analogy")), strict=True
        ):
            with column:
                for anchor in anchors:
                    section = lesson.section(anchor)
                    st.subheader(section.heading, anchor=False)
                    st.markdown(section.body)


def _verdict(visit: session.Visit, content: Content) -> str:
    """The verdict on the whole walk, and each step with how it ended."""
    verdict = visit.walk.verdict
    step = content.message(f"steps.{verdict.step}.short") if verdict.step else ""
    check = content.check(verdict.check.id).fill(verdict.check, visit.walk.subject).title if verdict.check else ""
    sentence = content.message(f"verdict.{verdict.status}", step=step, check=check)
    return (
        f'<div class="outcome {verdict.status}" role="status">{mark(verdict.status, content)}'
        f'<div><p>{prose(sentence)}</p><p class="quiet">{_steps(visit, content)}</p></div></div>'
    )


def _steps(visit: session.Visit, content: Content) -> str:
    passed = sum(check.status is Status.PASSED for report in visit.walk for check in report.checks)
    total = sum(len(report.checks) for report in visit.walk)
    counted = content.message("screens.counted", passed=passed, total=total, steps=len(Step))
    return escape(f"{counted} · {content.message('ui.ran_in', milliseconds=f'{visit.seconds * 1000:.0f}')}")
