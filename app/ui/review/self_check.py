"""The page of the self-check: one question at a time, answered by a trial in a new world, and a score at the end."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from app.content import Content
from app.ui.draw import components
from app.ui.draw.links import page_link
from app.ui.frame import navigation
from app.ui.review import trials
from app.ui.review.questions import QUESTIONS
from app.ui.review.trials import NoOutcome, Seen
from app.ui.state import allowance, language, mode, session
from app.ui.text import escape, prose, whole_words

_KEY = "self_check"
"""Beside the world: the answers so far."""
_SENT = "self_check_sent"
"""In the session: a question and the option that was sent, until its trial has ended. If the connection drops, the run
stops, and the next run makes the trial."""
_FAILED = "self_check_failed"
"""In the session: why the last trial could not be made, as the server's message."""
_FRESH = "self_check_answered"
"""In the session: the question that was just answered; its answer gets the focus."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """The result of a question's trial."""

    outcome: str
    """The name of the outcome; empty where it is none of the outcomes that have a name."""
    seen: Seen


@dataclass(kw_only=True)
class Attempt:
    """The answers of one reader so far, and the question that they see."""

    at: int = 0
    """The index of the question that is shown; the number of questions once the score is shown."""
    chosen: dict[str, str] = field(default_factory=dict)
    """The option that was chosen, by question."""
    results: dict[str, Result] = field(default_factory=dict)
    """The result, by question. A trial is made once: a reader who begins again sees the same outcome."""

    def is_right(self, id_: str) -> bool:
        """Whether the chosen option is the outcome of the trial."""
        return self.chosen.get(id_, "") == self.results[id_].outcome if id_ in self.results else False


@navigation.leads_on("self_check")
def self_check() -> None:
    """Draws the page."""
    content, attempt = language.content(), _attempt()
    components.head("self_check", content)
    if not mode.can().break_world:
        st.caption(content.message("mode.story_world"))
    components.block(_progress(attempt, content), key="progress")
    if attempt.at >= len(QUESTIONS):
        components.top("score")
        components.block(_score(attempt, content), key="score")
        st.button(content.message("self_check.again"), key="check_again", on_click=_begin_again)
        return
    id_ = list(QUESTIONS)[attempt.at]
    components.top(id_)
    if id_ in attempt.chosen:
        fresh = st.session_state.pop(_FRESH, "") == id_
        components.block(_answered(id_, attempt, content), key=f"answered_{id_}", answers=fresh)
        last = attempt.at == len(QUESTIONS) - 1
        label = content.message("self_check.to_score" if last else "self_check.next")
        st.button(label, key="check_next", type="primary", on_click=_go_on, args=(id_,))
    else:
        _ask(id_, attempt, content)


def _ask(id_: str, attempt: Attempt, content: Content) -> None:
    key = f"check_{id_}"
    with st.container(key="check", border=True):
        language.keep(key)
        st.radio(
            f"{attempt.at + 1} / {len(QUESTIONS)}\u2003{content.message(f'self_check.questions.{id_}.ask')}",
            QUESTIONS[id_].options,
            index=None,
            key=key,
            format_func=lambda option: content.message(f"self_check.outcomes.{option}"),
            on_change="ignore",  # the page waits for the button
        )
        label = content.message("self_check.run")
        pressed = st.button(label, key="check_run", type="primary", on_click=_send, args=(id_,))
    if failed := st.session_state.pop(_FAILED, ""):
        st.error(content.message("self_check.failed", said=failed))
    about, option = st.session_state.get(_SENT, ("", ""))
    if about == id_:
        with st.spinner(content.message("self_check.running")):
            _try(id_, attempt)
        del st.session_state[_SENT]
        if id_ in attempt.results:
            attempt.chosen[id_] = option
            session.page_state()[_KEY] = attempt
            st.session_state[_FRESH] = id_
        st.rerun()
    if pressed:
        st.warning(content.message("predict.choose"))


def _send(id_: str) -> None:
    """Keeps the option that is chosen, for the trial; where none is, the page says so."""
    if option := st.session_state.get(f"check_{id_}"):
        st.session_state[_SENT] = id_, option


