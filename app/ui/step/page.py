"""The page of every step: what the step is about, its result, how that came about, and the details behind it."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from app.content import Content
from app.flow.doctor import Diagnosis
from app.flow.film import imagined
from app.flow.model import HOLDS, Status, Step, StepReport
from app.flow.verdict.link_states import ChainState
from app.ui.draw import components, consent_buttons, page_errors, sts_wording
from app.ui.draw.cached_parts import for_all, for_reader, kept
from app.ui.draw.checks import checks, of_program, outcome
from app.ui.draw.journey import journey
from app.ui.draw.sections import collapsible, draw_collapsibles, draw_section, fold, on_demand, section, unfolding
from app.ui.figures.wire import wire
from app.ui.frame import navigation
from app.ui.map import film_view
from app.ui.reference.glossary import glossary
from app.ui.reference.misconceptions import for_page
from app.ui.state import address, already_read, language, mode, session
from app.ui.state.depth import DETAIL, WIRE, answers, deeper, depth
from app.ui.state.runs import drawn_before, mounted, streamlit_sessions
from app.ui.state.walk_view import WalkView
from app.ui.step import predict
from app.ui.step.artefact import artefact
from app.ui.step.evidence import BELOW_CHECKS, BELOW_OUTCOME, VIEWS
from app.ui.step.instruments import INSTRUMENTS
from app.ui.step.lesson_parts import analogy, close, going_wrong
from app.ui.step.recompute import recompute
from app.ui.text import escape, prose

HEAD_START_SECONDS = 0.08
"""Seconds within which a browser can nearly draw what the script has drawn so far."""
_LAST = "lesson"


def lesson(name: str) -> None:
    """Draws the page of the step of that name."""
    step, content, walk_view = Step(name), language.content(), session.walk_view()
    report, found = walk_view.walk.report(step), session.diagnosis(walk_view)
    chain = found.chain
    known = {each: chain.step(each, walk_view.walk) for each in Step}
    here, read = _lead(step, known[step], walk_view), already_read.pages()
    is_broken = known[step] not in HOLDS

    with navigation.onward(step, content, is_done=here.answered):
        # (1) Where we are, and what this is about.
        with mounted.kept_mounted(), drawn_before.again():
            drawn_before.part(
                ("journey", step, content.language, *known.values(), read),
                lambda: components.block(journey(step, walk_view.walk, content, known=known, read=read), key="journey"),
            )
            answered_here = predict.was_answered_here(step) and not is_broken
            components.head(step, content, asks="" if here.answered else step, answered=answered_here)
            # Where the step broke, that is what to look at: it comes before the map, which may fill the window. The
            # container is always there, so that the map keeps its place from page to page.
            with st.container(), mounted.gone_with_its_page(), page_errors.contained(content):
                if is_broken:
                    _result(step, known[step], found, walk_view, content)
            with page_errors.contained(content):
                film_view.draw(
                    film_view.film_of(found, walk_view.heard),
                    found,
                    content,
                    part=step,
                    answered=here.answered,
                    supposed=here.supposed,
                    plays="now" if predict.is_fresh(step) else "",
                    leads=_leads(step, known, walk_view),
                )
        _let_it_be_drawn(step)

        # (2) The reader's prediction comes before the real result.
        with drawn_before.again():
            is_shown = is_broken or predict.predict(step, walk_view, content)
        if not is_shown:
            return
        already_read.mark_page(step)
        with page_errors.contained(content), drawn_before.again():
            if not is_broken:
                _result(step, known[step], found, walk_view, content)
            if depth() < DETAIL and (shown := artefact(report, content)):
                components.block(shown, key=f"artefact_{step}")

        # (3) How it came about.
        with page_errors.contained(content), drawn_before.again():
            story = for_all(f"story_{step}", lambda: _story(step, content), content.language, depth() >= DETAIL)
            components.block(story, key=f"story_{step}")
            analogy(step, content)

        # (4) Every check beside the evidence, and what the reader can take into their own hands.
        if depth() >= DETAIL:
            with page_errors.contained(content), drawn_before.again():
                _detail(step, report, walk_view, content)
            if step in INSTRUMENTS:
                with page_errors.contained(content):
                    INSTRUMENTS[step](walk_view, content)

        # (5) What lies behind it, folded; what to keep.
        with page_errors.contained(content), drawn_before.again(), st.container(key="behind"):
            if depth() >= DETAIL:
                _behind_in_detail(step, report, walk_view, content)
            else:
                _behind(step, report, walk_view, content)
            if step is Step.STS_ASSUME and mode.can().break_world:
                sts_wording.fold(content)
        with drawn_before.again():
            draw_section("recap", step, content)
            if step is list(Step)[-1]:
                close(found, content)
            deeper(content)


def _leads(step: Step, known: Mapping[Step, Status], walk_view: WalkView) -> list[tuple[str, film_view.Lead]]:
    """The buttons of this page that lead to another step."""
    steps = list(Step)
    place = steps.index(step)
    beside = (("previous", steps[:place][-1:]), ("next", steps[place + 1 :][:1]))
    return [(button, _lead(other, known[other], walk_view)) for button, others in beside for other in others]


def _lead(step: Step, status: Status, walk_view: WalkView) -> film_view.Lead:
    is_open, wrong = predict.prediction(step, walk_view)
    return film_view.Lead(
        step=step,
        answered=not (status in HOLDS and is_open),
        supposed=imagined(step, wrong) if wrong else None,
    )


def _result(step: Step, status: Status, found: Diagnosis, walk_view: WalkView, content: Content) -> None:
    """Draws how the step ended, and the buttons for what the reader has not asked for and it lacks."""
    came_of = kept(
        f"outcome_{step}",
        lambda: _came_of(walk_view.walk.report(step), status, found.chain, walk_view, content),
        *(walk_view, found, content.language, address.kept()),
    )
    components.block(came_of, key=f"outcome_{step}")
    consent_buttons.offer(step, walk_view, content)


def _came_of(report: StepReport, status: Status, chain: ChainState, walk_view: WalkView, content: Content) -> str:
    """The result of the step: for our own requests, or for the Pod's program where it did something else."""
    step, walk = report.step, walk_view.walk
    if status is not report.status:
        return of_program(step, status, chain.verdict, walk.subject, content)
    below = BELOW_OUTCOME[step](report, content) if step in BELOW_OUTCOME else ""
    return outcome(report, walk, content, VIEWS[step].facts(report, content)) + below


