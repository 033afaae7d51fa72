"""The values of the address that do not exist: kept before the address is written again, and reported on the page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

from app.content import LANGUAGES, PAGES, Content
from app.flow.errors import FlowError
from app.ui.draw import components, notice
from app.ui.state import address, depth, language, mode

PAGE = "page"
"""The parameter of the address with the name of a page that was requested and does not exist (`app.server`)."""
_KEY = "asked_in_vain"
"""In the session: by parameter, what is wrong with the address, until a page reports it."""


def heed(windows: Mapping[str, Iterable[str]]) -> None:
    """Keeps what is wrong with the address. Comes before the address is read. `windows`: the parameters of a talk, with
    the values that each may have.

    Where something is wrong, no talk begins before the reader has seen what.
    """
    known = {language.KEY: LANGUAGES, depth.KEY: map(str, depth.DEPTHS), **mode.IN_ADDRESS, **windows}
    wrong = {name: error for name, values in known.items() if (error := notice.not_among(name, values))}
    if name := st.query_params.get(PAGE, ""):
        wrong[PAGE] = notice.not_there("no_such_page", name, PAGES)
    if wrong:
        st.session_state[_KEY] = wrong
        address.put(dict.fromkeys((PAGE, *windows)))


def say(content: Content) -> None:
    """Reports once what the address asked for and does not exist."""
    wrong: Mapping[str, FlowError] = st.session_state.pop(_KEY, {})
    for name, error in wrong.items():
        components.block(notice.notice(error, content), key=f"unknown_{name}")
