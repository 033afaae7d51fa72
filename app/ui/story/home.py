"""The first page: one sentence, one picture, one button; below them other ways in, the steps, and the passport."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.film import overview
from app.flow.lessons.decks import LENGTHS
from app.flow.lessons.workshop import MINUTES
from app.flow.model import Check, Status, Step, Walk
from app.ui.draw import components, notice
from app.ui.draw.checks import framed
from app.ui.draw.links import page_link
from app.ui.draw.prose import markdown
from app.ui.draw.sections import draw_section
from app.ui.frame import navigation, not_there
from app.ui.map import film_downloads, film_view
from app.ui.state import depth, language, live_selection, mode, route, session
from app.ui.state.walk_view import WalkView
from app.ui.text import escape, prose


def home() -> None:
    """Draws the home page."""
    content, walk_view = language.content(), session.last_walk_view()

    with navigation.onward("home", content):
        # (1) What this is, why a cluster cannot be read, and where to begin: all that a newcomer needs to see.
        lesson = content.lesson("home")
        intro = lesson.section("intro")
        goal, _, more = intro.body.partition("\n\n")
        st.title(lesson.title, anchor=False)
        components.goal(goal)
        if walk_view is None and (problem := live_selection.state().problem):
            notice.show_briefly(problem, content, key="problem")
        with st.container(horizontal=True, gap="small", key="beginnings"):
            label = content.message("home.begin")
            st.button(label, key="begin", type="primary", icon=":material/play_arrow:", on_click=_begin)
            if mode.can().break_world:
                _start(content)
        _film(walk_view, content)

        # (2) Other ways in, and what there is to do.
        components.block(_paths(content), key="paths")
        heading = f"<h2>{escape(intro.heading)}</h2>"
        components.block(f'<section class="prose">{heading}{markdown(more, content)}</section>', key="intro_home")

        # (3) The six steps: in words, as a picture, and with their status.
        draw_section("story", "home", content)
        if walk_view:
            components.block(_verdict(walk_view, content), key="verdict")

        # (4) The analogy, step by step.
        draw_section("analogy", "home", content)
        components.block(_analogy(content), key="passport")


def _film(walk_view: WalkView | None, content: Content) -> None:
    """The film of the last walk: six beats that play once, and the whole film on demand."""
    if walk_view is None:
        film_view.still(content)
        return
    found = session.diagnosis(walk_view)
    whole = film_view.film_of(found, walk_view.heard)
    all_of_it = bool(st.session_state.get("whole_film"))
    if all_of_it:
        film_view.draw(whole, found, content, plays="now")
    else:
        film_view.draw(overview(whole), found, content, plays="once", ends_whole=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.toggle(content.message("home.whole_film"), key="whole_film")
        film_downloads.take_along(whole, found, content)


def _start(content: Content) -> None:
    """The choice of how the world begins: the exercise needs an empty one."""
    if session.world().start == "empty":
        st.button(
            content.message("build.go_on"),
            key="go_on_building",
            icon=":material/construction:",
            on_click=route.ask,
            args=("build",),
        )
        not_there.finished_world(content)
    else:
        label = content.message("build.begin_home")
        lost = content.message("build.begin_help")
        st.button(label, help=lost, key="begin_empty", icon=":material/construction:", on_click=_begin_empty)


def _begin_empty() -> None:
    session.reset(start="empty")
    route.ask("build")


def _begin() -> None:
    depth.to_story()
    route.ask("why")


def _paths(content: Content) -> str:
    """A card for each reader who does not begin at the beginning."""
    ways: tuple[tuple[str, str, dict[str, str]], ...] = (
        *(("presenter", "home", {"present": "1", "deck": str(length)}) for length in LENGTHS),
        ("workshop", "workshop", {}),
        ("operator", "doctor", {}),
    )
    cards = []
    for reader, page, params in ways:
        words = (f"home.paths.{reader}.{part}" for part in ("name", "leads"))
        name, leads = (content.message(key, minutes=params.get("deck", MINUTES)) for key in words)
        label = f'<strong>{escape(name)}</strong><span class="leads">{prose(leads)}</span>'
        card = page_link(content, page, label, attributes=' class="path"', **params)
        cards.append(f"<li>{card}</li>")
    return f'<ul class="paths" aria-label="{escape(content.message("home.choose"))}">{"".join(cards)}</ul>'


def _analogy(content: Content) -> str:
    """Each step beside its part of the analogy, and where the analogy breaks."""
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


def _verdict(walk_view: WalkView, content: Content) -> str:
    """The doctor's verdict, and how many checks of the walk led to it."""
    verdict = session.diagnosis(walk_view).verdict
    step = content.message(f"steps.{verdict.step}.short") if verdict.step else ""
    check = content.check(verdict.check.id).fill(verdict.check, walk_view.walk.subject).title if verdict.check else ""
    sentence = content.message(f"verdict.{verdict.key}", step=step, check=check)
    link = f"<p>{_where_shown(verdict.check, walk_view.walk, content)}</p>" if verdict.check else ""
    steps = f'<p class="quiet">{_steps(walk_view, content)}</p>'
    return framed(verdict.status, f"<p>{prose(sentence)}</p>{link}{steps}", content)


def _where_shown(check: Check, walk: Walk, content: Content) -> str:
    """A link to the page that shows the check: its step's, or the doctor's for those that the doctor adds."""
    page = next((str(report.step) for report in walk if any(own.id == check.id for own in report.checks)), "doctor")
    return page_link(content, page, escape(content.message("home.look", step=navigation.name(page, content))))


def _steps(walk_view: WalkView, content: Content) -> str:
    checks = walk_view.walk.checks
    passed = sum(check.status is Status.PASSED for check in checks)
    counted = content.message("screens.counted", passed=passed, total=len(checks), steps=len(Step))
    return escape(f"{counted} · {content.message('ui.ran_in', milliseconds=f'{walk_view.seconds * 1000:.0f}')}")
