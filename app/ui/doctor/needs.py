"""The permissions that the Pod needs, as the reader enters them. The role is judged by these, and not by the Pod's
command line."""

from __future__ import annotations

import re

import streamlit as st

from app.content import Content
from app.flow.doctor import Diagnosis, diagnose
from app.flow.errors import FlowError
from app.flow.model import NO_ACTION, Step, Walk
from app.flow.permissions.asked import AskedAction, needed
from app.flow.steps import access
from app.flow.steps.walk import walk_through
from app.report import verdict_words
from app.ui.draw import components, notice
from app.ui.draw.checks import framed
from app.ui.state import live, live_selection, mode, session
from app.ui.state.walk_view import WalkView
from app.ui.text import prose

LONGEST = 2048
"""Characters of an entry at most: as many as an ARN may have, and enough for more actions than a Pod needs."""
_ACTIONS, _RESOURCE = "needed_actions", "needed_resource"
_SAID = "needed"
"""In the session: the walk of the simulated world, and what was entered for it. In live mode the choice keeps the
entry."""
_PROBLEM = "needed_problem"
"""In the session: why the last entry is not valid."""
_ABOUT = "needed_about"
"""In the session: the ServiceAccount that the fields are about, and what is kept of them."""
_DIAGNOSIS = "needed_diagnosis"


def said(walk_view: WalkView) -> tuple[AskedAction, ...]:
    """The actions that the Pods of this ServiceAccount need, as the reader has entered them."""
    if mode.can().walk_cluster:
        return live_selection.state().needed
    of, asked = st.session_state.get(_SAID, (None, ()))
    return asked if of == walk_view.walk.subject else ()


def diagnosis(walk_view: WalkView) -> Diagnosis:
    """The diagnosis of a walk, in which the role is judged by the reader's entry.

    In the simulated world it is of another walk, so that the pages of the story still show what their Pod does.
    """
    asked = said(walk_view)
    if walk_view.diagnosis or not asked:
        return session.diagnosis(walk_view)
    kept = st.session_state.get(_DIAGNOSIS)
    if not kept or kept[0] is not walk_view or kept[1] != asked:
        ports, subject = session.simulated_ports(), walk_view.walk.subject
        made = Walk(subject=subject, reports=tuple(walk_through(ports, subject, asked)))
        kept = st.session_state[_DIAGNOSIS] = (walk_view, asked, diagnose(ports, made))
    found: Diagnosis = kept[2]
    return found


def form(walk_view: WalkView, found: Diagnosis, content: Content) -> None:
    """Two fields, what is wrong with them, and whether the role allows what was entered."""
    asked = said(walk_view)
    _begin(walk_view, asked)
    problem = st.session_state.get(_PROBLEM)
    with st.expander(
        content.message("doctor_page.needs"), icon=":material/policy:", expanded=bool(asked or problem), key="needs"
    ):
        with st.form("needs_form", border=False):
            st.text_input(
                content.message("doctor_page.needs_actions"),
                key=_ACTIONS,
                max_chars=LONGEST,
                placeholder="dynamodb:GetItem",
                help=content.message("doctor_page.needs_actions_help"),
            )
            st.text_input(
                content.message("doctor_page.needs_resource"),
                key=_RESOURCE,
                max_chars=LONGEST,
                placeholder="arn:aws:dynamodb:REGION:ACCOUNT:table/NAME",
                help=content.message("doctor_page.needs_resource_help"),
            )
            label = content.message("doctor_page.needs_do")
            st.form_submit_button(label, key="do_needs", icon=":material/rule:", on_click=_take, args=(walk_view,))
        if isinstance(problem, FlowError):
            components.block(notice.notice(problem, content), key="notice_needs")
        elif asked:
            components.block(_outcome(found, content), key="needs_outcome")


def _begin(walk_view: WalkView, asked: tuple[AskedAction, ...]) -> None:
    """Fills the fields with what is kept, where they come with the page, or are about another ServiceAccount now."""
    about = _about(walk_view, asked)
    if _ACTIONS in st.session_state and st.session_state.get(_ABOUT) == about:
        return
    st.session_state.pop(_PROBLEM, None)
    st.session_state[_ABOUT] = about
    st.session_state[_ACTIONS] = " ".join(it.action for it in asked)
    st.session_state[_RESOURCE] = asked[0].resource if asked else ""


def _about(walk_view: WalkView, asked: tuple[AskedAction, ...]) -> tuple[str, str, tuple[AskedAction, ...]]:
    subject = walk_view.walk.subject
    return subject.namespace, subject.service_account, asked


def _take(walk_view: WalkView) -> None:
    """Keeps what was typed. Where it is nothing that a Pod can need, the previous entry stays."""
    actions, resource = (str(st.session_state.get(key) or "").strip() for key in (_ACTIONS, _RESOURCE))
    try:
        asked = needed(filter(None, re.split(r"[\s,、]+", actions)), resource)
    except FlowError as error:
        st.session_state[_PROBLEM] = error
        return
    st.session_state.pop(_PROBLEM, None)
    st.session_state[_ABOUT] = _about(walk_view, asked)
    if mode.can().walk_cluster:
        live.need(asked)
    else:
        st.session_state[_SAID] = (walk_view.walk.subject, asked)


def _outcome(found: Diagnosis, content: Content) -> str:
    """Whether the role allows it, in a line; and the evidence, where the verdict below is about something else."""
    check = found.walk.report(Step.ACCESS).check(access.POLICY)
    word = content.message(f"statuses.{check.status}")
    said_below = check == found.verdict.check or check.reason == NO_ACTION
    evidence = "" if said_below else verdict_words.evidence(check, content)
    title = verdict_words.title(check, found, content)
    sentence = prose(content.message("doctor.labelled", label=title, value=word))
    below = f"<p>{prose(evidence)}</p>" if evidence else ""
    return framed(check.status, f"<p>{sentence}</p>{below}", content)
