"""A fault whose name is hidden: the evidence without a verdict, hints that open one at a time, and the form for an
answer."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.errors import FlowError
from app.flow.json_access import get_object, masked
from app.flow.model import JsonValue, Step
from app.ui.draw import components
from app.ui.lab import asking, by_hand, symptoms, trial
from app.ui.lab.fault_list import step_name, title
from app.ui.lab.symptoms import kubectl_logs
from app.ui.lab.trial import Trial
from app.ui.map import film_view
from app.ui.state import language, session
from app.ui.state.walk_view import WalkView
from app.ui.step.evidence.parts import json_document, yaml_document
from app.ui.text import escape, prose, value
from app.world.faults import FAULTS

HINTS = 3
_OBJECTS = (
    (Step.OIDC_PROVIDER, "provider"),
    (Step.OIDC_PROVIDER, "discovery"),
    (Step.SERVICE_ACCOUNT, "service_account"),
    (Step.SERVICE_ACCOUNT, "trust_policy"),
    (Step.WEBHOOK, "configuration"),
    (Step.TOKEN_MOUNT, "token"),
    (Step.ACCESS, "policies"),
)
"""The evidence that is shown unchanged: documents that do not say what is wrong with them."""


def hidden(it: Trial, content: Content) -> None:
    """Draws the documents of a world whose fault the reader is to find, and the form for the answer."""
    walk_view = session.simulated_walk_view()
    found = session.diagnosis(walk_view)
    components.block(
        f'<h2 class="heading">{escape(content.message("lab.hidden"))}</h2>'
        f"<p>{prose(content.message('lab.hidden_lead'))}</p>",
        key="lab_hidden",
    )
    film_view.still(content)
    # (1) The evidence.
    components.block(symptoms.hint_of_seen(found.verdict.seen, content), key="lab_hidden_seen")
    components.block(_evidence(walk_view, found, content), key="lab_evidence")
    # (2) Hints, and the answer.
    _hints(it, content)
    _answer(it, content)
    # (3) Or a fix without the fault's name.
    by_hand.editor(it, found, content)


def _evidence(walk_view: WalkView, found: Diagnosis, content: Content) -> str:
    heading = f'<h2 class="heading">{escape(content.message("lab.evidence"))}</h2>'
    lead = f'<p class="caption">{prose(content.message("lab.evidence_lead"))}</p>'
    parts = "".join(
        f'<details class="more"><summary>{escape(name)}</summary>{drawn}</details>'
        for name, drawn in (*_documents(walk_view, content), (content.message("lab.read"), _read(found, content)))
    )
    return f"{heading}{lead}{parts}"


def _documents(walk_view: WalkView, content: Content) -> Iterator[tuple[str, str]]:
    for step, name in _OBJECTS:
        if shown := walk_view.walk.report(step).evidence.get(name):
            drawn = yaml_document if get_object(shown, "metadata") else json_document
            yield content.message(f"evidence.{name}.title"), drawn(content, _read_off(shown))
    chain = session.world().chain
    if pod := _pod():
        yield f"Pod {chain.pod}", yaml_document(content, pod)
    if log := walk_view.log(chain.namespace, chain.pod):
        yield kubectl_logs(chain), f'<pre class="log">{escape(log)}</pre>'


def _read_off(shown: JsonValue) -> JsonValue:
    """The document without the places at which each part of a token begins and ends, which only a drawing needs."""
    return {name: part for name, part in shown.items() if name != "parts"} if isinstance(shown, dict) else shown


def _pod() -> JsonValue:
    """The Pod as the API server has it."""
    try:
        return masked(session.simulated_ports().cluster.pod(session.subject().namespace, session.subject().pod))
    except FlowError:
        return None


def _read(found: Diagnosis, content: Content) -> str:
    """Every value that a check looked at, by step, without the check's result."""
    parts = []
    for step, checks in found.steps():
        rows = {(check.where, check.got): None for check in checks if check.got and check.where}
        cells = "".join(f"<tr><td>{value(where)}</td><td>{value(got)}</td></tr>" for where, got in rows)
        if cells:
            parts.append(f"<h4>{escape(step_name(step, content))}</h4><table>{cells}</table>")
    return "".join(parts)


def _hints(it: Trial, content: Content) -> None:
    here = session.world()
    opened = "".join(
        f"<li>{prose(symptoms.hint(it.fault, number + 1, here, content))}</li>" for number in range(it.hints)
    )
    heading = f'<h2 class="heading">{escape(content.message("lab.hints"))}</h2>'
    components.block(f'{heading}<ol class="hints" aria-live="polite">{opened}</ol>', key="lab_hints")
    if it.hints < HINTS:
        label = content.message("lab.hint", number=it.hints + 1, total=HINTS)
        st.button(label, key="lab_hint", icon=":material/lightbulb:", on_click=_open_hint, args=(it,))


def _open_hint(it: Trial) -> None:
    it.hints += 1


def _answer(it: Trial, content: Content) -> None:
    """The step first, then the causes in that step, so that no list is short enough to give the fault away."""
    with st.container(border=True, key="lab_answer"):
        language.keep("lab_answer_step")
        step = st.selectbox(
            f"**{content.message('lab.which_cause_step')}**",
            list(Step),
            index=None,
            key="lab_answer_step",
            placeholder=content.message("lab.choose"),
            format_func=lambda option: step_name(option, content),
        )
        if step is not None:
            cause_key = f"lab_answer_cause_{step}"
            language.keep(cause_key)
            cause = st.selectbox(
                content.message("lab.which_cause"),
                [fault.id for fault in trial.of_step(step)],
                index=None,
                key=cause_key,
                placeholder=content.message("lab.choose"),
                format_func=lambda option: title(FAULTS[option], content).replace("`", ""),
            )
            if cause is not None:
                st.button(
                    content.message("lab.answer"),
                    key="lab_answer_give",
                    type="primary",
                    on_click=trial.answer,
                    args=(it, str(step), cause),
                )
        if it.tried:
            look = prose(content.message("lab.look_again"))
            components.block(f'{asking.answered(it, content)}<p class="quiet">{look}</p>', key="lab_answered")
    with st.container(horizontal=True, gap="small"):
        st.button(content.message("lab.give_up"), key="lab_give_up", on_click=trial.reveal, args=(it,))
        st.button(content.message("lab.stop"), key="lab_stop", type="tertiary", on_click=_stop)


def _stop() -> None:
    trial.revert()
    trial.leave()
