"""A fault with its name: where it broke, what shows it, the verdict, and the ways to fix it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.film import Film
from app.flow.model import Status, Step
from app.flow.verdict.judge import Outcome
from app.ui.doctor import diagnosis
from app.ui.draw import components
from app.ui.draw.checks import framed
from app.ui.draw.journey import journey
from app.ui.lab import asking, by_hand, others, symptoms, trial
from app.ui.lab.trial import Trial
from app.ui.map import film_view
from app.ui.state import session
from app.ui.state.walk_view import WalkView
from app.ui.text import escape, prose

_BROKEN = "broken_film"


@dataclass(frozen=True, kw_only=True)
class _BrokenFilm:
    """Kept beside the world: the film of the last fault that was in force, to play it beside the film after the fix."""

    fault_id: str
    film: Film


def broken(it: Trial, content: Content) -> Status:
    """Draws the fault: in force, fixed by hand, or reverted. Returns `PASSED` if it is gone, else `FAILED`."""
    walk_view = session.simulated_walk_view()
    found = session.diagnosis(walk_view)
    components.block(asking.heading(it.fault, content), key="lab_fault")
    is_whole = it.reverted or by_hand.is_whole(it.fault, found)
    if is_whole:  # before what was predicted, which may fill the window of a phone
        components.block(_works_again(it, walk_view, found, content), key="lab_whole")
    if it.guess:
        compared = asking.how_it_ended(
            it.guess, it.fault.step, _seen_at(it, found), None if is_whole or it.edits else found, content
        )
        components.block(compared, key="lab_guessed")
    if it.revealed:
        if it.tried:
            components.block(asking.answered(it, content), key="lab_answered")
        sentence = f'<p class="solution">{prose(asking.words(it.fault, "solution", content))}</p>'
        components.block(_labelled("lab.solution", sentence, content), key="lab_solution")
    if is_whole:
        _whole(it, walk_view, found, content)
        return Status.PASSED
    _in_force(it, walk_view, found, content)
    return Status.FAILED


def _in_force(it: Trial, walk_view: WalkView, found: Diagnosis, content: Content) -> None:
    judged, here = found.verdict, session.world()
    step = judged.step or it.fault.step
    # A reader who has predicted nothing has not read the error message yet, so it comes before the map, which may fill
    # the window.
    if not it.guess:
        _seen(walk_view, found, content)
    components.block(journey(step, walk_view.walk, content, known=_known(found, step)), key="journey")
    shown = film_view.film_of(found, walk_view.heard)
    session.page_state()[_BROKEN] = _BrokenFilm(fault_id=it.fault.id, film=shown)
    film_view.draw(shown, found, content, opens_at="whole")
    # (1) What it looks like, and which other faults look the same.
    if it.guess:
        _seen(walk_view, found, content)
    components.block(symptoms.compare(it.fault, found, here, content), key="lab_same")
    # (2) The cause.
    components.block(diagnosis.verdict(found, content), key="diagnosis")
    if found.fix:
        components.block(diagnosis.fix(found, content), key="fix")
    others.offer(it.fault, walk_view, content)
    # (3) Fixing it.
    components.block(
        f'<h2 class="heading">{escape(content.message("lab.revert_heading"))}</h2>'
        f'<p class="caption">{prose(content.message("lab.other_tabs"))}</p>',
        key="lab_revert_heading",
    )
    st.button(
        content.message("lab.revert"),
        help=content.message("lab.revert_help"),
        key="lab_revert",
        icon=":material/build:",
        type="primary",
        on_click=trial.revert,
    )
    by_hand.editor(it, found, content)


def _seen(walk_view: WalkView, found: Diagnosis, content: Content) -> None:
    here = session.world()
    exchanges = (*(exchange for report in walk_view.walk for exchange in report.exchanges), *here.log.exchanges())
    log = walk_view.log(here.chain.namespace, here.chain.pod)
    components.block(symptoms.shows(found.verdict, log, exchanges, content), key="lab_seen")


def _works_again(it: Trial, walk_view: WalkView, found: Diagnosis, content: Content) -> str:
    """That the chain works again, and what the Pod prints."""
    sentence = prose(content.message("lab.whole" if it.reverted else "lab.whole_by_hand"))
    chain = session.world().chain
    log = escape(walk_view.log(chain.namespace, chain.pod))
    printed = f'<pre class="log"><b>$ {escape(symptoms.kubectl_logs(chain))}</b>\n{log}</pre>'
    more = "" if it.reverted else by_hand.too_much(found, content)
    return framed(Status.PASSED, f"<p>{sentence}</p>{more}", content) + printed


def _whole(it: Trial, walk_view: WalkView, found: Diagnosis, content: Content) -> None:
    """The chain that works again beside the broken one, and where to go next."""
    components.block(journey(Step.ACCESS, walk_view.walk, content), key="journey")
    after = film_view.film_of(found, walk_view.heard)
    kept = session.page_state().get(_BROKEN)
    if isinstance(kept, _BrokenFilm) and kept.fault_id == it.fault.id:
        film_view.compare(kept.film, after, found, content)
    else:
        film_view.draw(after, found, content)
    if it.reverted:
        with st.container(horizontal=True, gap="small"):
            st.button(content.message("lab.to_list"), key="lab_leave", type="primary", on_click=trial.leave)
            st.button(content.message("lab.again"), key="lab_again", on_click=trial.inject, args=(it.fault, None))
    else:
        st.button(content.message("lab.put_back"), key="lab_revert", type="primary", on_click=trial.revert)
        by_hand.editor(it, found, content)


def _known(found: Diagnosis, step: Step) -> dict[Step, Status]:
    """The step of the cause and the step at which it appears. The walk may know neither, because the Pod's program does
    not do what the walk does."""
    judged = found.verdict
    shown: dict[Step, Status] = {}
    if judged.seen:
        _, *later = list(Step)[list(Step).index(judged.seen.step) :]
        shown = {judged.seen.step: Status.FAILED, **dict.fromkeys(later, Status.NOT_REACHED)}
    return {**shown, step: judged.status}


def _seen_at(it: Trial, found: Diagnosis) -> str:
    """The step at which the fault appeared: as the walk found it, as long as the chain is broken."""
    judged = found.verdict
    return str(judged.seen.step) if judged.outcome is Outcome.BROKEN and judged.seen else trial.seen_at(it.fault)


def _labelled(key: str, html: str, content: Content) -> str:
    return f'<div class="solved"><h3>{escape(content.message(key))}</h3>{html}</div>'
