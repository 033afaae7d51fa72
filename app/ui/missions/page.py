"""The page of the missions: the list, and one mission at a time with its goals, checked in the world as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from app.content import Content
from app.content.missions import UNREADABLE, Offered
from app.flow.missions.judging import Result
from app.flow.missions.picture import parts
from app.flow.model import Status
from app.ui.build.ways import terminal
from app.ui.console import console, say_refusal
from app.ui.draw import components, notice, page_errors
from app.ui.draw.checks import framed, said
from app.ui.draw.notice import needs_a_world
from app.ui.draw.sections import draw_collapsibles, fold
from app.ui.frame import navigation
from app.ui.map import film_view
from app.ui.missions import state, views
from app.ui.state import language, session
from app.ui.text import prose
from app.world.setup import mission as start


@navigation.leads_on("missions")
def missions() -> bool:
    """Draws the page. Returns whether the mission that it shows was done."""
    content = language.content()
    components.head("missions", content)
    if needs_a_world(content):
        return True
    try:
        found = state.all_missions()
    except UNREADABLE as error:
        words = prose(content.message("mission_page.malformed"))
        components.block(f'<p class="failed">{words}</p>{said(str(error), content)}', key="missions_malformed")
        return True
    notice.unknown(state.PARAM, [it.mission.id for it in found], content)
    run = state.current()
    running = run.mission_id if run else ""
    asked = st.query_params.get(state.PARAM) or running
    shown = next((it for it in found if it.mission.id == asked), found[0])
    runs = run if run and run.mission_id == shown.mission.id else None
    results = state.results(shown, runs) if runs else ()

    # (1) The chain that the mission is about, as it is now, and how it has to change.
    on_map = ""
    with page_errors.contained(content):
        on_map = _picture(shown, results, content)

    # (2) All missions, and the one that the reader looks at.
    left, right = st.columns([5, 12], gap="large")
    with right:
        if runs:
            _running(shown, runs, results, on_map, content)
        else:
            _waiting(shown, content)
    with left:
        drawn = views.listed(found, state.done(), shown.mission.id, running, content)
        components.block(drawn, key="missions_list")
    return shown.mission.id in state.done()


def _waiting(shown: Offered, content: Content) -> None:
    """A mission that was not started in this world."""
    names = start.names(session.world())
    components.block(
        views.task(shown, content) + views.goals(shown, names, content), key=f"mission_task_{shown.mission.id}"
    )
    if refused := state.refused():
        words = prose(content.message("mission_page.refused"))
        components.block(f'<p class="failed">{words}</p>{said(refused, content)}', key="mission_refused")
    say_refusal(content, key="mission_console")  # before the reader gives up a world for a mission with a console
    kind: Literal["primary", "secondary"] = "secondary" if shown.mission.id in state.done() else "primary"
    with st.popover(content.message("mission_page.start"), icon=":material/flag:", type=kind):
        components.block(f"<p>{prose(content.message('mission_page.start_text'))}</p>", key="mission_start_text")
        label = content.message("mission_page.start_now")
        st.button(label, key="mission_start", type="primary", on_click=state.begin, args=(shown,))


def _running(shown: Offered, run: state.Run, results: Sequence[Result], on_map: str, content: Content) -> None:
    """The mission that this world was changed for."""
    names = start.names(session.world())
    drawn, begun = views.task(shown, content), state.has_just_begun()
    components.block(drawn, key=f"mission_task_{shown.mission.id}", answers=begun)
    components.block(
        views.judged(results, names, content) + views.commands(len(run.commands), shown, content), key="mission_goals"
    )
    # Next to the console, where the reader is. In a container, so that what follows stays the same element.
    with st.container():
        if all(it.reached for it in results):
            _reached(shown, run, content)
    st.button(
        content.message("mission_page.check"),
        help=content.message("mission_page.check_help"),
        key="mission_check",
        icon=":material/replay:",
        on_click=state.look_again,
    )
    if others := views.others([it for it in parts(results) if it.who != on_map], names, content):
        components.block(others, key="mission_others")
    _hints(shown, content)
    typed, own = st.tabs([content.message("mission_page.console"), content.message("build.way_terminal")])
    with typed:
        console(session.world(), content, key="mission_console")
    with own:
        terminal(content)
    solution = views.solution(shown, names, content)
    draw_collapsibles(fold(content.message("mission_page.solution"), solution, icon="terminal"), "missions")


def _picture(mission: Offered, results: Sequence[Result], content: Content) -> str:
    """Draws the chain of one ServiceAccount on the map, which the reader chooses, and returns its name.

    What has to be changed is not marked before the first hint: that would be the answer to most missions.
    """
    chains = {it.who: it for it in parts(results) if it.kind == "service_account"}
    if not chains:
        return ""
    chosen = next((it.who for it in chains.values() if not it.is_reached), next(iter(chains)))
    if len(chains) > 1:
        first = chosen
        chosen = st.segmented_control(
            content.message("mission_page.chain"),
            list(chains),
            default=first,
            format_func=lambda who: f"{'✓' if chains[who].is_reached else '○'} {who}",
            key=f"mission_chain_{session.world().path}",
            required=True,
        )
        chosen = chosen if chosen in chains else first
    shown = state.drawn(results, chains[chosen])
    is_marked = bool(_hints_shown(mission)) or all(it.reached for it in results)
    marks = shown.picture if is_marked else shown.picture.outcome
    film_view.draw_changes(shown.walk, shown.chain, marks.ghosts, marks.changes, shown.role, content, "mission_map")
    legend = views.legend(marks.changes.values(), content)
    if marks.changes != shown.picture.changes:
        legend += f'<p class="label">{prose(content.message("mission_page.unmarked"))}</p>'
    components.block(legend, key="mission_legend")
    return chosen


def _reached(shown: Offered, run: state.Run, content: Content) -> None:
    used = run.reached_by if run.reached_by is not None else len(run.commands)
    key = "mission_page.reached_best" if used <= shown.mission.best else "mission_page.reached_all"
    words = prose(content.message(key, used=str(used), best=str(shown.mission.best)))
    learned = prose(shown.words_in(content).learned)
    components.block(framed(Status.PASSED, f"<p>{words}</p><p>{learned}</p>", content), key="mission_reached")


def _hints_key(shown: Offered) -> str:
    return f"mission_hints_{session.world().path}_{shown.mission.id}"


def _hints_shown(shown: Offered) -> int:
    return int(st.session_state.get(_hints_key(shown), 0))


def _hints(shown: Offered, content: Content) -> None:
    """The hints, one more at each press."""
    number, total = _hints_shown(shown), shown.mission.hints
    if drawn := views.hints(shown, number, content):
        components.block(drawn, key="mission_hints")
    if number < total:

        def one_more() -> None:
            st.session_state[_hints_key(shown)] = number + 1

        label = content.message("build.hint", number=str(number + 1), total=str(total))
        st.button(label, key="mission_hint", icon=":material/lightbulb:", type="tertiary", on_click=one_more)
