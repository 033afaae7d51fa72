"""The sidebar's controls of the world: walk again, move its clock, replace it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import streamlit as st

from app.content import Content
from app.flow.port_wrappers.consent import Action
from app.ui.draw import components
from app.ui.frame import feed, live_controls, world_controls
from app.ui.state import live, live_selection, mode, session
from app.ui.state.runs import drawn_before
from app.ui.text import escape, value

HOURS = (1, 6, 20)
"""Steps of the clock in hours: the credentials last one hour, and within twenty a token passes 80 % of its lifetime."""
_REFUSED = "clock_refused"


def panel(content: Content) -> None:
    """What the pages are about, and all controls that change it."""
    if mode.can().walk_cluster:
        _cluster(content)
    else:
        _world(content)


def _cluster(content: Content) -> None:
    """Which cluster, and as which identity. The app only reads it."""
    components.block(f'<h2 class="heading">{escape(content.message("mode.your_cluster"))}</h2>', key="cluster")
    live_controls.pickers(content)
    st.button(
        content.message("mode.run_again"),
        help=content.message("mode.run_again_help"),
        icon=":material/replay:",
        key="run_again",
        width="stretch",
        on_click=session.run_again,
    )
    if live_selection.state().is_own:
        st.caption(content.message("mode.own_pod"))
    if actions := live_selection.state().asked_for:
        listed = "".join(
            f"<li>{escape(content.message(f'actions.{action}.do'))}</li>" for action in Action if action in actions
        )
        heading = escape(content.message("mode.granted"))
        components.block(f'<p class="quiet">{heading}</p><ul class="granted">{listed}</ul>', key="granted")
        st.button(
            content.message("mode.only_read"),
            help=content.message("mode.only_read_help"),
            icon=":material/lock:",
            key="only_read",
            width="stretch",
            on_click=live.only_read,
        )


def _world(content: Content) -> None:
    """The world's account and time, and all the controls that change it."""
    world = session.world()
    facts = (("account", world.account_id), ("region", world.region))
    fed = feed.data(content)
    same = ("world", content.language, facts, tuple(fed.items()))
    drawn_before.part(same, lambda: _facts(facts, fed, content))
    world_controls.pickers(content)
    now = _now()
    if any(st.session_state.get(key) for key in ("run_again", "reset", f"{_REFUSED}_sidebar")):
        _controls(content, now)
    else:  # the same for all readers
        drawn_before.part(("controls", content.language, now), lambda: _controls(content, now))


def _facts(facts: Sequence[tuple[str, str]], fed: Mapping[str, str | int], content: Content) -> None:
    rows = "".join(f"<dt>{escape(content.message(f'ui.{key}'))}</dt><dd>{value(text)}</dd>" for key, text in facts)
    heading = escape(content.message("screens.world"))
    components.block(f'<h2 class="heading">{heading}</h2><dl>{rows}</dl>', key="world")
    feed.draw(fed)


def _controls(content: Content, now: str) -> None:
    """Moves the world's clock, walks again, or replaces the world; and says so where that was just done."""
    _part_of_clock(content, "sidebar", HOURS, now)
    if st.button(
        content.message("ui.run_again"),
        help=content.message("ui.run_again_help"),
        icon=":material/replay:",
        key="run_again",
        width="stretch",
        on_click=session.run_again,
    ):
        milliseconds = f"{session.walk_view().seconds * 1000:.0f}"
        st.caption(content.message("ui.ran_in", milliseconds=milliseconds))
    if st.button(
        content.message("ui.reset"),
        help=content.message("ui.reset_help"),
        icon=":material/delete_sweep:",
        key="reset",
        width="stretch",
        on_click=session.reset,
    ):
        st.caption(content.message(f"ui.reset_done.{session.world().start}"))


def clock(content: Content, key: str, hours: Sequence[int] = HOURS) -> None:
    """The world's time, and buttons that move it by so many hours; of a real cluster, why there are none."""
    if not mode.can().move_clock:
        st.caption(content.message("mode.no_clock"))
        return
    _part_of_clock(content, key, hours, _now())


def _part_of_clock(content: Content, key: str, hours: Sequence[int], now: str) -> None:
    refused = st.session_state.pop(f"{_REFUSED}_{key}", False)
    same = ("clock", content.language, key, tuple(hours), now, refused)
    drawn_before.part(same, lambda: _clock(content, key, hours, now, refused=refused))


def _now() -> str:
    return datetime.fromtimestamp(session.world().clock.now(), UTC).strftime("%m-%d %H:%M UTC")


def _clock(content: Content, key: str, hours: Sequence[int], now: str, *, refused: bool) -> None:
    in_sidebar = key == "sidebar"
    st.caption(content.message("ui.clock_now", time=now), help=content.message("ui.clock_help") if in_sidebar else None)
    with st.container(horizontal=True, gap="small", key=f"clock_{key}"):
        for step in hours:
            st.button(
                content.message("ui.clock_forward", hours=step),
                key=f"clock_{key}_{step}",
                on_click=_forward,
                args=(step, key),
            )
    if refused:
        st.warning(content.message("screens.clock_too_far"))
    if not in_sidebar:
        st.caption(content.message("ui.clock_help"))


def _forward(hours: int, key: str) -> None:
    try:
        session.move_clock(hours * 3600.0)
    except ValueError:
        st.session_state[f"{_REFUSED}_{key}"] = True
