"""What comes before every page: the walk that it is about, or what stands in its way."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.model import Step
from app.ui.draw import components, notice
from app.ui.frame import navigation
from app.ui.marks import NUMBERS
from app.ui.state import address, depth, language, live, live_selection, mode, session
from app.ui.state.walk_view import WalkView
from app.ui.text import escape


def ensure_walk(content: Content) -> WalkView | None:
    """The walk, made where there is none yet; None where a real cluster allows none."""
    look = {**language.query_params(), **depth.query_params(), **({} if mode.was_refused() else mode.query_params())}
    if mode.can().walk_cluster:
        chosen = live_selection.state()
        address.read(chosen)
        walk_view = live.ensure_walk(content)
        address.write(chosen, look)
        return walk_view
    address.put(look)
    place = st.empty()  # in every run, so that what follows it stays where it is
    if kept := session.kept_walk_view():
        return kept
    with place, st.spinner(content.message("ui.running")):
        return session.simulated_walk_view()


def show_notices(walk_view: WalkView | None, content: Content) -> None:
    """What the reader has to know before anything else: the mode, why it is not the one that was asked for, silence."""
    st.html(_mode(walk_view, content))
    if loss := session.loss():
        notice.lost(loss, content)
    if mode.was_refused() and (refused := mode.refusal()):
        notice.show(refused, content, key="refused")
    elif mode.can().walk_cluster and walk_view:
        if problem := live_selection.state().problem:
            notice.show(problem, content, key="problem")
        notice.silence(walk_view, content)


def _mode(walk_view: WalkView | None, content: Content) -> str:
    """The mode, and in live mode what the page is about: where the sidebar is folded it stands nowhere else."""
    if not mode.can().walk_cluster:
        return f'<p class="mode simulated"><strong>{escape(content.message("ui.mode_simulated"))}</strong></p>'
    names = [live_selection.cluster(content)]
    if walk_view:
        subject = walk_view.walk.subject
        names += [f"{subject.namespace}/{subject.service_account}", subject.pod]
    shown = " · ".join(escape(name) for name in names if name)
    return f'<p class="mode"><strong>{escape(content.message("ui.mode_live"))}</strong> {shown}</p>'


def without_walk(name: str, content: Content) -> None:
    """The title and the aim of a page that needs a walk, and why there is no more."""
    lesson = content.lesson(name)
    with navigation.onward(name, content):
        st.title(f"{NUMBERS[Step(name)]} {lesson.title}" if name in list(Step) else lesson.title, anchor=False)
        components.goal(lesson.section("goal").body)
        if problem := live_selection.state().problem:
            notice.show(problem, content, key="problem")
