"""The time machine: one world along its clock, with all servers asked again at each stop, and acts that change what
follows."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.names import annotated_role_arn
from app.flow.steps.submission import Submission
from app.ui.draw import components, page_errors, sts_wording
from app.ui.draw.checks import said
from app.ui.draw.notice import needs_a_world, without_token
from app.ui.draw.sections import collapsible, draw_collapsibles, draw_section
from app.ui.frame import navigation
from app.ui.frame.not_there import needs_chain
from app.ui.map.film_view import draw_events, without
from app.ui.state import chosen_chain, language, session
from app.ui.text import escape, prose
from app.ui.time_machine import journey, views
from app.ui.time_machine.journey import Travel
from app.ui.time_machine.probes import Moment
from app.ui.time_machine.timeline import HOUR, SPAN, Landmark, clock, landmarks, line, listed, places
from app.world.lifecycle import experiments
from app.world.lifecycle.history import History
from app.world.lifecycle.world_operations import pod_of
from app.world.setup.scenario import NAMESPACE

_BEGINNING = Landmark(name="", place=0.0)
"""The place to go back to where there is no earlier landmark."""
_ACT_ICONS = {"annotate": ":material/edit:", "recreate": ":material/replay:", "delete_pod": ":material/delete:"}


@navigation.leads_on("time_machine")
def time_machine() -> bool:
    """Draws the page. Returns whether the reader has done something on it."""
    content = language.content()
    components.head("time_machine", content)
    if needs_a_world(content) or needs_chain(content):
        return True
    travel = journey.begun_or_kept()
    if isinstance(travel, Submission):
        without_token(travel, content)
        return False
    begun = journey.has_begun(travel)
    _moment(content, begun=begun)
    with st.container(key="behind"):
        clocks = collapsible("clocks", "time_machine", content, icon="schedule")
        revoked = collapsible("revoked", "time_machine", content, icon="lightbulb")
        draw_collapsibles(clocks + revoked, "time_machine")
        sts_wording.fold(content)
    draw_section("recap", "time_machine", content)
    return begun


@page_errors.fragment
def _moment(content: Content, *, begun: bool) -> None:
    """The parts that depend on the clock. Each step of the clock draws only these again. `begun`: whether the way on
    stands out, instead of the clock's button, since the whole page was drawn last."""
    travel = journey.begun_or_kept()
    if isinstance(travel, Submission):
        without_token(travel, content)
        return
    chosen_chain.pin()
    marks = landmarks(travel.first, travel.history.start)
    asked = journey.asked_now(travel)

    # (1) The place on the line.
    _controls(travel, marks, content, begun=begun)
    with st.container(key="moment"):  # dimmed while the next moment is asked
        drawn = line(travel.history, travel.first, asked.mounted, marks, content)
        components.block(drawn, key="line")
        _map(travel, content)
        components.block(
            listed(travel.history, marks, travel.subject.pod if _is_gone(travel) else "", content), key="landmarks"
        )

        # (2) The answers at this moment.
        left, right = st.columns([1, 1], gap="large")
        with left:
            expired, gone = journey.expired(travel), _is_gone(travel)
            components.block(views.answers(asked, content, expired=expired, gone=gone), key="moment_answers")
        with right:
            components.block(views.file(asked, travel.first, content), key="moment_file")
            components.block(views.ran(session.subject().pod, asked.pod, content), key="moment_pod")

    # (3) The acts in the world.
    _experiments(travel, asked, content)
    if asked.late:
        components.block(views.late(asked.late, content), key="late_pod")


# (1) Where on the line we are


def _map(travel: Travel, content: Content) -> None:
    past = journey.in_place(travel)
    runs = bool(st.session_state.get(journey.RUNS, False))
    at = clock(travel.history.current.place)
    gone = _is_gone(travel)
    quiet = "gone" if gone else "quiet" if travel.left else "now" if travel.history.current.place else "start"
    draw_events(
        travel.shown,
        past,
        {**travel.names, "pod": ""} if gone else travel.names,
        travel.subject,
        content,
        closing="" if travel.shown else content.message(f"time_machine.map.{quiet}", at=at),
        ghosts=without("pod") if gone else (),
        about=() if travel.shown else ("pod", "sts"),
        plays="here" if travel.shown else "",
        runs=at if runs else "",
        on_end=journey.step,
        key="film",
    )


