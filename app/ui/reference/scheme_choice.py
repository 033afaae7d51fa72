"""“Which one for me?”: the questions as choices that the address keeps, and the advice that follows."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from app.content import Content
from app.content.comparison import comparison
from app.flow.lessons.which_scheme import ANSWERS, Advice, Question, advise
from app.ui.draw import components, notice, page_errors
from app.ui.text import escape, prose


@page_errors.fragment
def draw(content: Content) -> None:
    """Draws the questions and the advice; a choice draws only this part again."""
    with st.container(key="scheme_questions"):
        chosen = {question: _choose(question, content) for question in Question}
    answers = {question: answer for question, answer in chosen.items() if answer}
    components.block(_advice(advise(answers), bool(answers), content), key="advice")


def _choose(question: Question, content: Content) -> str | None:
    """The answer to one question, from the address or the reader; None where there is none yet."""
    key = f"which_{question}"
    notice.unknown(question, ANSWERS[question], content)
    if key not in st.session_state and (asked := st.query_params.get(question)) in ANSWERS[question]:
        st.session_state[key] = asked

    def changed() -> None:
        if answer := st.session_state[key]:
            st.query_params[question] = answer
        else:
            st.query_params.pop(question, None)

    return st.segmented_control(
        content.message(f"compare.questions.{question}.ask"),
        ANSWERS[question],
        key=key,
        format_func=lambda answer: content.message(f"compare.questions.{question}.{answer}"),
        on_change=changed,
    )


def _advice(advice: Advice, answered: bool, content: Content) -> str:
    """The advice, and everything for and against it."""
    if not answered:
        return f'<div class="outcome unknown" role="status"><p>{_words(content, "nothing_yet")}</p></div>'
    scheme = content.message(f"compare.schemes.{advice.scheme}")
    verdict = _words(content, "so_far" if advice.undecided else "settled", scheme=scheme)
    asks = [prose(content.message(f"compare.questions.{question}.ask")) for question in advice.undecided]
    parts = (
        ("because", _because("reasons", advice.reasons, content)),
        ("price", _because("costs", advice.costs, content)),
        ("open", "".join(f"<li>{ask}</li>" for ask in asks)),
    )
    lists = "".join(f"<h3>{_words(content, key)}</h3><ul>{items}</ul>" for key, items in parts if items)
    return f'<div class="advice" role="status"><p class="verdict">{verdict}</p>{lists}</div>'


def _because(kind: str, found: Iterable[tuple[Question, str]], content: Content) -> str:
    return "".join(
        f"<li>{prose(content.message(f'compare.{kind}.{question}.{answer}'))} {_sources(question)}</li>"
        for question, answer in found
    )


def _sources(question: Question) -> str:
    """The sources of a reason as numbers, whose titles are their names: they also stand beside the answers below."""
    links = ", ".join(
        f'<a href="{escape(source.url)}" target="_blank" rel="noopener noreferrer" lang="en" '
        f'aria-label="{escape(source.title)}" title="{escape(source.title)}">{number}</a>'
        for number, source in enumerate(comparison().answers[question], 1)
    )
    return f'<span class="cited">[{links}]</span>'


def _words(content: Content, key: str, **values: str) -> str:
    return prose(content.message(f"compare.advice.{key}", **values))
