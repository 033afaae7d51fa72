"""Predict: a question about what a step will do, asked before the evidence is shown; the walk has the answer."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.content import Content
from app.flow.lessons.predictions import QUESTIONS, RightAnswer, outcome
from app.flow.model import Step, Walk
from app.ui.draw import components
from app.ui.draw.cached_parts import kept
from app.ui.draw.sections import places
from app.ui.state import language, mode, session
from app.ui.state.route import SECTION
from app.ui.state.runs import drawn_before
from app.ui.state.runs.plain_arguments import Labels
from app.ui.state.walk_view import WalkView
from app.ui.text import escape, prose

_KEPT = "predictions"
"""The world's path, and by step the option that was predicted; empty where the reader did not want to predict."""
_OUTCOMES = "right_answers"
"""In the session: the last walk, and by step its answer to the question; a page asks for it three times."""
_ASKED = "predict_asked"
"""In the session: the path of the world about whose walk the page asked last."""
_FRESH = "predicted"
"""In the session: the step whose prediction was just made. The browser opens its answer and leaves it so."""
_HERE = "predicted_here"
"""In the session: the step whose prediction was made since the reader came to its page."""


def prediction(step: Step, walk_view: WalkView) -> tuple[bool, str]:
    """Whether the step has a question that the reader has not answered yet; and the option that they chose and that is
    not right, empty where it is, or where they chose none.
    """
    found = _outcome(step, walk_view)
    if found is None:
        return False, ""
    made = _made(walk_view.world)
    chosen = str(made.get(step, ""))
    return step not in made, "" if chosen in ("", found.answer, found.partly) else chosen


def is_fresh(step: Step) -> bool:
    """Whether the reader has just answered or skipped the question of this step."""
    return bool(st.session_state.get(_FRESH) == step)


def was_answered_here(step: Step) -> bool:
    """Whether the reader has answered or skipped the question of this step since they came to its page from another
    step's."""
    if st.session_state.get(_HERE) != step:
        st.session_state.pop(_HERE, None)
    return _HERE in st.session_state


def predict(step: Step, walk_view: WalkView, content: Content) -> bool:
    """Asks the step's question, or shows the result of the prediction. Returns whether the evidence may be shown.

    Where the step broke, or the walk does not decide the question, nothing is asked: the break is what to look at.
    """
    found = _outcome(step, walk_view)
    if found is None:
        return True
    made = _made(walk_view.world)
    if step not in made:
        language.keep(_option(step))
        st.session_state[_ASKED] = walk_view.world
        words = f"predictions.{step}"
        question = content.message(f"{words}.question", **found.values).replace("`", "")
        options = tuple(
            (option, content.message(f"{words}.options.{option}", **found.values)) for option in QUESTIONS[step].options
        )
        # The key is the text, which is the same for most readers, and not the values of this walk.
        section = st.query_params.get(SECTION, "")
        sought = content.lesson(step).section(section).heading if section in places(step) else ""
        same = ("predict", step, content.language, question, options, sought)
        drawn_before.part(same, lambda: _ask(step, question, Labels(options), sought, content))
        return False
    fresh = st.session_state.pop(_FRESH, None) == step
    key = f"prediction_{step}"
    drawn = kept(key, lambda: _result(step, made[step], found, content), made[step], found, content.language)
    components.block(drawn, key=key, answers=fresh)
    return True


def _outcome(step: Step, walk_view: WalkView) -> RightAnswer | None:
    kept: tuple[Walk, dict[Step, RightAnswer | None]] | None = st.session_state.get(_OUTCOMES)
    if kept is None or kept[0] is not walk_view.walk:
        kept = st.session_state[_OUTCOMES] = (walk_view.walk, {})
    if step not in kept[1]:
        kept[1][step] = outcome(step, walk_view.walk)
    return kept[1][step]


