"""Which mission this browser's world is about, how far it is, and with how many commands."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from app.content.missions import Offered, offered
from app.flow.missions.judging import Result, judged
from app.flow.missions.picture import Part, parts
from app.flow.missions.walking import Drawn, draw
from app.flow.ports import Credentials
from app.settings import Settings
from app.ui.state import allowance, session
from app.world.events.stream import Event
from app.world.servers.loopback import NetworkError
from app.world.setup import mission as start
from app.world.setup.developer import SetupRefused
from app.world.usage import looks

PARAM = "mission"
"""The parameter of the address: the mission that the reader looks at."""
_RUN = "mission_run"
"""Beside the world: the mission that it was changed for."""
_DONE = "missions_done"
"""Kept beside the world, and handed on to the next one: the number of commands of each mission that was done."""
_JUDGED = "mission_judged"
_WALKED = "mission_walked"
_REFUSED = "mission_refused"
_BEGUN = "mission_begun"
"""In the session: that a mission was just started, until the page has shown it."""


@dataclass(kw_only=True)
class Run:
    """One mission in one world."""

    mission_id: str
    sessions: Mapping[str, Credentials] = field(repr=False)
    read: int
    """The number of the last event that was counted."""
    commands: set[str] = field(default_factory=set)
    """The commands that changed something."""
    reached_by: int | None = None
    """The number of commands when all goals were reached for the first time."""


_READ = re.compile(r"$|get|list|create exec|AssumeRole|Describe")
"""Matches the verbs that change no object, and the empty verb of an event that a page caused."""
COMMANDS_LIMIT = 200
"""How many commands are counted at most: a higher number says nothing."""


def all_missions() -> tuple[Offered, ...]:
    """The missions that can be chosen. Raises as `content.missions.offered` does."""
    return offered(Settings.from_environment().missions)


def done() -> Mapping[str, int]:
    """The missions that were done in this browser, each with the smallest number of commands."""
    return dict(_done())


def _done() -> dict[str, int]:
    found = session.page_state().get(_DONE)
    return found if isinstance(found, dict) else {}


def current() -> Run | None:
    """The mission of this world; None where it is about none."""
    found = session.page_state().get(_RUN)
    return found if isinstance(found, Run) else None


def begin(chosen: Offered) -> None:
    """Makes a new world, and changes it as the mission specifies."""
    kept = _done()
    session.reset(start="finished")
    here = session.world()
    session.page_state()[_DONE] = kept
    st.query_params[PARAM] = chosen.mission.id
    st.session_state.pop(_REFUSED, None)
    try:
        sessions = session.simulation().run(start.carry_out(here, chosen.mission.start))
    except (SetupRefused, NetworkError) as error:
        st.session_state[_REFUSED] = (here.path, str(error))
        return
    session.page_state()[_RUN] = Run(mission_id=chosen.mission.id, sessions=sessions, read=here.log.events.number)
    st.session_state[_BEGUN] = True
    here.log.events.turn()


def has_just_begun() -> bool:
    """Whether this is the first drawing of the mission since it was started."""
    return bool(st.session_state.pop(_BEGUN, False))


def refused() -> str:
    """The error message of a server that refused a step of the start; empty where none did."""
    path, said = st.session_state.get(_REFUSED, ("", ""))
    return said if path == session.world().path else ""


def results(chosen: Offered, run: Run) -> tuple[Result, ...]:
    """Every goal with its state in the world as it is now: judged again where something has changed, or the reader
    wants it."""
    here = session.world()
    _count(run)
    look = (here.path, run.mission_id, looks(here), here.log.events.changed)
    kept = st.session_state.get(_JUDGED)
    if not kept or kept[0] != look:
        allowance.afford(here.usage)
        found = judged(session.simulated_ports(), chosen.mission.goals, start.names(here), run.sessions)
        kept = st.session_state[_JUDGED] = (look, found)
    found_now: tuple[Result, ...] = kept[1]
    if all(it.reached for it in found_now) and run.reached_by is None:
        run.reached_by = len(run.commands)
        best = _done()
        best[run.mission_id] = min(run.reached_by, best.get(run.mission_id, run.reached_by))
        session.page_state()[_DONE] = best
    return found_now


def drawn(found: Sequence[Result], shown: Part) -> Drawn:
    """The chain of that ServiceAccount, walked again where something has changed. `found`: the last results."""
    kept = st.session_state.get(_WALKED)
    if not kept or kept[0] is not found or kept[1] != shown.who:
        here = session.world()
        allowance.afford(here.usage)
        walked = draw(session.simulated_ports(), parts(found), shown, start.names(here))
        kept = st.session_state[_WALKED] = (found, shown.who, walked)
    found_now: Drawn = kept[2]
    return found_now


def look_again() -> None:
    """Has the next run judge the goals again."""
    st.session_state.pop(_JUDGED, None)


def _count(run: Run) -> None:
    """Counts the commands since the last look. If the oldest events are no longer kept, counts those that are."""
    events = session.world().log.events
    newer = events.after(run.read)
    if newer is None:
        newer = events.after(events.number - min(events.number, 255)) or ()
    for event in newer:
        run.read = event.number
        if is_command(event) and len(run.commands) < COMMANDS_LIMIT:
            run.commands.add(event.run or str(event.number))


def is_command(event: Event) -> bool:
    """Whether a tool of the reader changed something. A request to STS changes nothing, and neither does one that
    reads, although a page may show it."""
    return event.changes and event.tool != "kubelet" and not _READ.match(event.verb)
