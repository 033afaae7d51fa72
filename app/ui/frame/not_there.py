"""What pages say of a chain that its reader is still building: what they need, and the way to the exercise."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.content.page_specs import EXERCISE, PAGE_SPECS
from app.ui.draw import components
from app.ui.draw.links import page_link
from app.ui.marks import unspoken
from app.ui.state import session
from app.ui.state.under_construction import is_unbuilt
from app.ui.text import escape, prose


def say(page: str, content: Content) -> None:
    """On the pages that show a walk: that some of the chain does not exist yet, and the way to where it is built."""
    if PAGE_SPECS[page].needs_walk and is_unbuilt():
        link = page_link(content, EXERCISE, escape(content.message("build.empty_link")))
        words = prose(content.message("build.empty_world"))
        components.block(f'<div class="notice" role="status"><p>{words} {link}</p></div>', key="not_there")


def needs_chain(content: Content) -> bool:
    """Whether a page cannot go on for want of a chain that works: then it is said, with the two ways to one."""
    if not is_unbuilt():
        return False
    words = prose(content.message("build.needs_chain"))
    link = page_link(content, EXERCISE, escape(content.message("build.empty_link")))
    components.block(
        f'<div class="notice" role="status">{unspoken("!")}<div><p>{words}</p><p>{link}</p></div></div>',
        key="needs_chain",
    )
    finished_world(content)
    return True


def finished_world(content: Content) -> None:
    """The button that makes a world with IRSA in it."""
    label = content.message("build.finished_world")
    st.button(label, key="finished_world", icon=":material/deployed_code:", on_click=_finish)


def _finish() -> None:
    session.reset(start="finished")
