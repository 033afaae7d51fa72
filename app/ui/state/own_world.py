"""Which world is a browser's: its own, or that of the person who started the app with `serve --dir`, which is their
terminal's as well.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from weakref import WeakKeyDictionary

import streamlit as st

from app.serving.request_facts import RequestFacts
from app.settings import Settings
from app.ui.state import connection
from app.world.lifecycle.simulation import Simulation
from app.world.setup import tool_files
from app.world.world import World

COOKIE = "irsa_explorer_browser"
"""Holds the browser's id. Only the server reads it; nothing writes it into an address, a log or a page."""
_OF_THIS_NAME = "__Host-"
"""A browser takes a cookie with this prefix over TLS alone, and from no other name of the same domain, which could else
give a reader an id that it knows (RFC 6265bis, section 4.1.3.2)."""
_ID = re.compile(r"[0-9a-f]{32}([0-9a-f]{8})?")
_PROCESS = secrets.token_hex(4)
"""Ends the ids that this process gives out: a browser that brings another one had its world in a process before."""
_keys: WeakKeyDictionary[object, str] = WeakKeyDictionary()
"""By connection."""


def new_id() -> str:
    """An id that no one can guess, 128 random bits, and the process that gave it out."""
    return secrets.token_hex(16) + _PROCESS


def is_id(text: str) -> bool:
    """Whether `text` is an id as `new_id` makes them."""
    return _ID.fullmatch(text) is not None


def cookie_name(facts: RequestFacts | None) -> str:
    """The name of the cookie that holds the id, with the prefix where the browser speaks TLS."""
    return f"{_OF_THIS_NAME}{COOKIE}" if facts is not None and facts.encrypted else COOKIE


def key() -> str:
    """The key of the present browser's world: its id. A session without the cookie has a world of its own."""
    return connection.once(_keys, _find_key)


def _find_key() -> str:
    facts = connection.facts()
    found = str(connection.cookies().get(cookie_name(facts), ""))
    browser = found if is_id(found) else str(st.session_state.setdefault("browser", new_id()))
    return key_of(browser, facts)


def is_of_this_process(key: str) -> bool:
    """Whether a world with this key can only have been in this process: an earlier one gave out other ids."""
    return key.endswith((_PROCESS, tool_files.HANDS_ON))


def key_of(browser: str, facts: RequestFacts | None) -> str:
    """The key of the world of a browser with that id: the key of the starter's world where the browser opened the
    launch address."""
    has_launched = facts is not None and facts.launched
    return tool_files.HANDS_ON if has_launched and Settings.from_environment().world_dir else browser


def write_tools(simulation: Simulation, world: World) -> None:
    """Writes what their kubectl and aws need: another world has other keys. Raises `OSError`."""
    tool_files.write_all(Path(Settings.from_environment().world_dir), simulation, world)
