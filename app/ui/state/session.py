"""What one browser has: its simulated world, and the last walk, be it through that or through a real cluster."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import streamlit as st

from app.flow.doctor import Diagnosis, diagnose
from app.flow.doctor.tool_options import ToolOptions
from app.flow.model import Chain, JsonValue, Step, Subject
from app.flow.port_wrappers.consent import NOTHING, Action
from app.flow.ports import Ports
from app.serving.operations.stopping import STOPPING
from app.settings import Settings
from app.ui.state import allowance, already_read, live, live_selection, mode, own_world, shared_walks
from app.ui.state.single import single
from app.ui.state.walk_view import WalkView
from app.wiring import simulated
from app.world import edits
from app.world.aws.entities import NodeKind
from app.world.lifecycle.simulation import Simulation
from app.world.lifecycle.world_snapshot import WorldSnapshot
from app.world.lifecycle.world_weight import for_worlds
from app.world.saved import keeping
from app.world.setup import scenario, tool_files
from app.world.world import Start, World

_LOSS = "world_lost"
"""In the session: why the world that this reader had is gone, until they have read it."""
_START = "world_start"
"""In the session: what the world that it had last began with. One that has to be made again begins with the same."""
_WALK_VIEW = "walk_view"
_DIAGNOSIS = "diagnosis_of_walk"
_DUE = "walk_due"
"""In the session: the path of the world whose walk is made again when a page asks for it."""


@single(release=Simulation.stop)
def simulation() -> Simulation:
    """The process's simulated world, started on first use; `simulation.clear()` stops it. Raises `RuntimeError` where
    the server has stopped: what still runs then makes no other one."""
    if STOPPING.is_over:
        raise RuntimeError("the server has stopped, and with it the simulated world")
    settings = Settings.from_environment()
    kept = keeping.take(settings)
    own = tool_files.HANDS_ON if kept.tools else ""
    made = Simulation(
        capacity=settings.worlds, idle_seconds=settings.idle_seconds, memory=for_worlds(), own=own, state=kept.state
    )
    made.start()
    if kept.tools is not None:
        own_world.write_tools(made, made.world(tool_files.HANDS_ON))
    return made


def admit() -> None:
    """Comes before everything else in a run: stops the run where this visitor has used too much CPU time."""
    allowance.admit(own_world.key(), begun=False)


def charge() -> None:
    """Comes last in a run: charges its CPU time to the visitor."""
    allowance.admit(own_world.key())


def world() -> World:
    """This browser's world: a new one on first use, and where it is gone. Stops the run where none can be made."""
    key = own_world.key()
    allowance.admit(key)
    if kept := simulation().kept(key):
        return kept
    with allowance.room_for_a_world():
        made = simulation().world(key, allowance.address(), start=st.session_state.get(_START, "finished"))
    # After that: the store says it once, and where there is no room for a new world this run has ended.
    if loss := simulation().store.why_gone(key) or ("" if own_world.is_of_this_process(key) else "restarted"):
        st.session_state[_LOSS] = loss
    return made


@contextmanager
def another_world(seeded: Chain = scenario.ARTICLE) -> Iterator[World]:
    """A new world for one trial, with that chain in it, dropped after it: nothing that is done there changes this
    browser's own world.

    It does not count among the worlds that an address may make: otherwise a room whose readers all use the self-check
    would use these up. Its CPU time is charged as always. Raises `NoRoom`.
    """
    key = f"{own_world.key()}-{secrets.token_hex(4)}"
    allowance.admit(own_world.key())
    made = simulation().reset(key, seeded=seeded)
    try:
        yield made
    finally:
        simulation().store.discard(key)


def loss() -> str:
    """Why this reader's world is gone: a `Loss`, `restarted` or `elsewhere`. Empty once they have read it."""
    return already_read.take_message(_LOSS)


def page_state() -> dict[str, object]:
    """What pages keep beside this browser's world: it outlasts a reload, and all tabs share it."""
    return simulation().page_state(world())


def ports() -> Ports:
    """Fresh ports of what the pages are about: what they exchange is theirs alone.

    Raises `Unreachable` where a real cluster cannot be addressed.
    """
    return live.ports() if mode.can().walk_cluster else simulated_ports()


def survey_ports() -> Ports:
    """New ports with the deadline of a survey (`wiring.live_for_survey`). Raises as `ports` does."""
    return live.survey_ports() if mode.can().walk_cluster else simulated_ports()


def tool_options() -> ToolOptions:
    """The options that the commands of a fix need; none in a simulated world."""
    return live_selection.tool_options() if mode.can().walk_cluster else ToolOptions()


def simulated_ports() -> Ports:
    """New ports of this browser's world."""
    return simulated(simulation(), world())


def now() -> float:
    """The clock of the walk's tokens: Unix seconds."""
    return world().clock.now() if mode.can().move_clock else time.time()


def missing(*actions: Action) -> frozenset[Action]:
    """Which of these actions the reader has to ask for first. In the simulated world it is none of them."""
    return live.missing(*actions) if mode.can().ask_consent else NOTHING


def walk_view() -> WalkView:
    """The last walk through what the pages are about. Raises `LookupError` where a real cluster allows none."""
    return live.current() if mode.can().walk_cluster else simulated_walk_view()


