"""The time machine: one world along its clock, all asked again at each stop, and acts that change what follows."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import streamlit as st

from app.content import Content
from app.flow.annotations import ROLE_ARN
from app.flow.film import Beat
from app.flow.json_access import get_str
from app.flow.model import Exchange, JsonObject, Subject
from app.flow.names import DEFAULT_AUDIENCE
from app.flow.steps.submission import Submission
from app.ui.draw import components, page_errors, sts_wording
from app.ui.draw.checks import said
from app.ui.draw.sections import collapsible, draw_collapsibles, draw_section
from app.ui.draw.simulated_only import needs_a_world, without_token
from app.ui.frame import navigation
from app.ui.map.film_json import names_of
from app.ui.map.showing import draw_events, film_of, standing
from app.ui.state import language, session
from app.ui.text import escape, prose
from app.ui.time_machine import views
from app.ui.time_machine.news import news
from app.ui.time_machine.probes import First, Moment, first, moment
from app.ui.time_machine.timeline import HOUR, SPAN, Landmark, clock, landmarks, line, listed, places
from app.world.apiserver.types.errors import ApiError
from app.world.aws.errors import AwsError
from app.world.lifecycle import experiments
from app.world.lifecycle.history import History, Stop
from app.world.lifecycle.world_operations import pod_of
from app.world.servers.token_review import token_review
from app.world.setup.scenario import NAMESPACE
from app.world.world import World

_KEPT = "time_machine"
_PLACE = "time_machine_place"
_ELSEWHERE = "time_machine_elsewhere"
_RUNS = "time_machine_runs"
_FAILED = "time_machine_failed"
"""In the session: why the last act could not be done, in the server's words. Another tab may have acted before."""
_ACTS: dict[str, Callable[[World], Awaitable[None]]] = {
    "annotate": experiments.annotate,
    "recreate": experiments.recreate_pod_before,
    "delete_pod": experiments.delete_pod,
}
_ACT_ICONS = {"annotate": ":material/edit:", "recreate": ":material/replay:", "delete_pod": ":material/delete:"}


@dataclass(kw_only=True)
class _Travel:
    """One reader's journey through one world."""

    history: History
    subject: Subject
    """Whose token was kept aside."""
    first: First
    asked: tuple[Stop, str, Moment] | None = None
    """What was asked last: at which stop, in which wording of STS, and the answers."""
    left: float = 0.0
    """When the clock was last moved forward, by the wall clock; 0 where it was moved otherwise since."""
    moved: tuple[Exchange, ...] = ()
    """What was sent while it moved."""
    shown: tuple[Beat, ...] = ()
    """What the map plays of this stop."""
    past: tuple[Beat, ...] | None = None
    """What is in place before that; None where the world has to be walked through for it."""
    names: JsonObject = field(default_factory=dict)
    """What the map's boxes are called."""


@navigation.leads_on("time_machine")
def time_machine() -> None:
    """Draws the page."""
    content = language.content()
    lesson = content.lesson("time_machine")
    st.title(lesson.title, anchor=False)
    components.goal(lesson.section("goal").body)
    if needs_a_world(content):
        return
    travel = _travel()
    if isinstance(travel, Submission):
        without_token(travel, content)
        return
    _moment(content)
    with st.container(key="behind"):
        clocks = collapsible("clocks", "time_machine", content, icon="schedule")
        revoked = collapsible("revoked", "time_machine", content, icon="lightbulb")
        draw_collapsibles(clocks + revoked, "time_machine")
        sts_wording.fold(content)
    draw_section("recap", "time_machine", content)


@page_errors.fragment
def _moment(content: Content) -> None:
    """All that depends on the clock: each of its steps runs this again, and nothing else."""
    travel = _travel()
    if isinstance(travel, Submission):
        without_token(travel, content)
        return
    marks = landmarks(travel.first, travel.history.start)
    asked = _asked(travel)

    # (1) Where on the line we are.
    _controls(travel, marks, content)
    with st.container(key="moment"):  # dimmed while the next moment is asked
        drawn = line(travel.history, travel.first, asked.mounted, marks, content)
        components.block(drawn, key="line")
        _map(travel, content)
        components.block(listed(travel.history, marks, content), key="landmarks")

        # (2) What is so at this moment, asked now.
        left, right = st.columns([1, 1], gap="large")
        with left:
            components.block(views.answers(asked, content, expired=_expired(travel)), key="moment_answers")
        with right:
            components.block(views.file(asked, travel.first, content), key="moment_file")
            components.block(views.ran(session.subject().pod, asked.pod, content), key="moment_pod")

    # (3) What one can do to the world here.
    _experiments(travel, asked, content)
    if asked.late:
        components.block(views.late(asked.late, content), key="late_pod")


# (1) The journey


