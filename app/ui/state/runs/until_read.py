"""What a page says until its reader may have read it: in runs that come by themselves, and in the next asked for."""

from __future__ import annotations

import streamlit as st

_COMES = "comes_unasked"
"""In the session: that the run which is about to begin comes by itself."""
_UNASKED = "unasked"
"""In the session: whether this run came by itself."""


def follow() -> None:
    """Is called before a run that the reader did not ask for: the page follows its world (`app.ui.frame.feed`)."""
    st.session_state[_COMES] = True


def begin() -> None:
    """Comes first in a run: a run that says nothing, such as a talk's, leaves nothing over for the next one."""
    st.session_state[_UNASKED] = st.session_state.pop(_COMES, False)


def take(key: str) -> str:
    """What the session keeps under `key`; empty where there is nothing, or it was said in a run that was asked for."""
    said = str(st.session_state.get(key, ""))
    if not st.session_state.get(_UNASKED, False):
        st.session_state.pop(key, None)
    return said
