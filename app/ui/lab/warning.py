"""The warning that this world is broken, or was fixed by hand: the fault, unless it is hidden, and the ways out."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.model import Status
from app.ui.draw import components
from app.ui.draw.checks import mark
from app.ui.draw.links import page_link
from app.ui.lab import by_hand, secrecy, trial
from app.ui.lab.fault_list import title
from app.ui.state import session
from app.ui.text import escape, prose
from app.world.faults import FAULTS


def world_is_broken(content: Content) -> None:
    """Draws the warning, on any page; nothing in a world without a fault."""
    ids = session.world().faults
    if not ids:
        return
    found = session.diagnosis(session.simulated_walk_view())
    whole = all(by_hand.is_whole(FAULTS[id_], found) for id_ in ids)
    if whole:
        html = prose(content.message("lab.strip_whole"))
    elif secrecy.is_hidden():
        html = prose(content.message("lab.strip_hidden"))
    else:
        named = " ".join(f"**{id_} {title(FAULTS[id_], content)}**" for id_ in ids)
        html = prose(content.message("lab.strip", faults=named))
        if found.verdict.in_pod_alone:
            html += f'<br><span class="quiet">{prose(content.message("lab.strip_walk"))}</span>'
    status = Status.PASSED if whole else Status.WARNING
    link = page_link(content, "break_it", escape(content.message("lab.strip_link")))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="strip"):
        components.block(
            f'<div class="strip {status}" role="status">{mark(status, content)}<p>{html} {link}</p></div>',
            key="lab_strip",
        )
        label = content.message("lab.put_back" if whole else "lab.strip_revert")
        st.button(label, key="strip_revert", icon=":material/build:", on_click=trial.revert)
