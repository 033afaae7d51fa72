"""What a browser sent when it connected: read once for each connection, because a page asks for it some sixty times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import TypeVar
from weakref import ReferenceType, WeakKeyDictionary, ref

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app.serving import request_facts
from app.serving.request_facts import RequestFacts

T = TypeVar("T")
Fields = Mapping[str, str]
_headers: WeakKeyDictionary[object, Fields] = WeakKeyDictionary()
_cookies: WeakKeyDictionary[object, Fields] = WeakKeyDictionary()
_facts: WeakKeyDictionary[object, RequestFacts | None] = WeakKeyDictionary()
"""By connection. A connection that replaces another one is another key, and what the old one brought goes with it."""
_present: ContextVar[ReferenceType[object] | None] = ContextVar("present_connection", default=None)
"""The connection of the run that goes on in this context. A copy of the context lives as long as what the run has
started on the worlds' loop, so the reference is weak: no world keeps a connection that is closed."""


def look_again() -> object:
    """A run begins, perhaps over another connection than the run before it. Returns that connection, for the run to
    hold until it ends; None where there is none.
    """
    _present.set(None)
    return _find()


def headers() -> Fields:
    """`st.context.headers`."""
    return once(_headers, lambda: st.context.headers)


def cookies() -> Fields:
    """`st.context.cookies`."""
    return once(_cookies, lambda: st.context.cookies)


def facts() -> RequestFacts | None:
    """What our own server knows about the connection; None where another server accepted it."""
    return once(_facts, lambda: request_facts.read(headers()))


def visitor_of(session_id: str) -> str:
    """The address of a session's visitor, outside of its runs; empty where there is no connection of our own server."""
    client = runtime.get_instance().get_client(session_id) if runtime.exists() else None
    if client is None or (context := client.client_context) is None:
        return ""
    found = _once(_facts, client, lambda: request_facts.read(dict(context.headers)))
    return found.visitor if found else ""


def once(kept: WeakKeyDictionary[object, T], read: Callable[[], T]) -> T:
    """The value of `read` for the present connection; read once, and kept in `kept`."""
    present = _present.get()
    client = (present() if present else None) or _find()
    return read() if client is None else _once(kept, client, read)


def _once(kept: WeakKeyDictionary[object, T], client: object, read: Callable[[], T]) -> T:
    if client not in kept:
        kept[client] = read()
    return kept[client]


def _find() -> object:
    context = get_script_run_ctx()
    client = runtime.get_instance().get_client(context.session_id) if context and runtime.exists() else None
    if client is not None:
        _present.set(ref(client))
    return client
