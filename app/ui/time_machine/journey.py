"""The journey through a world's time: the present place, the answers there, and what happened on the way."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import streamlit as st

from app.flow.film import Beat
from app.flow.model import Exchange, JsonObject, Subject
from app.flow.names import DEFAULT_AUDIENCE
from app.flow.steps.submission import Submission
from app.ui.map.film_json import names_of
from app.ui.map.film_view import film_of, standing
from app.ui.state import session
from app.ui.time_machine.news import news
from app.ui.time_machine.probes import First, Moment, first, moment
from app.ui.time_machine.timeline import HOUR, SPAN, landmarks, places
from app.world.apiserver.types.errors import ApiError
from app.world.aws.errors import AwsError
from app.world.lifecycle import experiments
from app.world.lifecycle.history import History, Stop
from app.world.servers.token_review import token_review
from app.world.world import World

_KEPT = "time_machine"
PLACE = "time_machine_place"
RUNS = "time_machine_runs"
"""In the session: whether the clock runs."""
ACTS: dict[str, Callable[[World], Awaitable[None]]] = {
    "annotate": experiments.annotate,
    "recreate": experiments.recreate_pod_before,
    "delete_pod": experiments.delete_pod,
}


@dataclass(kw_only=True)
class Travel:
    """One reader's journey through one world."""

    history: History
    subject: Subject
    """The ServiceAccount and the Pod whose token was kept."""
    first: First
    asked: tuple[Stop, str, Moment] | None = None
    """The last answers, with their stop and the wording of STS."""
    left: float = 0.0
    """When the clock was last moved forward, by the wall clock; 0 where it was moved otherwise since."""
    moved: tuple[Exchange, ...] = ()
    """The exchanges while the clock moved."""
    shown: tuple[Beat, ...] = ()
    """The beats that the map plays of this stop."""
    past: tuple[Beat, ...] | None = None
    """The beats before these; None where the world has to be walked through for them."""
    names: JsonObject = field(default_factory=dict)
    """The names in the map's boxes."""
    notice: str = ""
    """The key of the text on what happened outside, which is shown until the reader does something here."""
    failed: str = ""
    """Why the last act failed, as the server's message. Another tab may have acted before."""


def begun_or_kept() -> Travel | Submission:
    """The journey through this browser's world, begun here where there is none; or why it cannot begin."""
    world, kept = session.world(), _kept()
    if kept and kept.subject == session.subject():
        if world.clock.now() - kept.history.start <= SPAN + HOUR:  # while one reads at its end, time goes on
            if session.simulation().run(kept.history.resume()):
                kept.notice, st.session_state[RUNS] = "elsewhere", False
                _look_again(kept)
                session.run_again()
            return kept
    begun = first(session.simulated_ports(), session.subject())
    if isinstance(begun, Submission):
        return begun
    history, st.session_state[RUNS] = session.simulation().run(History.begin(world)), False
    too_late = kept is not None and kept.subject == session.subject()
    made = Travel(history=history, subject=session.subject(), first=begun, notice="begun_again" if too_late else "")
    session.page_state()[_KEPT] = made
    return made


def has_begun(travel: Travel) -> bool:
    """Whether the reader has moved the clock, or done something in the world."""
    return len(travel.history.stops) > 1


def asked_now(travel: Travel) -> Moment:
    """The answers at this stop; the servers are asked once for each visit to it."""
    stop, world = travel.history.current, travel.history.world
    if travel.asked is None or travel.asked[0] is not stop or travel.asked[1] != world.account.sts_wording:
        review = session.simulation().run(token_review(world, travel.first.token, DEFAULT_AUDIENCE))
        found = moment(session.simulated_ports(), travel.first, review, travel.subject)
        if travel.asked is None or travel.asked[0] is not stop:
            travel.shown = _news(travel, found)
        travel.asked = (stop, world.account.sts_wording, found)
    return travel.asked[2]


def expired(travel: Travel) -> bool:
    """Whether the first token has expired."""
    return travel.history.current.at > float(travel.first.claims["exp"])


def _kept() -> Travel | None:
    """The journey through this browser's world; None where it has not begun, as after another tab's reset."""
    kept = session.page_state().get(_KEPT)
    return kept if isinstance(kept, Travel) else None


def go(place: float | None = None) -> None:
    """Moves the clock to that place, or to the chosen one."""
    if (travel := _kept()) is None:
        return
    st.session_state[RUNS] = False
    _move(travel, float(st.session_state[PLACE]) if place is None else place)


def _move(travel: Travel, place: float) -> None:
    """Moves the clock there and walks; keeps the exchanges on the way, of which there are none on the way back in
    time."""
    history, travel.notice, travel.failed = travel.history, "", ""
    marks = landmarks(travel.first, history.start)
    forward, begun = place > history.current.place, time.time()
    session.simulation().run(history.go(place, [mark.place for mark in marks]))
    if forward:
        travel.left = begun
        travel.moved = tuple(it for it in history.world.log.exchanges() if it.started >= begun)
        travel.past = standing((*in_place(travel), *travel.shown))
    else:
        _look_again(travel)
    session.run_again()


def in_place(travel: Travel) -> tuple[Beat, ...]:
    """The beats that are in place before the map plays: the last walk's, and those since."""
    if travel.past is None:
        view = session.simulated_walk_view()
        travel.names = names_of(view.walk)
        travel.past = standing(film_of(session.diagnosis(view), view.heard).beats)
    return travel.past


def _look_again(travel: Travel) -> None:
    """Resets the map after a change that the clock has not made: it begins with the present state."""
    travel.left, travel.moved, travel.shown, travel.past = 0.0, (), (), None


def _news(travel: Travel, found: Moment) -> tuple[Beat, ...]:
    if not travel.left:
        return ()
    world, before = travel.history.world, travel.asked
    heard = [it for it in world.log.exchanges() if it.started >= travel.left and it not in travel.moved]
    pod = world.cluster.find("pods", travel.subject.namespace, travel.subject.pod)
    return news(travel.moved, heard, found, before[2] if before else None, pod.copy() if pod else None)


def run(runs: bool) -> None:
    """Lets the clock run, from the beginning where it is at the end; or stops it, also where it has stopped by now."""
    st.session_state[RUNS] = runs
    if (travel := _kept()) and runs and _next(travel) is None:
        _move(travel, 0.0)


def step() -> None:
    """Takes one step of a running clock."""
    if (travel := _kept()) is None or not st.session_state.get(RUNS, False):
        return
    if (place := _next(travel)) is not None:
        _move(travel, place)
    st.session_state[RUNS] = _next(travel) is not None


def _next(travel: Travel) -> float | None:
    marks = landmarks(travel.first, travel.history.start)
    return next((at for at in places(travel.history, marks) if at > travel.history.current.place), None)


def act(name: str) -> None:
    """Does one of the `ACTS` at this stop."""
    if travel := _kept():
        travel.notice, travel.failed = "", ""
        try:
            session.simulation().run(travel.history.act(name, ACTS[name]))
        except (ApiError, AwsError) as error:
            travel.failed = str(error)
        st.session_state[RUNS] = False
        _look_again(travel)
        session.run_again()


def undo() -> None:
    """Undoes the last act of this stop."""
    if travel := _kept():
        travel.notice, travel.failed = "", ""
        session.simulation().run(travel.history.undo())
        st.session_state[RUNS] = False
        _look_again(travel)
        session.run_again()
