"""The page of the lab: choose a fault or be surprised, predict, inject, diagnose, fix."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.ui.draw import components, sts_wording
from app.ui.draw.notice import needs_a_world
from app.ui.frame import navigation
from app.ui.frame.not_there import needs_chain
from app.ui.lab import own_chain, secrecy, trial
from app.ui.lab.asking import ask
from app.ui.lab.broken import broken
from app.ui.lab.fault_list import listing, unknown
from app.ui.lab.hidden import hidden
from app.ui.lab.score import score
from app.ui.lab.warning import world_is_broken
from app.ui.state import language, session
from app.world.faults import find_fault


@navigation.leads_on("break_it")
def break_it() -> bool:
    """Draws the page. Returns whether the reader has nothing left to do on it."""
    content = language.content()
    components.head("break_it", content)
    if needs_a_world(content) or needs_chain(content):
        return True
    if drawn := score(content):
        components.block(drawn, key="lab_score")

    if own_chain.hindered(content):
        return False

    # (1) The address asks for a fault, or one is in force, or neither.
    address = st.query_params.get(trial.PARAM, "")
    asked, it = find_fault(address), trial.current()
    if asked and asked.id != address:
        st.query_params[trial.PARAM] = asked.id
    elif address and not asked:
        unknown(address, content)
    if secrecy.is_hidden() and it and not asked:
        components.top("hidden")
        hidden(it, content)  # without the list of faults beside it
        return False
    if it and asked in (None, it.fault) and not secrecy.is_hidden():
        components.top(f"{it.fault.id} {broken(it, content)}")
        if it.reverted:
            return False
    elif asked:
        components.top(asked.id)
        world_is_broken(content)
        ask(asked, content)
        _say_refusal(content)  # below the button that was pressed: at the top of the page it would be out of sight
    else:
        components.top("")
        _say_refusal(content)
        _choose(content)
        sts_wording.fold(content)
        return True

    # (2) All other faults, folded.
    with st.expander(content.message("lab.another"), icon=":material/list:", key="lab_list"):
        _choose(content)
    return False


def _say_refusal(content: Content) -> None:
    if said := trial.refusal():
        st.error(content.message("lab.cannot", said=said))
        st.button(content.message("ui.reset"), key="lab_renew", icon=":material/delete_sweep:", on_click=session.reset)


def _choose(content: Content) -> None:
    st.button(
        content.message("lab.surprise"),
        key="lab_surprise",
        icon=":material/casino:",
        on_click=trial.surprise,
    )
    st.caption(content.message("lab.surprise_help"))
    listing(content)
