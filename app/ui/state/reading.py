"""Which pages this reader has read. A tick in the navigation says that, and nothing of how the chain stands."""

from __future__ import annotations

import streamlit as st

_READ = "read"


def finished(page: str) -> None:
    """Marks the page as read: its question was answered, or it has none."""
    st.session_state.setdefault(_READ, set()).add(page)


def read() -> frozenset[str]:
    """The pages that were read in this session."""
    return frozenset(st.session_state.get(_READ, ()))