def simulated_walk_view() -> WalkView:
    """The last walk through this browser's world; the first one is made here."""
    return kept_walk_view() or _walk(world())


def kept_walk_view() -> WalkView | None:
    """The last walk through this browser's world, or one that is due; None where there was none through this world."""
    here, last = world(), st.session_state.get(_WALK_VIEW)
    if st.session_state.get(_DUE) == here.path:
        return _walk(here)
    if not isinstance(last, WalkView):
        return None
    if last.world != here.path:
        st.session_state.setdefault(_LOSS, "elsewhere")
    if (last.world, last.walk.subject) != (here.path, here.chain.subject):
        return None
    found = last if last.change >= here.log.events.changed else shared_walks.follow(here, last, lambda: _walk(here))
    if found is last:
        return last if last.faults == here.faults else None  # another tab may have injected or reverted one since
    st.session_state[_WALK_VIEW] = found
    return found


def last_walk_view() -> WalkView | None:
    """The last walk through what the pages are about; None where a real cluster allows none."""
    return live_selection.state().walk_view if mode.can().walk_cluster else simulated_walk_view()


def diagnosis(walk_view: WalkView) -> Diagnosis:
    """What the doctor says of a walk; made here on first use."""
    if walk_view.diagnosis:
        return walk_view.diagnosis
    kept: tuple[WalkView, Diagnosis] | None = st.session_state.get(_DIAGNOSIS)
    if kept is None or kept[0] is not walk_view:
        kept = st.session_state[_DIAGNOSIS] = (walk_view, _diagnose(walk_view))
    return kept[1]


def _diagnose(walk_view: WalkView) -> Diagnosis:
    if mode.can().walk_cluster:
        return diagnose(ports(), walk_view.walk)
    return shared_walks.diagnosis(world(), walk_view, lambda: diagnose(ports(), walk_view.walk))


def run_again() -> None:
    """Walks again through the same cluster: through a world once its walk is asked for. Its other tabs follow."""
    if mode.can().walk_cluster:
        live.run_again()
    else:
        allowance.afford(world().usage)
        world().log.events.turn()
        st.session_state[_DUE] = world().path


def reset(seeded: Chain = scenario.ARTICLE, *, start: Start | None = None) -> None:
    """Replaces this browser's world by a new one, with that chain in it. It is walked through when someone asks for
    that.

    `start`: what the new world begins with; None is what the old one began with.
    """
    begins = start or world().start
    allowance.admit(own_world.key())
    with allowance.room_for_a_world():
        made = simulation().reset(own_world.key(), allowance.address(), seeded=seeded, start=begins)
    st.session_state[_START] = begins
    if own_world.key() == tool_files.HANDS_ON:
        own_world.write_tools(simulation(), made)
    st.session_state[_DUE] = made.path


def inject(fault_id: str) -> None:
    """Reverts what is broken in this browser's world, then injects the fault. Raises `CannotBeInjected`."""
    with _acting() as here:
        simulation().revert(here)
        simulation().inject(here, fault_id)


def revert() -> None:
    """Reverts what is broken in this browser's world."""
    with _acting() as here:
        simulation().revert(here)


def edit(here: World, kind: str, text: str) -> None:
    """Stores an object in a world of this browser as it was typed. Raises `EditRefused`, and `WorldGone`."""
    simulation().edit(here, edits.apply(here, kind, text))
    _has_acted(here)


def recreate_pod(here: World) -> None:
    """Deletes the Pod of such a world and creates it again. Raises as `edit` does."""
    try:
        simulation().edit(here, edits.recreate_pod(here))
    finally:
        _has_acted(here)


def replace_node(kind: NodeKind) -> None:
    """Replaces the node of this browser's world by one of another kind."""
    with _acting() as here:
        simulation().replace_node(here, kind)


def save() -> WorldSnapshot:
    """This browser's world as it is now."""
    return simulation().save(world())


def restore(saved: WorldSnapshot) -> None:
    """Restores the world of that snapshot. Raises `WorldGone` where this browser has another world by now."""
    with _acting():
        simulation().restore(saved.world, saved)


def move_clock(seconds: float) -> None:
    """Moves the world's clock, lets the kubelet act, and walks again. Raises `ValueError` if that is too far from
    now."""
    here, before = world(), simulated_walk_view().walk.report(Step.TOKEN_MOUNT).evidence
    simulation().move_clock(here, seconds)
    here.log.events.turn()
    _walk(here, replaced=before)


@contextmanager
def _acting() -> Iterator[World]:
    """Inside, this page does something to its world. Then its other tabs follow.

    The world is walked through again once that is asked for, as after `run_again`. A walk here would end the run of a
    world that has no CPU time left, and the page would not write down what it has done.
    """
    here = world()
    try:
        yield here
    finally:
        _has_acted(here)


def _has_acted(here: World) -> None:
    here.log.events.turn()
    st.session_state[_DUE] = here.path


def subject() -> Subject:
    """The ServiceAccount and the Pod that the walks through this browser's world are about."""
    return world().chain.subject


def _walk(here: World, *, replaced: Mapping[str, JsonValue] | None = None) -> WalkView:
    allowance.afford(here.usage)
    made = shared_walks.walk_through(simulation(), here, replaced)
    st.session_state[_WALK_VIEW], st.session_state[_DUE] = made, ""
    return made
