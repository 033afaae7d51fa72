"""Buttons for the actions that send something, where the walk lacks them: each says what it does, needs and sends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st

from app.content import Content
from app.flow.model import Step, StepReport, Subject
from app.flow.port_wrappers.consent import NOT_ASKED, Action
from app.flow.port_wrappers.permissions_needed import NEEDS, Forecast, need, rules, rules_as_yaml
from app.ui.draw import components
from app.ui.draw.code import code
from app.ui.marks import unspoken
from app.ui.state import live, session
from app.ui.state.walk_view import WalkView
from app.ui.text import escape, prose


def offer(step: Step, walk_view: WalkView, content: Content) -> None:
    """The actions that would decide what a step left open; nothing where there are none."""
    draw(lacking(walk_view.walk.report(step)), walk_view, content, key=step)


def draw(wanted: Sequence[Action], walk_view: WalkView, content: Content, *, key: str) -> None:
    """The actions under their heading; nothing where there are none."""
    if wanted:
        heading = f'<h2 class="heading">{escape(content.message("actions.heading"))}</h2>'
        lead = f'<p class="caption">{prose(content.message("actions.lead"))}</p>'
        components.block(heading + lead, key=f"actions_{key}")
        _buttons(wanted, walk_view, content, key=key)


def lacking(*reports: StepReport) -> list[Action]:
    """The actions that the reader has not asked for and for which a check stays open, each once."""
    found = (need(check.id).action for report in reports for check in report.checks if check.reason == NOT_ASKED)
    return list(dict.fromkeys(action for action in found if action is not None))


def is_refused(action: Action, forecast: Forecast | None) -> bool:
    """Whether the cluster has said beforehand that it will refuse every use of an action."""
    uses = [use for use, found in NEEDS.items() if found.action is action and found.accesses]
    return forecast is not None and bool(uses) and all(forecast.of(use) is False for use in uses)


def instead(actions: Iterable[Action], content: Content, *, key: str) -> bool:
    """Draws the buttons for what an instrument sends and the reader has not asked for. Returns whether there are
    any."""
    wanted = [action for action in actions if action in session.missing(action)]
    if not wanted:
        return False
    components.block(f'<p class="caption">{prose(content.message("actions.instrument"))}</p>', key=f"lead_{key}")
    _buttons(wanted, session.walk_view(), content, key=key)
    return True


def _buttons(actions: Sequence[Action], walk_view: WalkView, content: Content, *, key: str) -> None:
    """A button for each action, and one that asks for all of them during the whole visit."""
    for action in actions:
        with st.container(border=True, key=f"action_{key}_{action}"):
            components.block(_explanation(action, walk_view, content), key=f"action_text_{key}_{action}")
            st.button(
                content.message(f"actions.{action}.do"),
                key=f"do_{key}_{action}",
                icon=":material/send:",
                on_click=live.grant,
                args=(action,),
            )
    st.button(
        content.message("actions.for_visit"),
        help=content.message("actions.for_visit_help"),
        key=f"visit_{key}",
        icon=":material/done_all:",
        on_click=live.grant_for_visit,
        args=tuple(actions),
    )


def _explanation(action: Action, walk_view: WalkView, content: Content) -> str:
    words = {part: prose(content.message(f"actions.{action}.{part}")) for part in ("does", "needs", "sends")}
    rows = "".join(
        f"<dt>{escape(content.message(f'actions.{part}'))}</dt><dd>{text}</dd>" for part, text in words.items()
    )
    return f'<dl class="action">{rows}</dl>{_allowed(action, walk_view.walk.subject, walk_view.forecast, content)}'


def _allowed(action: Action, subject: Subject, forecast: Forecast | None, content: Content) -> str:
    """The rule that the action needs, with what the cluster said about it beforehand; empty where the cluster does not
    decide about the action."""
    uses = [use for use, found in NEEDS.items() if found.action is action]
    accesses = [access for use in uses for access in need(use).of(subject)]
    if not accesses:
        return ""
    answers = {forecast.of(use) for use in uses} if forecast else {None}
    answer = "no" if False in answers else "unknown" if None in answers else "yes"
    sign = {"no": "✕", "unknown": "?", "yes": "✓"}[answer]
    status = {"no": "failed", "unknown": "unknown", "yes": "passed"}[answer]
    is_open = " open" if answer == "no" else ""
    return (
        f'<details class="more {status}"{is_open}><summary>{unspoken(sign)} '
        f"{prose(content.message(f'actions.allowed_{answer}'))}</summary>"
        f"{code(content, rules_as_yaml(rules(accesses)))}</details>"
    )