def _try(id_: str, attempt: Attempt) -> None:
    """Makes the question's trial, unless it was made before."""
    if id_ in attempt.results:
        return
    question = QUESTIONS[id_]
    with allowance.room_for_a_world(), session.another_world() as world:
        try:
            seen = trials.conduct(session.simulation(), world, question.change, question.asked)
        except NoOutcome as error:
            st.session_state[_FAILED] = str(error)
            return
        attempt.results[id_] = Result(outcome=trials.outcome(world, seen), seen=seen)


def _answered(id_: str, attempt: Attempt, content: Content) -> str:
    """The question with the reader's prediction, what the world did, and why."""
    result, right = attempt.results[id_], attempt.is_right(id_)
    words = f"self_check.questions.{id_}"
    status, sign, word = ("passed", "✓", "right") if right else ("failed", "✕", "wrong")
    got = content.message(f"self_check.outcomes.{result.outcome or 'other'}")
    rows = (
        ("self_check.expected", content.message(f"self_check.outcomes.{attempt.chosen[id_]}")),
        ("self_check.got", got),
    )
    facts = "".join(f"<dt>{escape(content.message(key))}</dt><dd>{prose(text)}</dd>" for key, text in rows)
    label = page_link(content, QUESTIONS[id_].read, escape(navigation.name(QUESTIONS[id_].read, content)))
    return (
        f'<h2 class="heading">{attempt.at + 1} / {len(QUESTIONS)}</h2><p>{prose(content.message(f"{words}.ask"))}</p>'
        f'<div class="outcome {status}" role="status"><span class="mark"><span aria-hidden="true">{sign}</span> '
        f"{escape(content.message(f'self_check.{word}'))}</span><div><dl>{facts}</dl></div></div>"
        f'<pre class="log"><b>$ {whole_words(escape(result.seen.command))}</b>\n{escape(result.seen.printed)}</pre>'
        f'<p>{prose(content.message(f"{words}.why"))}</p><p class="quiet">{_read(content)} {label}</p>'
    )


def _progress(attempt: Attempt, content: Content) -> str:
    """A sign for each question: right, not right, open."""
    items = []
    for place, id_ in enumerate(QUESTIONS):
        judged = ("right" if attempt.is_right(id_) else "wrong") if id_ in attempt.chosen else "open"
        sign = {"right": "✓", "wrong": "✕", "open": str(place + 1)}[judged]
        here = " aria-current=step" if place == attempt.at else ""
        name = f"{place + 1} {content.message(f'self_check.{judged}')}"
        shown = f'<span aria-hidden="true">{sign}</span><span class="unseen">{escape(name)}</span>'
        items.append(f'<li class="{judged}"{here}>{shown}</li>')
    return f'<ol class="progress" aria-label="{escape(content.message("self_check.progress"))}">{"".join(items)}</ol>'


def _score(attempt: Attempt, content: Content) -> str:
    """How many were right, and which pages explain those that were not."""
    right = sum(map(attempt.is_right, QUESTIONS))
    missed = [id_ for id_ in QUESTIONS if not attempt.is_right(id_)]
    sentence = content.message("self_check.score", right=right, total=len(QUESTIONS))
    items = "".join(
        f"<li>{prose(content.message(f'self_check.questions.{id_}.ask'))} "
        f'<span class="quiet">{_read(content)} '
        f"{page_link(content, QUESTIONS[id_].read, escape(navigation.name(QUESTIONS[id_].read, content)))}</span></li>"
        for id_ in missed
    )
    listed = f"<h3>{escape(content.message('self_check.missed'))}</h3><ul>{items}</ul>" if items else ""
    return f'<div role="status"><p class="score">{escape(sentence)}</p></div>{listed}'


def _read(content: Content) -> str:
    return escape(content.message("self_check.read"))


def _attempt() -> Attempt:
    """This reader's attempt. An attempt is kept only once it has begun: reading the page is no act in the world."""
    kept = session.page_state().get(_KEY)
    return kept if isinstance(kept, Attempt) else Attempt()


def _go_on(id_: str) -> None:
    """Leaves that question: a second click, or one in another tab that is behind, skips none."""
    attempt = _attempt()
    if attempt.at == list(QUESTIONS).index(id_):
        attempt.at += 1


def _begin_again() -> None:
    attempt = _attempt()
    attempt.at = 0
    for id_ in attempt.chosen:
        st.session_state.pop(f"check_{id_}", None)
    attempt.chosen.clear()
