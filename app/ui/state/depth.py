"""The depth that the reader wants: the story, the detail of every check, or down to the wire."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.ui.state import address
from app.ui.state.runs.plain_arguments import Labels

STORY, DETAIL, WIRE = 1, 2, 3
KEY = "depth"
DEPTHS = (STORY, DETAIL, WIRE)
_FRESH = "deepened"
"""In the session: the depth that the button below a lesson has just led to."""


def choose() -> int:
    """Settles the depth of this run: the URL wins, then what was chosen before; detail is the default."""
    asked = st.query_params.get(KEY, "")
    if asked in map(str, DEPTHS):
        st.session_state[KEY] = int(asked)
    else:
        st.session_state[KEY] = depth()
    return depth()


def query_params() -> dict[str, str | None]:
    """The depth's parameter of the address; none for the default."""
    return {KEY: str(depth()) if depth() != DETAIL else None}


def depth() -> int:
    """1 for the story, 2 for the detail, 3 for the wire: what the reader chose, or else the detail. A forged message
    can leave the control without a value; its callback runs before `choose`."""
    chosen = st.session_state.get(KEY)
    return int(chosen) if chosen in DEPTHS else DETAIL


def switch(content: Content) -> None:
    """The control that changes the depth."""
    st.segmented_control(
        content.message("depth.label"),
        DEPTHS,
        key=KEY,
        format_func=Labels(tuple((at, content.message(f"depth.{name}")) for at, name in _NAMES.items())),
        help=content.message("depth.help"),
        required=True,
        on_change=_keep,
        persist_state="session",
    )


def answers(at: int) -> bool:
    """Whether the reader has just pressed the button that leads to that depth; the caller has to show it."""
    if st.session_state.get(_FRESH) != at:
        return False
    del st.session_state[_FRESH]
    return True


def deeper(content: Content) -> None:
    """A button to the next depth; nothing where there is none."""
    if depth() < WIRE:
        label = content.message(f"depth.to_{_NAMES[depth() + 1]}")
        st.button(label, key="deeper", icon=":material/zoom_in:", on_click=_deeper)


_NAMES = {STORY: "story", DETAIL: "detail", WIRE: "wire"}


def to_story() -> None:
    """Chooses the story, as a callback: for a reader who begins."""
    st.session_state[KEY] = STORY
    _keep()


def _deeper() -> None:
    st.session_state[KEY] = st.session_state[_FRESH] = depth() + 1
    _keep()


def _keep() -> None:
    address.put(query_params())