def _is_gone(travel: Travel) -> bool:
    return travel.history.world.cluster.find("pods", travel.subject.namespace, travel.subject.pod) is None


def _controls(travel: Travel, marks: tuple[Landmark, ...], content: Content, *, begun: bool) -> None:
    history = travel.history
    here = history.current.place
    if st.session_state.get(journey.PLACE) != here:  # to set it again would take back what the reader pressed meanwhile
        st.session_state[journey.PLACE] = here
    st.select_slider(
        content.message("time_machine.slider"),
        places(history, marks),
        key=journey.PLACE,
        format_func=clock,
        on_change=journey.go,
        help=content.message("time_machine.slider_help"),
    )
    runs = bool(st.session_state.get(journey.RUNS, False))
    with st.container(key="moment_ways"):  # as wide whatever they say: one may press the same place again
        first, earlier, later = st.columns([2, 3, 3], gap="small")
        first.button(
            content.message("time_machine.hold" if runs else "time_machine.run"),
            key="moment_hold" if runs else "moment_run",
            icon=":material/pause:" if runs else ":material/play_arrow:",
            type="secondary" if begun else "primary",
            width="stretch",
            on_click=journey.run,
            args=(not runs,),
        )
        before = next((mark for mark in reversed(marks) if mark.place < here), _BEGINNING)
        with earlier:
            _jump("earlier", before if here > before.place else None, ":material/arrow_back:", content)
        with later:
            after = next((mark for mark in marks if mark.place > here), None)
            _jump("later", after, ":material/arrow_forward:", content)
    if travel.notice:
        st.info(content.message(f"time_machine.{travel.notice}", hours=round((SPAN + HOUR) / HOUR)))


def _jump(key: str, to: Landmark | None, icon: str, content: Content) -> None:
    """The button that goes to a landmark; disabled where that is None."""
    if to is None:
        label = content.message(f"time_machine.no_{key}")
    else:
        names = "time_machine.beginning" if to is _BEGINNING else f"time_machine.marks.{to.name}"
        label = content.message(f"time_machine.{key}", name=content.message(names), time=clock(to.place))
    st.button(
        label,
        key=f"moment_{key}",
        icon=icon,
        width="stretch",
        disabled=to is None,
        on_click=journey.go,
        args=(to.place if to else 0.0,),
    )


# (3) The experiments


def _in_the_way(history: History, asked: Moment) -> dict[str, str]:
    """The acts that are not possible at this moment, each with the key of the reason."""
    found, cluster = {}, history.world.cluster
    account = cluster.find("serviceaccounts", NAMESPACE, experiments.DEFAULT)
    if annotated_role_arn(account.copy() if account else None):
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


def _experiments(travel: Travel, asked: Moment, content: Content) -> None:
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
        for name in journey.ACTS:
            st.button(
                content.message(f"time_machine.acts.{name}.do", pod=pod),
                help=content.message(f"time_machine.acts.{name}.help"),
                key=f"act_{name}",
                icon=_ACT_ICONS[name],
                disabled=name in in_the_way,
                on_click=journey.act,
                args=(name,),
            )
        st.button(
            content.message("time_machine.acts.undo"),
            help=content.message("time_machine.acts.undo_help"),
            key="act_undo",
            icon=":material/undo:",
            disabled="undo" in in_the_way,
            on_click=journey.undo,
        )
    components.block(views.not_now(in_the_way.values(), pod, content), key="acts_not_now")
    if travel.failed:
        components.block(said(travel.failed, content), key="act_failed")
    done = [stop for stop in history.stops if stop.act and stop not in history.later]
    if done:
        lines = "".join(
            f"<li><code>{clock(stop.place)}</code> "
            f"{prose(content.message(f'time_machine.acts.{stop.act}.done', pod=pod))}</li>"
            for stop in done
        )
        components.block(f'<div role="status"><ol class="done">{lines}</ol></div>', key="acts_done")
