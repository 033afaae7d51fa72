"""What a browser's connection brought along: read once for each, because a page asks for it some sixty times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

Fields = Mapping[str, str]
_headers: WeakKeyDictionary[object, Fields] = WeakKeyDictionary()
_cookies: WeakKeyDictionary[object, Fields] = WeakKeyDictionary()
"""By connection. One that comes in place of another is another key, and what it brought goes with it."""


def headers() -> Fields:
    """`st.context.headers`."""
    return _once(_headers, lambda: st.context.headers)


def cookies() -> Fields:
    """`st.context.cookies`."""
    return _once(_cookies, lambda: st.context.cookies)


def _once(kept: WeakKeyDictionary[object, Fields], read: Callable[[], Fields]) -> Fields:
    context = get_script_run_ctx()
    client = runtime.get_instance().get_client(context.session_id) if context and runtime.exists() else None
    if client is None:
        return read()
    found = kept.get(client)
    if found is None:
        found = kept[client] = read()
    return found
