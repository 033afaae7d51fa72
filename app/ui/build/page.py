"""The page of the exercise: one task at a time, all nine with their state, and the map on which the chain grows."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.build.eksctl import eksctl
from app.flow.build.plan import plan
from app.flow.build.tasks import Progress, TaskId, next_task
from app.flow.model import Status
from app.ui.build import state, views
from app.ui.build.ways import ways
from app.ui.draw import components, notice, page_errors
from app.ui.draw.checks import framed
from app.ui.draw.links import page_link
from app.ui.draw.notice import needs_a_world
from app.ui.frame import navigation
from app.ui.map import film_view
from app.ui.state import language, session, under_construction
from app.ui.text import escape, prose
from app.world.setup import building

HINTS = 3
"""How many hints each task has."""


@navigation.leads_on("build")
def build() -> bool:
    """Draws the page. Returns whether the reader has nothing left to do on it."""
    content = language.content()
    components.head("build", content)
    if needs_a_world(content):
        return True
    if session.world().start == "finished":
        words = (prose(content.message(f"build.{key}")) for key in ("begin_text", "begin_help"))
        components.block("".join(f"<p>{it}</p>" for it in words), key="build_begin_text")
        label = content.message("build.begin")
        st.button(label, key="build_begin", type="primary", icon=":material/construction:", on_click=state.begin)
        return False
    notice.unknown(state.PARAM, TaskId, content)
    found = state.current()
    shown = state.chosen(found)

    # (1) The chain as far as it has come.
    with page_errors.contained(content):
        walk_view = session.simulated_walk_view()
        pictured = under_construction.pictured(walk_view)
        shown_film, about = film_view.film_of(pictured, walk_view.heard), shown.task.about
        film_view.draw(shown_film, pictured, content, opens_at="whole", about=about, key="build_map")

    # (2) All tasks, and the one that the reader looks at.
    left, right = st.columns([5, 12], gap="large")
    with left:
        components.block(views.tasks(found, shown, content), key="build_tasks")
        st.button(
            content.message("build.check"),
            help=content.message("build.check_help"),
            key="build_check",
            icon=":material/replay:",
            on_click=session.run_again,
        )
    with right:
        _task(found, shown, content)
    return next_task(found) is None


def _task(found: tuple[Progress, ...], shown: Progress, content: Content) -> None:
    here, number = session.world(), found.index(shown) + 1
    drawn = views.task(shown, number, len(found), here.chain.subject, content)
    components.block(drawn, key=f"build_task_{shown.task.id}")
    acts = plan(shown, building.place(here))
    # In a container, so that the ways stay the same element: the reader's console then stays open when the task is
    # done.
    with st.container():
        if shown.done:
            _done(found, content)
        else:
            _hints(shown, content)
    ways(shown, acts, found[: number - 1], content)
    components.block(views.eksctl(eksctl(shown.task.id, here.chain, here.cluster_name), content), key="build_eksctl")


def _done(found: tuple[Progress, ...], content: Content) -> None:
    """Says that the exercise is done, and links to what follows."""
    upcoming = next_task(found)
    done = f"<p>{prose(content.message('build.task_done' if upcoming else 'build.all_done'))}</p>"
    if upcoming is None:
        done += f"<p>{page_link(content, 'break_it', escape(content.message('build.break_one')))}</p>"
    components.block(framed(Status.PASSED, done, content), key="build_done")
    if upcoming is not None:
        title = content.message(f"build.task_{upcoming}.title")
        label = content.message("build.next", title=title)
        st.button(label, key="build_next", type="primary", on_click=state.go_on)


def _hints(shown: Progress, content: Content) -> None:
    """The hints, one more at each press."""
    kept = f"build_hints_{session.world().path}_{shown.task.id}"
    number = int(st.session_state.get(kept, 0))
    if drawn := views.hints(shown, number, content):
        components.block(drawn, key="build_hints")
    if number < HINTS:

        def one_more() -> None:
            st.session_state[kept] = number + 1

        label = content.message("build.hint", number=str(number + 1), total=str(HINTS))
        st.button(label, key="build_hint", icon=":material/lightbulb:", type="tertiary", on_click=one_more)
