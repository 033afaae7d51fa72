"""The simulated mode's choice of a chain, and its parameters in the address, which have the same names as in live
mode."""

from __future__ import annotations

from dataclasses import asdict

import streamlit as st

from app.flow.errors import FlowError
from app.flow.model import Subject
from app.flow.object_names import NotAName, check_names
from app.ui.state import address, session

_WRITTEN = "chain_written"
"""In the session: the names that we wrote into the address."""


def choose(*, namespace: str | None = None, service_account: str | None = None, pod: str | None = None) -> None:
    """Turns to another chain of this browser's world (`Simulation.choose`). Its other tabs follow."""
    world = session.world()
    before = world.chain.subject
    session.simulation().choose(world, namespace=namespace, service_account=service_account, pod=pod)
    if world.chain.subject != before:
        world.log.events.turn()


def pin() -> None:
    """Keeps this browser's world at its chain until the reader chooses another one (`Simulation.pin_chain`).

    For a page that keeps something about a chain, and whose acts would turn the world to another chain: in a world that
    began empty they would look like what its reader builds next.
    """
    session.simulation().pin_chain(session.world())


def choose_seeded() -> None:
    """Turns back to the chain that this browser's world was made with."""
    choose(**asdict(session.world().seeded.subject))


def read() -> FlowError | None:
    """Takes the chain from the address, or returns why no chain can have these names.

    As in live mode, an address that is still the one that we wrote says nothing new. In the world only the choice of
    the chain that the pages are about is changed.
    """
    asked = address.subject()
    if not asked or asked == st.session_state.get(_WRITTEN):
        return None
    names = {name: asked.get(name, "") for name in address.SUBJECT}
    try:
        check_names(Subject(**names))
    except NotAName as error:
        return error
    choose(**{name: text for name, text in names.items() if text})
    return None


def query_params() -> dict[str, str | None]:
    """The names of the chain; none where it is the one that the world was made with, or that its learner builds."""
    world = session.world()
    chain = world.chain
    if chain.subject == world.seeded.subject or not world.chain_is_chosen:
        named: dict[str, str | None] = dict.fromkeys(address.SUBJECT)
    else:
        named = {
            "namespace": chain.namespace,
            "service_account": chain.service_account or None,
            "pod": chain.pod or None,
        }
    st.session_state[_WRITTEN] = {name: text for name, text in named.items() if text is not None}
    return named
