"""How far this browser's world has come, and the buttons that take it further."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

import streamlit as st

from app.flow.build.plan import Act, InPod, plan
from app.flow.build.tasks import Progress, TaskId, next_task, progress
from app.flow.errors import FlowError
from app.flow.model import JsonValue
from app.flow.redaction import mask_text
from app.flow.token import MalformedToken, decode
from app.ui.state import session, shared_walks, under_construction
from app.wiring import learners_cluster
from app.world.servers.loopback import NetworkError
from app.world.setup import building
from app.world.setup.building import Sent
from app.world.setup.developer import SetupRefused
from app.world.usage import looks
from app.world.world import World

PARAM = "task"
"""The parameter of the address: the task that the reader looks at."""
_LOOKS = (TaskId.LOOK_INSIDE, TaskId.BY_HAND)
"""The tasks that change nothing in the world."""
_WORLD, _SENT, _OPEN = "build_world", "build_sent", "build_open"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The result of a button."""

    task: TaskId
    sent: tuple[Sent, ...] = ()
    claims: JsonValue = None
    """The claims of the token that was read; None where none was."""
    refused: str = ""
    """The error message of a server that refused a request; empty where none did."""
    changed: bool = False
    """Whether it changed the world."""


def current() -> tuple[Progress, ...]:
    """Every task, with its state in the world as it is now. A new world begins with its first task."""
    here = session.world()
    before = st.session_state.get(_WORLD)
    if before and before != here.path:
        go_on()
    st.session_state[_WORLD] = here.path
    return progress(under_construction.seen(session.simulated_walk_view()))


def chosen(found: tuple[Progress, ...]) -> Progress:
    """The task that the page shows: the one in the address; else the one that was shown before it was done; else the
    first that is not done, or the last.

    So the page does not turn to another task before the reader has seen what the last command printed.
    """
    asked = st.query_params.get(PARAM)
    upcoming = next_task(found) or TaskId.BY_HAND
    wanted = asked if asked in set(TaskId) else st.session_state.get(_OPEN, upcoming)
    shown = next(it for it in found if it.task.id == wanted)
    if not shown.done:
        st.session_state[_OPEN] = shown.task.id
    return shown


def go_on() -> None:
    """Leaves the task that is shown, for the first that is not done."""
    st.query_params.pop(PARAM, None)
    st.session_state.pop(_OPEN, None)


def outcome(task: TaskId) -> Outcome | None:
    """The result of that task's button in this world; None where it was not pressed."""
    kept = st.session_state.get(_SENT)
    return kept[1] if kept and kept[0] == session.world().path and kept[1].task is task else None


def begin() -> None:
    """Makes an empty world."""
    session.reset(start="empty")
    go_on()


@dataclass(kw_only=True)
class Press:
    """One drawing of the button. If it is pressed twice, the second press ends the run of the first, wherever that is.
    What was sent is not sent again, because a server would refuse it."""

    world: str
    """The path of the world that its commands are for."""
    outcome: Outcome | None = None


def do(task: TaskId, acts: tuple[Act, ...], press: Press) -> None:
    """Sends the requests of these commands, once for each `press`.

    Another tab may have made a new world since the button was drawn. The commands name the account of the previous
    world, so none is sent, and the page shows the new one.
    """
    here = session.world()
    if press.world != here.path:
        return
    press.outcome = press.outcome or _send(here, task, acts)
    _keep(here, press.outcome)
    st.query_params[PARAM] = task


@dataclass(frozen=True, kw_only=True)
class CaughtUp:
    """The result of doing the tasks before another one."""

    world: str
    """The path of the world in which they were done."""
    refused: str = ""
    """The error message of a server that refused a request; empty where none did."""
    still_open: TaskId | None = None
    """The first of these tasks that is still not done; None where all are."""
    further: TaskId | None = None
    """The last task of those after them that was done already; None where none was. It stays done."""


def catch_up(until: TaskId) -> CaughtUp:
    """Does every task before that one which is not done.

    A world that began with IRSA in it is replaced by an empty one first.
    """
    if session.world().start == "finished":
        session.reset(start="empty")
    path = session.world().path
    with shared_walks.following():  # what a terminal has done since the page was drawn is skipped
        session.simulated_walk_view()
    wanted = tuple(takewhile(lambda it: it is not until, TaskId))
    further = next((it.task.id for it in reversed(current()) if it.done and it.task.id not in (*wanted, *_LOOKS)), None)
    for task in wanted:
        found = next(it for it in current() if it.task.id is task)
        if found.done:
            continue
        here = session.world()
        sent = _send(here, task, plan(found, building.place(here)))
        _keep(here, sent)
        if sent.refused:
            return CaughtUp(world=path, refused=sent.refused)
    still_open = next((it.task.id for it in current() if it.task.id in wanted and not it.done), None)
    return CaughtUp(world=path, still_open=still_open, further=further)


def _keep(here: World, outcome: Outcome) -> None:
    """Keeps the outcome for the page of the task. A world that was changed is walked through again; where the commands
    only read, the last walk is still true."""
    st.session_state[_SENT] = (here.path, outcome)
    if outcome.changed:
        session.run_again()


def _send(here: World, task: TaskId, acts: tuple[Act, ...]) -> Outcome:
    """Sends the requests of these commands. It reads no state of the page, because a run can end where it does."""
    before, refused, claims = looks(here), "", None
    sent: tuple[Sent, ...] = ()
    try:
        sent = session.simulation().run(building.carry_out(here, acts))
        executed = [_executed(here, it) for it in sent]
        sent = tuple(it for it, _ in executed)
        claims = next((found for _, found in executed if found), None)
    except (SetupRefused, NetworkError) as error:
        refused = str(error)
    except FlowError as error:
        refused = error.server_message
    changed = looks(here) != before
    return Outcome(task=task, sent=sent, claims=claims, refused=refused, changed=changed)


def _executed(here: World, sent: Sent) -> tuple[Sent, JsonValue]:
    """The result, with what the command in the Pod printed, and the claims of a token in it. Raises `FlowError`."""
    if sent.in_pod is None:
        return sent, None
    output = _execute(here, sent.in_pod)
    try:
        claims: JsonValue = decode(output.strip()).claims
    except MalformedToken:
        claims = None
    return Sent(command=sent.command, output=mask_text(output)), claims


def _execute(here: World, request: InPod) -> str:
    cluster = learners_cluster(session.simulation(), here)
    return cluster.execute(request.namespace, request.pod, "", request.command).stdout
