"""What pages say about a chain that its reader is still building: what they need, and the way to the exercise."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.content.page_specs import CLOCK, EXERCISE, PAGE_SPECS
from app.ui.draw import components
from app.ui.draw.links import page_link
from app.ui.marks import unspoken
from app.ui.state import mode, session
from app.ui.state.under_construction import is_unbuilt
from app.ui.text import escape, prose
from app.world.lifecycle.world_operations import pod_of, service_account_of


def say(page: str, content: Content) -> None:
    """On the pages that show a walk: says that a part of the chain does not exist yet, and links to where it is
    built."""
    if PAGE_SPECS[page].needs_walk and is_unbuilt():
        link = page_link(content, EXERCISE, escape(content.message("build.empty_link")))
        words = prose(content.message("build.empty_world"))
        components.block(f'<div class="notice" role="status"><p>{words} {link}</p></div>', key="not_there")


def say_deleted(page: str, content: Content) -> None:
    """On the same pages: says that a part of the chain with which the world began no longer exists, and links to where
    its reader may have deleted it. A fault says so itself."""
    if PAGE_SPECS[page].needs_walk and mode.can().break_world and _is_deleted():
        chain = session.world().chain
        account = f"{chain.namespace}/{chain.service_account}"
        words = prose(content.message("mode.deleted", pod=chain.pod, service_account=account))
        link = page_link(content, CLOCK, escape(content.message("mode.deleted_link")))
        components.block(f'<div class="notice" role="status"><p>{words} {link}</p></div>', key="deleted")


def _is_deleted() -> bool:
    world = session.world()
    if world.start != "finished" or world.faults or world.chain.subject != world.seeded.subject:
        return False
    found = world.cluster.find
    return not (found("serviceaccounts", *service_account_of(world)) and found("pods", *pod_of(world)))


def needs_chain(content: Content) -> bool:
    """Whether a page cannot go on without a chain that works; then draws the reason, and two ways to such a chain."""
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
    lost = content.message("build.begin_help")
    st.button(label, help=lost, key="finished_world", icon=":material/deployed_code:", on_click=_finish)


def _finish() -> None:
    session.reset(start="finished")