def _let_it_be_drawn(step: Step) -> None:
    """Lets the reader see the map of a new page while the app still makes the rest.

    Without the pause all of it arrives at once, and the browser shows nothing before it has built everything; with a
    shorter one the rest comes between the map and its painting. The whole page takes about as long either way:
    until then the browser is busy with the map (`bench/step_change.py`).
    """
    if st.session_state.get(_LAST) != step:
        st.session_state[_LAST] = step
        streamlit_sessions.let_be_drawn(HEAD_START_SECONDS)


def _story(step: Step, content: Content) -> str:
    words = f"<div>{section('what-happens', step, content)}{_beyond(step, content)}</div>"
    decides = section("decides", step, content)
    return f'<div class="narrative">{words}{glossary(step, content)}</div>{decides}'


def _beyond(step: Step, content: Content) -> str:
    """What this step shows at the next depth, for a reader of the story; empty for a reader who is there already."""
    key = f"depth.beyond.{step}"
    if depth() >= DETAIL or key not in content.messages:
        return ""
    names = {name: content.message(f"depth.{name}") for name in ("label", "detail")}
    return f'<p class="caption">{prose(content.message(key, **names))}</p>'


def _detail(step: Step, report: StepReport, walk_view: WalkView, content: Content) -> None:
    def found() -> str:
        return _found(step, report, walk_view, content)

    components.block(
        for_reader(f"found_{step}", found, walk_view, content.language), key=f"found_{step}", answers=answers(DETAIL)
    )


def _found(step: Step, report: StepReport, walk_view: WalkView, content: Content) -> str:
    below = BELOW_CHECKS[step](walk_view.walk, content) if step in BELOW_CHECKS else ""
    checked = (
        f'<h2 class="heading">{escape(content.message("ui.checks"))}</h2>'
        f"{checks(report, walk_view.walk.subject, content)}{below}"
    )
    evidence = VIEWS[step].evidence(report, content)
    return f'<div class="found"><div class="checked">{checked}</div><div class="evidence">{evidence}</div></div>'


@page_errors.fragment
def _behind_in_detail(step: Step, report: StepReport, walk_view: WalkView, content: Content) -> None:
    """As `_behind`, between two folds whose content is drawn once they are unfolded, without the rest of the page."""
    with drawn_before.again():  # Streamlit runs a fragment without what is around it
        if depth() == DETAIL:
            _wire(step, report, walk_view, content)
        _behind(step, report, walk_view, content)
        _recompute(step, walk_view, content)


def _behind(step: Step, report: StepReport, walk_view: WalkView, content: Content) -> None:
    """The lesson's sections that do not stand open; folded unless the reader wants all details, and then with the
    wire."""

    def folds() -> str:
        return _folds(step, report, content)

    if depth() == WIRE:
        drawn = for_reader(f"behind_{step}", folds, walk_view, content.language)
    else:  # only the wire is about this walk
        drawn = for_all(f"behind_{step}", folds, content.language, depth())
    draw_collapsibles(drawn, step, answers=answers(WIRE))


def _folds(step: Step, report: StepReport, content: Content) -> str:
    myths = for_page(step, content, deep=depth() >= DETAIL)
    heading = _wire_heading(report, content)
    return "".join(
        (
            fold(heading, wire(report.exchanges, content), icon="cable") if depth() == WIRE else "",
            collapsible("why", step, content, icon="lightbulb"),
            fold(content.lesson("misconceptions").title, myths, icon="psychology_alt"),
            going_wrong(step, content),
        )
    )


def _wire(step: Step, report: StepReport, walk_view: WalkView, content: Content) -> None:
    """Drawn once it is unfolded: it is as much as the rest of the page, and most readers go on without it."""
    within = on_demand(_wire_heading(report, content), icon="cable", key=f"wire_{step}")
    if within is not None:
        with within:
            shown = for_reader(f"wire_{step}", lambda: wire(report.exchanges, content), walk_view, content.language)
            components.block(shown, key=f"exchanges_{step}")


def _wire_heading(report: StepReport, content: Content) -> str:
    return f"{content.message('ui.wire')} · {len(report.exchanges)}"


def _recompute(step: Step, walk_view: WalkView, content: Content) -> None:
    """Drawn once it is unfolded: the reader does not wait for code that stays folded."""
    opened = depth() == WIRE
    label = content.message("recompute.heading")
    within = unfolding(label, icon="terminal", opened=opened, key=f"recompute_{step}_{opened}")
    if within is not None:
        with within:
            recompute(step, walk_view, content)
