"""A chain that its reader is building in a world that began empty: which parts exist."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.flow.build.tasks import Seen
from app.flow.doctor import Diagnosis
from app.flow.film.ghosts import ghosts as ghosts_of
from app.flow.verdict.judge import Outcome, judge
from app.flow.verdict.link_states import chain_state
from app.ui.state import mode, session
from app.ui.state.walk_view import WalkView

_BUILT = "built"
"""Kept beside the world: whether its chain has worked."""
_SEEN = "build_seen"
_PICTURED = "build_pictured"


def is_unbuilt() -> bool:
    """Whether the world began empty, and its chain has never worked so far. A later break does not count."""
    if not mode.can().break_world or session.world().start == "finished" or session.page_state().get(_BUILT):
        return False
    works = judge(session.simulated_walk_view().walk).outcome is Outcome.WORKS
    if works:
        session.page_state()[_BUILT] = True
    return not works


def seen(walk_view: WalkView) -> Seen:
    """What is known of this browser's world; asked once for a walk and what its reader has done since."""
    from app.world.setup import building  # only worlds that began empty need it

    here = session.world()
    deeds = frozenset(here.usage.deeds)
    kept = st.session_state.get(_SEEN)
    if not kept or kept[0] is not walk_view or kept[1].deeds != deeds:
        log = walk_view.log(here.chain.namespace, here.chain.pod)
        kept = (walk_view, building.seen(here, session.simulated_ports(), walk_view.walk, log))
        st.session_state[_SEEN] = kept
    found: Seen = kept[1]
    return found


def pictured(walk_view: WalkView) -> Diagnosis:
    """The diagnosis from which the exercise's map is drawn.

    As long as the chain does not work, that is the walk alone, which shows what exists: the doctor's checks of the Pod
    and its past say nothing about that. A chain that works has its whole diagnosis.
    """
    if not is_unbuilt():
        return session.diagnosis(walk_view)
    kept: tuple[WalkView, Diagnosis] | None = st.session_state.get(_PICTURED)
    if kept is None or kept[0] is not walk_view:
        seen_alone = Diagnosis(walk=walk_view.walk, checks=(), read_at=session.now())
        kept = st.session_state[_PICTURED] = (walk_view, seen_alone)
    return kept[1]


def ghosts(found: Diagnosis) -> Sequence[str]:
    """The parts that a picture of that walk draws as ghosts, in a fixed order; none where nothing is being built."""
    if not is_unbuilt() or found.walk is not session.simulated_walk_view().walk:
        return ()
    checks = {check.id: check for check in found.walk.checks}
    role_checks = seen(session.simulated_walk_view()).role_checks
    return sorted(ghosts_of(chain_state(found.walk, found.checks), checks, role_checks))
