"""What the address asks for and there is not: kept before the address is written again, and said on the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

from app.content import LANGUAGES, PAGES, Content
from app.flow.errors import FlowError
from app.ui.draw import components, notice
from app.ui.state import address, depth, language, mode

PAGE = "page"
"""In the address: the page that a browser asked for, where there is none of that name (`app.server`)."""
_KEY = "asked_in_vain"
"""In the session: by parameter, what is wrong with what the address asked for, until a page says so."""


def heed(windows: Mapping[str, Iterable[str]]) -> None:
    """Comes before the address is read. `windows`: what it may ask for of a talk, by parameter.

    Where something is wrong, nothing is presented to a room before the reader has seen it.
    """
    known = {language.KEY: LANGUAGES, depth.KEY: map(str, depth.DEPTHS), **mode.IN_ADDRESS, **windows}
    wrong = {name: error for name, values in known.items() if (error := notice.not_among(name, values))}
    if name := st.query_params.get(PAGE, ""):
        wrong[PAGE] = notice.not_there("no_such_page", name, PAGES)
    if wrong:
        st.session_state[_KEY] = wrong
        address.put(dict.fromkeys((PAGE, *windows)))


def say(content: Content) -> None:
    """Says once what the address asked for and does not exist."""
    wrong: Mapping[str, FlowError] = st.session_state.pop(_KEY, {})
    for name, error in wrong.items():
        components.block(notice.notice(error, content), key=f"unknown_{name}")