def _travel() -> _Travel | Submission:
    """The journey through this browser's world, begun here where there is none; or why it cannot begin."""
    world, kept = session.world(), _kept()
    if kept and kept.subject == session.subject():
        if world.clock.now() - kept.history.start <= SPAN + HOUR:  # while one reads at its end, time goes on
            if session.simulation().run(kept.history.resume()):
                st.session_state[_ELSEWHERE], st.session_state[_RUNS] = True, False
                _look_again(kept)
                session.run_again()
            return kept
    begun = first(session.simulated_ports(), session.subject())
    if isinstance(begun, Submission):
        return begun
    history, st.session_state[_RUNS] = session.simulation().run(History.begin(world)), False
    session.page_state()[_KEPT] = made = _Travel(history=history, subject=session.subject(), first=begun)
    return made


def _asked(travel: _Travel) -> Moment:
    """The answers of this stop; asked once for each time that one comes to it."""
    stop, world = travel.history.current, travel.history.world
    if travel.asked is None or travel.asked[0] is not stop or travel.asked[1] != world.account.sts_wording:
        review = session.simulation().run(token_review(world, travel.first.token, DEFAULT_AUDIENCE))
        found = moment(session.simulated_ports(), travel.first, review, travel.subject)
        travel.shown = _news(travel, found)
        travel.asked = (stop, world.account.sts_wording, found)
    return travel.asked[2]


def _expired(travel: _Travel) -> bool:
    return travel.history.current.at > float(travel.first.claims["exp"])


def _kept() -> _Travel | None:
    """The journey through this browser's world; None where it has not begun, as after another tab's reset."""
    kept = session.page_state().get(_KEPT)
    return kept if isinstance(kept, _Travel) else None


def _go(place: float | None = None) -> None:
    if (travel := _kept()) is None:
        return
    st.session_state[_RUNS] = False
    _move(travel, float(st.session_state[_PLACE]) if place is None else place)
    session.run_again()


def _move(travel: _Travel, place: float) -> None:
    """Goes there, and keeps what was sent on the way; on the way back in time nothing is."""
    history = travel.history
    marks = landmarks(travel.first, history.start)
    forward, begun = place > history.current.place, time.time()
    session.simulation().run(history.go(place, [mark.place for mark in marks]))
    if not forward:
        _look_again(travel)
        return
    travel.left = begun
    travel.moved = tuple(it for it in history.world.log.exchanges() if it.started >= begun)
    if travel.past is not None:
        travel.past = standing((*travel.past, *travel.shown))


def _look_again(travel: _Travel) -> None:
    """The world is another than the clock's way would have made it: the map begins with what is in place now."""
    travel.left, travel.moved, travel.shown, travel.past = 0.0, (), (), None


def _news(travel: _Travel, found: Moment) -> tuple[Beat, ...]:
    if not travel.left:
        return ()
    world, before = travel.history.world, travel.asked
    heard = [it for it in world.log.exchanges() if it.started >= travel.left and it not in travel.moved]
    pod = world.cluster.find("pods", travel.subject.namespace, travel.subject.pod)
    return news(travel.moved, heard, found, before[2] if before else None, pod.copy() if pod else None)


def _run() -> None:
    """Lets the clock run, from the beginning where it is at the end; or holds it."""
    st.session_state[_RUNS] = not st.session_state.get(_RUNS, False)
    if (travel := _kept()) and st.session_state[_RUNS] and _next(travel) is None:
        _move(travel, 0.0)


def _step() -> None:
    """One step of a clock that runs."""
    if (travel := _kept()) is None or not st.session_state.get(_RUNS, False):
        return
    if (place := _next(travel)) is not None:
        _move(travel, place)
        session.forget_walk()
    st.session_state[_RUNS] = _next(travel) is not None


def _next(travel: _Travel) -> float | None:
    marks = landmarks(travel.first, travel.history.start)
    return next((at for at in places(travel.history, marks) if at > travel.history.current.place), None)


def _act(name: str) -> None:
    if travel := _kept():
        try:
            session.simulation().run(travel.history.act(name, _ACTS[name]))
        except (ApiError, AwsError) as error:
            st.session_state[_FAILED] = str(error)
        st.session_state[_RUNS] = False
        _look_again(travel)
        session.run_again()


def _undo() -> None:
    if travel := _kept():
        session.simulation().run(travel.history.undo())
        st.session_state[_RUNS] = False
        _look_again(travel)
        session.run_again()


# (2) What is drawn


def _map(travel: _Travel, content: Content) -> None:
    if travel.past is None:
        view = session.simulated_walk_view()
        found = session.diagnosis(view)
        travel.past, travel.names = standing(film_of(found, view.heard).beats), names_of(view.walk)
    runs = bool(st.session_state.get(_RUNS, False))
    at = clock(travel.history.current.place)
    draw_events(
        travel.shown,
        travel.past,
        travel.names,
        travel.subject,
        content,
        closing=""
        if travel.shown
        else content.message(f"time_machine.map.{'quiet' if travel.left else 'start'}", at=at),
        plays="here" if travel.shown else "",
        runs=at if runs else "",
        on_end=_step,
        key="film",
    )


