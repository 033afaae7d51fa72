"""The walk through a real cluster: made when the choice needs it, and shown step by step while it is made."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import streamlit as st

from app import wiring
from app.content import Content
from app.flow.doctor import diagnose
from app.flow.errors import FlowError
from app.flow.model import Step, StepReport, Subject, Walk
from app.flow.permissions.asked import AskedAction
from app.flow.port_wrappers.consent import ALL, NOTHING, Action, consented
from app.flow.port_wrappers.last_known import SILENCE, LastKnown, remember
from app.flow.port_wrappers.permissions_needed import NEEDS, foresee
from app.flow.ports import Ports
from app.flow.steps.walk import walk_through
from app.serving.operations import metrics
from app.ui.marks import MARKS, step_name
from app.ui.state import live_selection
from app.ui.state.live_selection import LiveSelection
from app.ui.state.walk_view import WalkView

_ACTIONS = tuple(use for use, need in NEEDS.items() if need.action is not None)


def ensure_walk(content: Content) -> WalkView | None:
    """The walk of the present choice; made here where there is none yet. None where it cannot be made.

    The lists and the walk use one set of ports, which has one deadline for both.
    """
    chosen = live_selection.state()
    if chosen.settled:
        return chosen.walk_view
    place = st.empty()
    opened = cache(lambda: _opened(chosen))
    try:
        with place.status(content.message("mode.asking")) as status:
            subject = live_selection.settle(chosen, opened)
            ports, started = opened(), time.perf_counter()
            reports = []
            for report in _reported(consented(ports, chosen.actions), subject, chosen.needed, content):
                reports.append(report)
                status.update(label=content.message("mode.walked", count=len(reports), steps=len(Step)))
            seconds = time.perf_counter() - started
            found = Walk(subject=subject, reports=tuple(reports))
            metrics.count_walk("live", found, seconds)
            chosen.walk_view = _walk_view(chosen, ports, found, seconds)
            chosen.problem = live_selection.look_around(chosen, ports)  # it may have stopped answering
    except FlowError as error:
        chosen.problem = error
        if chosen.walk_view and (before := _last_known(chosen)):
            chosen.walk_view = replace(chosen.walk_view, as_of=before.read_at, silence="")
    chosen.settled = True
    place.empty()
    return chosen.walk_view


def _reported(ports: Ports, subject: Subject, needed: Sequence[AskedAction], content: Content) -> Iterator[StepReport]:
    """The steps of the walk, each shown as soon as it is done."""
    for report in walk_through(ports, subject, needed):
        word = content.message(f"statuses.{report.status}")
        st.write(f"{MARKS[report.status]} {step_name(report.step, content)}: {word}")
        yield report


def _walk_view(chosen: LiveSelection, ports: Ports, found: Walk, seconds: float) -> WalkView:
    now = ports.clock.now()
    diagnosis = diagnose(consented(ports, chosen.actions), found)
    kept = remember(_last_known(chosen), diagnosis.walk, now)
    old = {step: at for step, at in kept.read_at.items() if kept.is_old(step)}
    if old and chosen.walk_view and chosen.walk_view.diagnosis:
        diagnosis = chosen.walk_view.diagnosis
    diagnosis = replace(diagnosis, walk=kept.walk, options=live_selection.tool_options())
    identity, identity_error = None, None
    try:
        identity = ports.aws.caller_identity()
    except FlowError as error:
        identity_error = error
    chosen.read_at = now
    silent = [check.error for check in found.checks if check.reason in SILENCE and check.error]
    return WalkView(
        world=f"{chosen.choice} {found.subject}",
        walk=kept.walk,
        seconds=seconds,
        granted=chosen.actions,
        as_of=old,
        diagnosis=diagnosis,
        silence=silent[0] if silent else "",
        identity=identity,
        identity_error=identity_error,
        region=ports.aws.region,
        forecast=foresee(ports.cluster, found.subject, _ACTIONS),
    )


def _last_known(chosen: LiveSelection) -> LastKnown | None:
    before = chosen.walk_view
    if before is None:
        return None
    read_at = {report.step: before.as_of.get(report.step, chosen.read_at) for report in before.walk}
    return LastKnown(walk=before.walk, asked_at=chosen.read_at, read_at=read_at)


def current() -> WalkView:
    """The walk that `ensure_walk` made. Raises `LookupError` where it made none."""
    walk_view = live_selection.state().walk_view
    if walk_view is None:
        raise LookupError("no walk was made")
    return walk_view


def ports() -> Ports:
    """New ports, which may do what this reader has asked for. Raises `Unreachable`."""
    chosen = live_selection.state()
    return consented(_opened(chosen), chosen.actions)


def survey_ports() -> Ports:
    """New ports for a survey, which only read. Raises `Unreachable`."""
    return consented(wiring.live_for_survey(live_selection.state().choice), NOTHING)


def _opened(chosen: LiveSelection) -> Ports:
    """New ports. The files of our own Pod are read here. Raises `Unreachable`."""
    opened = wiring.live(chosen.choice)
    return wiring.within_own_pod(opened, chosen.own) if chosen.own else opened


def run_again() -> None:
    """Has the next run read everything again. Where no server answers, the last walk stays."""
    chosen = live_selection.state()
    chosen.lists.clear()
    chosen.settled = False


def need(asked: tuple[AskedAction, ...]) -> None:
    """Walks again, and judges the role by these actions, which the Pod needs."""
    chosen = live_selection.state()
    chosen.needed, chosen.settled = asked, False


def grant(*actions: Action) -> None:
    """Walks again, and allows these actions from now on."""
    chosen = live_selection.state()
    chosen.grant(actions)
    chosen.settled = False


def grant_for_visit(*actions: Action) -> None:
    """As `grant`, for every ServiceAccount that is examined from now on, until it is taken back."""
    chosen = live_selection.state()
    chosen.for_visit |= set(actions)
    chosen.settled = False


def only_read() -> None:
    """Takes back all consent; the next walk only reads."""
    live_selection.state().take_back()


def missing(*actions: Action) -> frozenset[Action]:
    """Which of these actions the reader has not asked for yet."""
    return (ALL & set(actions)) - live_selection.state().actions
