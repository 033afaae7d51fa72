"""The last walk through each simulated world, for all pages that show it: one walk for each change of the world."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from weakref import WeakKeyDictionary

import streamlit as st

from app.flow.doctor import Diagnosis
from app.flow.errors import FlowError
from app.flow.model import JsonValue, Walk
from app.flow.ports import Cluster
from app.flow.steps.walk import walk
from app.serving.operations import metrics
from app.ui.state.walk_view import WalkView
from app.wiring import simulated
from app.world.lifecycle.simulation import Simulation
from app.world.world import World


@dataclass
class Shared:
    """What the pages of one world share."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    """Held while one page makes a walk after a change, or a diagnosis, so that the other pages find the result."""
    walk_view: WalkView | None = None
    diagnosis: tuple[WalkView, Diagnosis] | None = None


_FOLLOWED = "followed"
"""In the session: the last walk that came by itself, because the page follows its world."""
_follows: ContextVar[bool] = ContextVar("follows", default=False)
_lock = threading.Lock()
_of: WeakKeyDictionary[World, Shared] = WeakKeyDictionary()


def shared(world: World) -> Shared:
    """What the pages of that world share. It is removed with the world."""
    with _lock:
        return _of.setdefault(world, Shared())


@contextmanager
def following() -> Iterator[None]:
    """Inside, `follow` takes a newer walk. That is at the beginning of a run, before anything is drawn.

    Later it would give one part of the page another walk than the rest, and the page would report that it shows the
    change, so that no other run would come for it.
    """
    token = _follows.set(True)
    try:
        yield
    finally:
        _follows.reset(token)


def follow(world: World, last: WalkView, make: Callable[[], WalkView]) -> WalkView:
    """The walk after the newest change of the world that is an event: the first page that asks makes it, the others
    find it.

    Outside of `following` it is the page's `last` walk. So it is while the world has no CPU time left: the reader did
    not ask for this walk, so the page must not end with a sentence because of it.
    """
    if not _follows.get():
        return last
    known = shared(world)
    with known.lock:
        found = known.walk_view
        if not found or found.change < world.log.events.changed or found.walk.subject != world.chain.subject:
            found = last if world.usage.wait(reserve=True) else make()
    st.session_state[_FOLLOWED] = found.walk
    return found


def has_followed(found: Walk) -> bool:
    """Whether the page made that walk by itself, because the world has changed."""
    return st.session_state.get(_FOLLOWED) is found


def walk_through(simulation: Simulation, here: World, replaced: Mapping[str, JsonValue] | None) -> WalkView:
    """Walks now. The result is the last walk from then on. `replaced`: as in `WalkView`."""
    gone = simulation.follow(here)
    # The state of the world when the walk begins: another tab may change it meanwhile, and then another walk is due.
    opened, chain, faults, change = simulated(simulation, here), here.chain, here.faults, here.log.events.changed
    started = time.perf_counter()
    found = walk(opened, chain.subject)
    seconds = time.perf_counter() - started
    metrics.count_walk("simulated", found, seconds)
    heard = (*opened.server_log.setup(), *opened.server_log.exchanges())
    made = WalkView(
        world=here.path,
        walk=found,
        seconds=seconds,
        log=cache(partial(_log, opened.cluster)),
        heard=heard,
        replaced=replaced,
        gone=gone,
        faults=faults,
        change=change,
    )
    shared(here).walk_view = made
    return made


def _log(cluster: Cluster, namespace: str, pod: str) -> str:
    try:
        return cluster.pod_log(namespace, pod) if pod else ""
    except FlowError as error:
        return error.server_message


def diagnosis(world: World, walk_view: WalkView, examine: Callable[[], Diagnosis]) -> Diagnosis:
    """What the doctor says of a walk through that world; `examine` is called once for each walk."""
    known = shared(world)
    with known.lock:
        if known.diagnosis is None or known.diagnosis[0] is not walk_view:
            known.diagnosis = (walk_view, examine())
        return known.diagnosis[1]
