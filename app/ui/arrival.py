"""What comes before every page: the walk that it is about, or what stands in its way."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.model import Step
from app.ui import choosing, components, live, mode, notice, session
from app.ui.visit import Visit

ABOUT_A_WALK = frozenset({"home", *Step})
"""The pages that cannot be drawn without one."""


def arrive(content: Content) -> Visit | None:
    """The walk, made where there is none yet; None where a real cluster allows none."""
    if mode.is_live():
        return live.arrive(content)
    with st.spinner(content.message("ui.running")):
        return session.simulated_visit()


def hindrances(visit: Visit | None, content: Content) -> None:
    """What the reader has to know before anything else; in the simulated world nothing but a refused live mode."""
    if mode.was_refused() and (refused := mode.refusal()):
        notice.show(refused, content, key="refused")
    elif mode.is_live() and visit:
        if problem := choosing.state().problem:
            notice.show(problem, content, key="problem")
        notice.silence(visit, content)


def without_walk(name: str, content: Content) -> None:
    """The page's title and aim, and why there is no more."""
    lesson = content.lesson(name)
    st.title(lesson.title, anchor=False)
    if name in list(Step):
        components.goal(lesson.section("goal").body)
    if problem := choosing.state().problem:
        notice.show(problem, content, key="problem")
