"""The controls with which the reader chooses their own ServiceAccount and Pod in the simulated world."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.ui.draw.sections import on_demand
from app.ui.frame.live_controls import select, with_role
from app.ui.state import chosen_chain, session


def pickers(content: Content) -> None:
    """Namespace, ServiceAccount and Pod, drawn once they are unfolded: most readers stay with the article's."""
    within = on_demand(content.message("mode.own_chain"), icon="person_search", key="own_chain")
    if within is not None:
        with within:
            _pickers(content)


def _pickers(content: Content) -> None:
    world = session.world()
    chain, broken = world.chain, bool(world.faults)
    found = session.simulation().choices(world)
    roles = dict(zip(found.service_accounts, found.role_arns, strict=True))
    no_pod = content.message("mode.no_pod")
    st.caption(content.message("mode.chain_is_broken" if broken else "mode.own_chain_help"))
    select("namespace", found.namespaces, chain.namespace, str, content, picked=_picked, disabled=broken)
    select(
        "service_account",
        found.service_accounts,
        chain.service_account,
        lambda name: with_role(name, roles.get(name, "")),
        content,
        picked=_picked,
        disabled=broken,
    )
    select(
        "pod",
        found.pods or ("",),
        chain.pod,
        lambda name: name or no_pod,
        content,
        picked=_picked,
        disabled=broken,
    )
    if chain != world.seeded and not broken:
        back(content, key="chain_back")


def back(content: Content, key: str) -> None:
    """The way back to the chain that the world was made with."""
    seeded = session.world().seeded.subject
    st.button(
        content.message("mode.back_to_chain", subject=f"{seeded.namespace}/{seeded.service_account}"),
        key=key,
        icon=":material/undo:",
        on_click=chosen_chain.choose_seeded,
    )


def _picked(what: str) -> None:
    chosen_chain.choose(**{what: str(st.session_state.get(f"pick_{what}") or "")})
