"""What this reader has read: pages, which get a tick in the navigation, and messages, which stay until then."""

from __future__ import annotations

import streamlit as st

_PAGES = "pages_read"
_NEXT_IS_UNASKED = "next_run_is_unasked"
"""In the session: whether the next run comes by itself, without an action of the reader."""
_RUN_IS_UNASKED = "run_is_unasked"
"""In the session: whether this run came by itself."""


def mark_page(page: str) -> None:
    """Marks the page as read: its question was answered, or it has none. This says nothing of how the chain stands."""
    st.session_state.setdefault(_PAGES, set()).add(page)


def pages() -> frozenset[str]:
    """The pages that were read in this session."""
    return frozenset(st.session_state.get(_PAGES, ()))


def announce_unasked_run() -> None:
    """Notes that the next run is one that the reader did not ask for: the page follows its world
    (`app.ui.frame.feed`)."""
    st.session_state[_NEXT_IS_UNASKED] = True


def begin_run() -> None:
    """Comes first in a run, so that a run that shows no message, such as a talk's, leaves no mark for the next one."""
    st.session_state[_RUN_IS_UNASKED] = st.session_state.pop(_NEXT_IS_UNASKED, False)


def take_message(key: str) -> str:
    """The message that the session keeps under `key`, until the reader may have read it: it stays in runs that come by
    themselves, and in the first run that the reader asks for. Empty where there is none.
    """
    message = str(st.session_state.get(key, ""))
    if not st.session_state.get(_RUN_IS_UNASKED, False):
        st.session_state.pop(key, None)
    return message
