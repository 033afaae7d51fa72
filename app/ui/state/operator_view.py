"""What an operator sees of the sessions and worlds of this process, and what the pages say when the process stops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

import streamlit as st
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.RootContainer_pb2 import RootContainer

from app.content import LANGUAGES, Content, for_locale, load
from app.serving import descriptors, request_facts
from app.serving.operations import health, metrics
from app.serving.operations.exposition import Gauge, Metric, Sample
from app.serving.operations.health import Check
from app.serving.operations.memory_shortage import MEMORY
from app.serving.operations.open_pages import OPEN_PAGES
from app.serving.operations.stopping import STOPPING
from app.serving.transport import uvicorn_settings
from app.ui.state import own_world, session
from app.world.lifecycle import disk_room

SHOWN_SECONDS = 60
"""How long the sentence is shown: Streamlit does not remove it when the page connects again."""


async def checks() -> Sequence[Check]:
    """Whether there is room for the world of one more visitor."""
    simulation = session.simulation()
    address = urlsplit(simulation.aws_url)
    answered = await health.answers(address.hostname or "", address.port or 0)
    # In threads: a disk behind a network may not answer.
    disks = [await asyncio.to_thread(disk_room.check, "disk", simulation.files.path)]
    if simulation.kept_in is not None:
        disks.append(await asyncio.to_thread(disk_room.check, "kept_worlds", simulation.kept_in))
    connections, most = uvicorn_settings.connections() or (None, None)
    return (
        health.state("worlds_server", "answers" if answered else "silent", "answers"),
        *disks,
        health.share("connections", connections, most, 1.0),
        health.share("pages", len(OPEN_PAGES), OPEN_PAGES.limit, 1.0),
        MEMORY.check(),
        health.share("descriptors", metrics.open_descriptors(), descriptors.limit()),
    )


def gauges() -> Iterable[Metric]:
    """Numbers that other modules count: sessions, worlds, connections, and work in progress."""
    manager = _sessions()
    simulation = session.simulation()
    active, store = len(manager.list_active_sessions()), simulation.store
    left = manager.num_sessions() - active
    states = [Sample(active, {"state": "open"}), Sample(left, {"state": "left"})]
    found = {
        "irsa_sessions": states,
        "irsa_worlds": [Sample(len(store))],
        "irsa_worlds_limit": [Sample(store.capacity)],
        "irsa_worlds_unreadable": [Sample(len(simulation.set_aside))],
        "irsa_worlds_not_kept": [Sample(sum(simulation.not_kept(it) is not None for it in store.all().values()))],
        "irsa_under_way": [Sample(count, {"kind": kind}) for kind, count in STOPPING.count().items()],
        "irsa_stopping": [Sample(int(STOPPING.began is not None))],
    }
    if room := uvicorn_settings.connections():
        found |= {"irsa_connections": [Sample(room[0])], "irsa_connections_limit": [Sample(room[1])]}
    return [Gauge(name, lambda samples=samples: samples) for name, samples in found.items()]  # type: ignore[misc]


def help_of(name: str) -> str:
    """What a metric means, in English: the line `HELP` has no language."""
    return load(for_locale("")).message(f"metrics.{name}")


def connected_by(session_id: str, browser: str) -> str:
    """The id of the request by which the page of that session is connected; empty where it is not, or to another
    `browser` (`request_facts.BROWSER`).
    """
    page = _sessions().get_active_session_info(session_id) if session_id and st.runtime.exists() else None
    context = page.client.client_context if page else None
    headers = dict(context.headers) if context else {}
    facts = request_facts.read(headers)
    return facts.request if facts and headers.get(request_facts.BROWSER) == browser else ""


def inform_pages() -> int:
    """Shows on each open page that the server stops, and what becomes of its world; returns how many pages there are.

    Called on the server's loop. It is a message as a page's script sends them, without a run of that script.
    """
    pages = _sessions().list_active_sessions()
    for page in pages:
        message = ForwardMsg()
        message.metadata.delta_path[:] = [RootContainer.EVENT, 0]
        message.delta.new_element.toast.body = _words(page).message(f"restart.{_world(page)}")
        message.delta.new_element.toast.duration = SHOWN_SECONDS
        page.session._enqueue_forward_msg(message)
    return len(pages)


def _sessions() -> Any:
    return st.runtime.get_instance()._session_mgr


def _words(page: Any) -> Content:
    state = page.session._client_state
    asked = parse_qs(state.query_string).get("lang", [""])[0]
    return load(asked if asked in LANGUAGES else for_locale(state.context_info.locale))


def _world(page: Any) -> str:
    """`kept`, `older` where its last changes are not on the disk, `gone`, or `none` where the page has none."""
    context = page.client.client_context
    if context is None:
        return "none"
    facts = request_facts.read(dict(context.headers))
    found = context.cookies.get(own_world.cookie_name(facts), "")
    world = session.simulation().store.get(own_world.key_of(found, facts))
    if world is None:
        return "none"
    if session.simulation().not_kept(world) is not None:
        return "older"
    return "kept" if session.simulation().keeps(world) else "gone"