def _ask(step: Step, question: str, options: Labels, sought: str, content: Content) -> None:
    """`sought`: the heading of the section that the address asks for; empty where it asks for none."""
    answer, show = (content.message(f"predict.{what}") for what in ("answer", "show"))
    with st.container(key="predict", border=True):
        if sought:
            st.html(f'<p class="before">{escape(content.message("predict.sought", section=sought, show=show))}</p>')
        if QUESTIONS[step].explained:
            st.html(f'<p class="before">{prose(content.message(f"predictions.{step}.before"))}</p>')
        # A heading of its own: the label of the radio is its accessible name, in which Markdown would be read out.
        components.block(
            f'<h2 class="heading">{escape(content.message("predict.heading"))}</h2>', key="predict_heading"
        )
        st.radio(
            question,
            QUESTIONS[step].options,
            index=None,
            key=_option(step),
            format_func=options,
            on_change="ignore",  # the page waits for the button; in a form it would not see a choice before that
        )
        with st.container(horizontal=True, gap="small"):
            # Callbacks: a page that looks for the answer itself would have to be drawn a second time to show it.
            pressed = st.button(answer, key="predict_answer", type="primary", on_click=_answer, args=(step,))
            st.button(show, key="predict_show", type="tertiary", on_click=_keep, args=(step,))
        if pressed:
            st.warning(content.message("predict.choose"))


def _answer(step: Step) -> None:
    """Keeps the option that is chosen; where none is, the page says so."""
    if option := st.session_state.get(_option(step)):
        _keep(step, option)


def _keep(step: Step, option: str = "") -> None:
    """Keeps the prediction about the walk that was asked about; an empty one for a reader who does not want to
    predict."""
    world = str(st.session_state[_ASKED])
    _place()[_KEPT] = {"world": world, "made": {**_made(world), step: option}}
    st.session_state[_FRESH] = st.session_state[_HERE] = step


def _option(step: Step) -> str:
    """The key of the choice in the session."""
    return f"predict_{step}_option"


def _place() -> Any:
    """Where predictions are kept: those about a simulated world beside it, for a page that is opened by its address."""
    return session.page_state() if mode.can().break_world else st.session_state


def _made(world: str) -> dict[str, Any]:
    """The predictions about this world. To look at them marks no world as one that its reader acted in."""
    kept = _place().get(_KEPT)
    made: dict[str, Any] = kept["made"] if kept and kept["world"] == world else {}
    return made


def _result(step: Step, predicted: str, found: RightAnswer, content: Content) -> str:
    """A line that says what was predicted and whether it was right; behind it, what happened and why."""
    words = f"predictions.{step}"

    def option(name: str) -> str:
        return content.message(f"{words}.options.{name}", **found.values)

    if predicted:
        right = predicted == found.answer
        status, mark, word = _mark(predicted, found)
        line = prose(content.message("predict.yours", option=option(predicted)))
        verdict = (
            f'<span class="mark"><span aria-hidden="true">{mark}</span> {escape(content.message(f"predict.{word}"))}'
            "</span>"
        )
    else:
        right, status, verdict = False, "shown", ""
        line = prose(content.message("predict.shown", question=content.message(f"{words}.question", **found.values)))
    answer = (
        ""
        if right
        else f"<p><strong>{prose(content.message('predict.answered', option=option(found.answer)))}</strong></p>"
    )
    if predicted and predicted == found.partly:
        missing = prose(content.message(f"{words}.missing.{predicted}", **found.values))
        answer = f'<p><span class="label">{escape(content.message("predict.missing"))}</span> {missing}</p>{answer}'
    happened = content.message(f"{words}.happened.{found.happened}", **found.values)
    parts = "".join(
        f'<p><span class="label">{escape(content.message(f"predict.{label}"))}</span> {prose(text)}</p>'
        for label, text in (("happened", happened), ("why", content.message(f"{words}.why")))
    )
    return (
        f'<details class="prediction {status}"><summary><span>{line}</span> {verdict}</summary>'
        f'<div class="answer">{answer}{parts}</div></details>'
    )


def _mark(predicted: str, found: RightAnswer) -> tuple[str, str, str]:
    """How a prediction ended: the class of its line, the sign, and the key of the word."""
    if predicted == found.answer:
        return "passed", "✓", "right"
    return ("partly", "△", "partly") if predicted == found.partly else ("failed", "✕", "wrong")
