"""The way to another page: at once, by a link of ours, or at the start of the next run."""

from __future__ import annotations

import streamlit as st

from app.content import PAGES, STORY
from app.locations import PAGES as PAGE_FILES
from app.ui.state import address

ARRIVED = "arrived"
"""In the session: this run is of the page that the reader asked for already, with these parameters (`runs.clicks`)."""
SECTION = "section"
"""The parameter of the address: the part of a page to which the browser leads (`page.js`)."""
_LEAVING = "leaving"
"""In the session: the page that the reader asked for, until `leave` goes there."""


def go(page: str, **params: str) -> None:
    """Opens another page, in the same language, depth and mode; `params` are added to its address."""
    # As an object, since `leave` comes before the pages are registered.
    target = st.Page(PAGE_FILES / f"{page}.py", url_path=page, default=page == STORY[0])
    st.switch_page(target, query_params={**address.kept(), **params})


def linked() -> None:
    """The callback of a component with links of ours, of which it says `go`. Under our own server the run is of the
    page that was asked for; elsewhere, and in a fragment, who draws the component has to `follow`."""


def follow(asked: object) -> None:
    """Opens the page of one of our links. A page that does not exist is ignored."""
    if found := target(asked):
        page, params = found
        go(page, **params)


def target(asked: object) -> tuple[str, dict[str, str]] | None:
    """Where one of our links leads: the browser sends `page` and `params`. None where there is no such page."""
    page, params = (asked.get("page"), asked.get("params")) if isinstance(asked, dict) else (None, None)
    if page not in PAGES:
        return None
    return page, {_written(name): _written(it) for name, it in (params if isinstance(params, dict) else {}).items()}


def _written(value: object) -> str:
    """As an address has it, which cannot hold half a surrogate pair."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def leave() -> None:
    """Goes where a button that `ask`s leads, if one was pressed: before anything of the old page is drawn again."""
    if (params := st.session_state.pop(ARRIVED, None)) is not None:
        # As in `go`: the browser takes these parameters to the new page.
        st.query_params.from_dict({**address.kept(), **params})
    if page := st.session_state.pop(_LEAVING, None):
        go(page)


def ask(page: str) -> None:
    """Asks for a page, as the callback of a button: the next run begins with `leave`, which goes there.

    Under our own server the callback of such a button, by itself, is not called: the run is of that page.
    """
    st.session_state[_LEAVING] = page
