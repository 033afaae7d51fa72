"""The way from a diagnosis to a simulated world that is broken in the same place, under the same names."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.doctor import Diagnosis, examine
from app.flow.lessons.reproduction import Not, Reproduction, reproduction
from app.ui.draw import components
from app.ui.draw.checks import said
from app.ui.state import mode, route, session
from app.ui.text import escape, prose
from app.world.faults import CannotBeInjected, names
from app.world.setup.scenario import ARTICLE, has_place_for

_FAILED = "reproduction_failed"
"""In the session: why the last reproduction could not be made, as the server's message or the id of the check."""


def offer(found: Diagnosis, content: Content) -> None:
    """Says what would be made, and draws the button; or says why nothing can be. Draws nothing where nothing is
    broken."""
    wanted = reproduction(found, ARTICLE)
    if wanted is None:
        return
    if isinstance(wanted, Reproduction) and not has_place_for(wanted.chain):
        wanted = Not.NAMES
    heading = f'<h2 class="heading">{escape(content.message("doctor_page.reproduce.title"))}</h2>'
    if isinstance(wanted, Not):
        words = content.message(f"doctor_page.reproduce.not.{wanted}")
        components.block(f"{heading}<p>{prose(words)}</p>", key="reproduce")
        return
    fault = content.message(f"faults.{wanted.fault}.title")
    words = content.message("doctor_page.reproduce.lead", fault=f"{wanted.fault} {fault}", **names(wanted.chain))
    components.block(f"{heading}<p>{prose(words)}</p>", key="reproduce")
    st.button(
        content.message("doctor_page.reproduce.do"),
        help=content.message("doctor_page.reproduce.help"),
        key="do_reproduce",
        icon=":material/science:",
        on_click=_make,
        args=(wanted,),
    )
    if failed := st.session_state.pop(_FAILED, ""):
        words = prose(content.message("doctor_page.reproduce.failed"))
        components.block(f"<p>{words}</p>{said(failed, content)}", key="reproduce_failed")


def _make(wanted: Reproduction) -> None:
    """Makes the world and breaks it. Goes to the lab if the doctor's verdict there is that of the diagnosis."""
    session.reset(wanted.chain, start="finished")
    try:
        session.inject(wanted.fault)
    except CannotBeInjected as error:
        st.session_state[_FAILED] = error.obstacle
        return
    judged = examine(session.simulated_ports(), session.subject()).verdict
    if judged.check is None or judged.check.id != wanted.check:
        st.session_state[_FAILED] = f"{wanted.check} ≠ {judged.check.id if judged.check else judged.outcome}"
        return
    mode.simulate()
    route.ask("break_it")
