"""The first page: what this is, where to begin, everyone who takes part, how the chain stands, the passport analogy."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.model import Status, Step
from app.flow.verdict.link_states import chain_state
from app.ui.draw import components
from app.ui.draw.checks import mark
from app.ui.draw.links import page_link
from app.ui.draw.prose import markdown
from app.ui.draw.sections import draw_section
from app.ui.figures import diagram
from app.ui.figures.figures import FLOW
from app.ui.frame import navigation
from app.ui.state import language, session
from app.ui.text import escape, prose


def home() -> None:
    """Draws the home page."""
    content, walk_view = language.content(), session.walk_view()

    with navigation.onward("home", content):
        # (1) What this is, and the ways in.
        lesson = content.lesson("home")
        intro = lesson.section("intro")
        goal, _, more = intro.body.partition("\n\n")
        st.title(lesson.title, anchor=False)
        components.goal(goal)
        components.block(_paths(content), key="paths")
        diagram.draw(
            FLOW,
            content,
            walk_view.walk,
            chain_state(walk_view.walk, session.diagnosis(walk_view).checks),
            answered=False,
        )

        # (2) How the chain stands, and the story in words.
        components.block(_verdict(walk_view, content), key="verdict")
        left, right = st.columns(2, gap="large")
        with left:
            heading = f"<h2>{escape(intro.heading)}</h2>"
            components.block(f'<section class="prose">{heading}{markdown(more, content)}</section>', key="intro_home")
        with right:
            draw_section("story", "home", content)

        # (3) The analogy, step by step.
        draw_section("analogy", "home", content)
        components.block(_analogy(content), key="passport")


def _paths(content: Content) -> str:
    """A card for each kind of reader."""
    ways: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("learner", "why", {"depth": "1"}),
        ("presenter", "home", {"present": "1"}),
        ("operator", "doctor", {}),
    )
    cards = []
    for reader, page, params in ways:
        name, leads = (content.message(f"home.paths.{reader}.{part}") for part in ("name", "leads"))
        label = f'<strong>{escape(name)}</strong><span class="leads">{prose(leads)}</span>'
        card = page_link(content, page, label, attributes=' class="path"', **params)
        cards.append(f"<li>{card}</li>")
    return f'<ul class="paths" aria-label="{escape(content.message("home.choose"))}">{"".join(cards)}</ul>'


def _analogy(content: Content) -> str:
    """Each step beside its part of the journey, and where the comparison breaks."""
    columns = ("step", "travel", "irsa", "breaks")
    head = "".join(f'<th scope="col">{escape(content.message(f"home.passport.{key}"))}</th>' for key in columns)
    rows = []
    for step in Step:
        link = page_link(content, step, escape(navigation.name(step, content)))
        cells = "".join(
            f'<td data-column="{escape(content.message(f"home.passport.{key}"))}">'
            f"{prose(content.message(f'home.passport.{step}.{key}'))}</td>"
            for key in columns[1:]
        )
        rows.append(f'<tr><th scope="row">{link}</th>{cells}</tr>')
    return f'<table class="passport"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _verdict(walk_view: session.WalkView, content: Content) -> str:
    """The doctor's verdict, and how many checks of the walk led to it."""
    verdict = session.diagnosis(walk_view).verdict
    step = content.message(f"steps.{verdict.step}.short") if verdict.step else ""
    check = content.check(verdict.check.id).fill(verdict.check, walk_view.walk.subject).title if verdict.check else ""
    sentence = content.message(f"verdict.{verdict.status}", step=step, check=check)
    words = escape(content.message("home.look", step=step))
    link = f"<p>{page_link(content, verdict.step, words)}</p>" if verdict.step else ""
    return (
        f'<div class="outcome {verdict.status}" role="status">{mark(verdict.status, content)}'
        f'<div><p>{prose(sentence)}</p>{link}<p class="quiet">{_steps(walk_view, content)}</p></div></div>'
    )


def _steps(walk_view: session.WalkView, content: Content) -> str:
    passed = sum(check.status is Status.PASSED for report in walk_view.walk for check in report.checks)
    total = sum(len(report.checks) for report in walk_view.walk)
    counted = content.message("screens.counted", passed=passed, total=total, steps=len(Step))
    return escape(f"{counted} · {content.message('ui.ran_in', milliseconds=f'{walk_view.seconds * 1000:.0f}')}")
