"""What a page says until its reader may have read it: in runs that come by themselves, and in the next asked for."""

from __future__ import annotations

import streamlit as st

_UNASKED = "unasked"
"""In the session: that this run came by itself, until the page has said what there is to say."""


def follow() -> None:
    """Is called before a run that the reader did not ask for: the page follows its world (`app.ui.frame.feed`)."""
    st.session_state[_UNASKED] = True


def take(key: str) -> str:
    """What the session keeps under `key`; empty where there is nothing, or it was said in a run that was asked for."""
    said = str(st.session_state.get(key, ""))
    if not st.session_state.pop(_UNASKED, False):
        st.session_state.pop(key, None)
    return said