def _controls(travel: _Travel, marks: tuple[Landmark, ...], content: Content) -> None:
    history = travel.history
    here = history.current.place
    if st.session_state.get(_PLACE) != here:  # to set it again would take back what the reader pressed meanwhile
        st.session_state[_PLACE] = here
    st.select_slider(
        content.message("time_machine.slider"),
        places(history, marks),
        key=_PLACE,
        format_func=clock,
        on_change=_go,
        help=content.message("time_machine.slider_help"),
    )
    before = next((mark for mark in reversed(marks) if mark.place < here), None)
    after = next((mark for mark in marks if mark.place > here), None)
    runs = bool(st.session_state.get(_RUNS, False))
    with st.container(key="moment_ways"):  # as wide whatever they say: one may press the same place again
        first, *others = st.columns([2, 3, 3], gap="small")
        first.button(
            content.message("time_machine.hold" if runs else "time_machine.run"),
            key="moment_hold" if runs else "moment_run",
            icon=":material/pause:" if runs else ":material/play_arrow:",
            type="primary",
            width="stretch",
            on_click=_run,
        )
        for column, key, mark, icon in zip(
            others,
            ("earlier", "later"),
            (before, after),
            (":material/arrow_back:", ":material/arrow_forward:"),
            strict=True,
        ):
            name = (
                content.message(f"time_machine.marks.{mark.name}")
                if mark
                else content.message("time_machine.beginning")
            )
            at = mark.place if mark else 0.0
            nothing = here == at or (mark is None and key == "later")
            column.button(
                content.message(f"time_machine.no_{key}")
                if nothing
                else content.message(f"time_machine.{key}", name=name, time=clock(at)),
                key=f"moment_{key}",
                icon=icon,
                width="stretch",
                disabled=nothing,
                on_click=_go,
                args=(at,),
            )
    if st.session_state.pop(_ELSEWHERE, False):
        st.info(content.message("time_machine.elsewhere"))


# (3) The experiments


def _in_the_way(history: History, asked: Moment) -> dict[str, str]:
    """What cannot be done at this moment, each with the key of the reason."""
    found, cluster = {}, history.world.cluster
    account = cluster.find("serviceaccounts", NAMESPACE, experiments.DEFAULT)
    if get_str(account.copy() if account else None, "metadata", "annotations", ROLE_ARN):
        found["annotate"] = "acts.annotate.already"
        if asked.late and asked.late.variables:
            found["recreate"] = "acts.recreate.already"
    else:
        found["recreate"] = "acts.recreate.too_early"
    if cluster.find("pods", *pod_of(history.world)) is None:
        found["delete_pod"] = "acts.delete_pod.already"
    if not history.current.act:
        found["undo"] = "acts.undo_nothing"
    return found


def _experiments(travel: _Travel, asked: Moment, content: Content) -> None:
    history = travel.history
    heading = f'<h2 class="heading">{escape(content.message("time_machine.acts.heading"))}</h2>'
    later = len(history.later)
    key = "discards" if later else "discards_nothing"
    caption = f'<p class="caption">{prose(content.message(f"time_machine.acts.{key}", count=later))}</p>'
    pod = session.subject().pod
    pods = f'<p class="caption">{prose(content.message("time_machine.acts.pods", pod=pod))}</p>'
    components.block(heading + pods + caption, key="acts")
    in_the_way = _in_the_way(history, asked)
    with st.container(horizontal=True, gap="small", key="moment_acts"):
        for name in _ACTS:
            st.button(
                content.message(f"time_machine.acts.{name}.do", pod=pod),
                help=content.message(f"time_machine.acts.{name}.help"),
                key=f"act_{name}",
                icon=_ACT_ICONS[name],
                disabled=name in in_the_way,
                on_click=_act,
                args=(name,),
            )
        st.button(
            content.message("time_machine.acts.undo"),
            help=content.message("time_machine.acts.undo_help"),
            key="act_undo",
            icon=":material/undo:",
            disabled="undo" in in_the_way,
            on_click=_undo,
        )
    components.block(views.not_now(in_the_way.values(), pod, content), key="acts_not_now")
    if failed := st.session_state.pop(_FAILED, ""):
        components.block(said(failed, content), key="act_failed")
    done = [stop.act for stop in history.stops if stop.act and stop not in history.later]
    if done:
        lines = "".join(
            f"<li>{prose(content.message(f'time_machine.acts.{name}.done', pod=pod))}</li>" for name in done
        )
        components.block(f'<div role="status"><ol class="done">{lines}</ol></div>', key="acts_done")
