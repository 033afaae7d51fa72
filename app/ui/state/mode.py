"""Simulated or live: a switch that keeps the page, and `?mode=live` in the address.

Where others can reach the pages there is no live mode: they would see the cluster with the rights of the person who
started the server.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from weakref import WeakKeyDictionary

import streamlit as st

from app.addresses import is_loopback
from app.content import Content
from app.flow.errors import FlowError
from app.settings import Settings
from app.ui.state import address, connection
from app.ui.state.runs import drawn_before
from app.ui.state.runs.plain_arguments import Labels
from app.ui.text import prose

KEY = "mode"


class Mode(StrEnum):
    """Which cluster the pages are about; the values stand in addresses."""

    SIMULATED = "simulated"
    LIVE = "live"


IN_ADDRESS = {KEY: Mode}
"""The parameter of the address, and what it may ask for."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What the pages can do in a mode. No other module asks which mode it is."""

    break_world: bool = False
    """This browser has a world of its own: to break, to reset, and to have its STS use another wording."""
    move_clock: bool = False
    """The clock of the world can be moved; a real cluster's time is everyone's."""
    walk_cluster: bool = False
    """Walks go through a cluster that the reader chooses, and whose servers may not answer."""
    ask_consent: bool = False
    """Nothing is sent before the reader asks for it."""
    send_outside: bool = False
    """What is sent leaves this machine, for the real AWS."""
    use_own_tools: bool = False
    """The reader's own kubectl and aws are set up for the cluster."""


_refusals: WeakKeyDictionary[object, LiveRefused | None] = WeakKeyDictionary()
_here: WeakKeyDictionary[object, bool] = WeakKeyDictionary()
"""By connection."""
_SIMULATED = Capabilities(break_world=True, move_clock=True)
_LIVE = Capabilities(walk_cluster=True, ask_consent=True, send_outside=True, use_own_tools=True)


class LiveRefused(FlowError):
    """Live mode is not available here."""


def refusal() -> LiveRefused | None:
    """Why live mode is not available; None where it is. Each page asks more than once, so the answer is kept for the
    connection."""
    return connection.once(_refusals, _refusal)


def _refusal() -> LiveRefused | None:
    settings = Settings.from_environment()
    facts = connection.facts()
    # (1) Which server this is. For another server than ours, such as `streamlit run`, neither its address nor its
    # readers are known.
    if facts is None:
        return LiveRefused(code="live_other_server", server_message="")
    # (2) How our server was started. Others may reach either of the two addresses: a server that is bound to all
    # addresses accepts requests on loopback as well.
    for host in (settings.host, facts.served_on):
        if code := settings.live_refusal(host):
            got = " ".join(settings.frame_ancestors) if code == "live_framed" else host
            return LiveRefused(code=code, server_message="", got=got)
    # (3) Where this reader is, and whether they started the server.
    if facts.forwarded_by and settings.live is None:
        return LiveRefused(code="live_behind_proxy", server_message="", got=facts.forwarded_by)
    if not facts.launched:
        return LiveRefused(code="live_not_launched", server_message="", got=str(facts.port))
    return None


def is_on_this_machine() -> bool:
    """Whether only this machine sees the page: our own server took its request on loopback, from no proxy."""
    return connection.once(_here, _is_on_this_machine)


def _is_on_this_machine() -> bool:
    facts = connection.facts()
    if facts is None or facts.forwarded_by:
        return False
    return is_loopback(facts.served_on) and is_loopback(Settings.from_environment().host)


def choose() -> None:
    """Settles the mode of this run."""
    asked = st.query_params.get(KEY, "")
    if asked in set(Mode):
        st.session_state[KEY] = Mode(asked)
    elif st.session_state.get(KEY) not in set(Mode):
        st.session_state[KEY] = Mode.SIMULATED
    if st.session_state[KEY] == Mode.LIVE and refusal():
        st.session_state[KEY] = Mode.SIMULATED  # the address still asks for it, and the page answers why not


def can() -> Capabilities:
    """What the pages can do in the mode that `choose` settled."""
    return _LIVE if _is_live() else _SIMULATED


def can_go_live() -> bool:
    """Whether the pages are about the simulated world, and live mode is available."""
    return not _is_live() and refusal() is None


def _is_live() -> bool:
    return st.session_state.get(KEY) == Mode.LIVE


def query_params() -> dict[str, str | None]:
    """The mode's parameter of the address; for the simulated mode none, and none of a cluster either."""
    return {KEY: str(Mode.LIVE)} if _is_live() else {KEY: None, **dict.fromkeys(address.CLUSTER)}


def was_refused() -> bool:
    """Whether the address asks for live mode, which is not available."""
    return st.query_params.get(KEY) == Mode.LIVE and not _is_live()


def switch(content: Content) -> None:
    """The control that changes the mode; where live mode is not available, a fold that says why, and what to do."""
    refused = refusal()
    why_not = (refused.code, refused.got) if refused else None
    same = ("mode", content.language, st.session_state[KEY], why_not)
    drawn_before.part(same, lambda: _switch(content, refused))


def _switch(content: Content, refused: LiveRefused | None) -> None:
    st.segmented_control(
        content.message("ui.mode"),
        list(Mode),
        key=KEY,
        format_func=Labels(tuple((mode, content.message(f"ui.mode_{mode}")) for mode in Mode)),
        help=content.message("mode.help"),
        required=True,
        disabled=refused is not None,
        width="stretch",
        on_change=_keep,
        persist_state="session",
    )
    if refused:
        words = content.error(refused.words, **refused.values)
        st.html(f'<details class="why_not"><summary>{prose(words.title)}</summary><p>{prose(words.fix)}</p></details>')


def simulate() -> None:
    """Goes back to the simulated cluster."""
    _turn_to(Mode.SIMULATED)


def go_live() -> None:
    """Goes to the reader's own cluster; `choose` refuses it where there is no live mode."""
    _turn_to(Mode.LIVE)


def _turn_to(mode: Mode) -> None:
    st.session_state[KEY] = mode
    _keep()


def _keep() -> None:
    """Drops what was chosen in the other mode."""
    address.put({**address.NOTHING, **query_params()})
