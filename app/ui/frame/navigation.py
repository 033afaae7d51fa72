"""The pages, where they stand in the sidebar, and the way from one to the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import streamlit as st

from app.content import LABS, STORY, Content
from app.content.pages import PAGE_SPECS, SECTIONS
from app.flow.model import Status, Step, Walk
from app.ui.marks import NUMBERS
from app.ui.state import reading, route

_READ, _NOT_READ = ":material/check_circle:", ":material/radio_button_unchecked:"
_STANDS_OUT = {
    Status.WARNING: ":material/error:",
    Status.FAILED: ":material/cancel:",
    Status.UNKNOWN: ":material/help:",
}
"""A step of these needs the reader, whether they have read it or not."""


def name(page: str, content: Content) -> str:
    """What the page is called wherever it is named beside others: short, with its step's number."""
    short = PAGE_SPECS[page].short
    words = content.message(short) if short else content.lesson(page).title
    return f"{NUMBERS[Step(page)]} {words}" if page in list(Step) else words


def pages(content: Content, walk: Walk | None) -> dict[str, list[st.Page]]:
    """The pages by section. A step's icon is a tick where it was read, and a sign where it did not pass in `walk`."""
    signs = icons(walk, reading.read())
    return {
        content.message(f"ui.nav_{section}"): [
            _page(page, content, PAGE_SPECS[page].icon or signs[page]) for page in pages_
        ]
        for section, pages_ in SECTIONS.items()
    }


def icons(walk: Walk | None, read: frozenset[str]) -> dict[str, str]:
    """By step: whether it was read, or that it did not pass, which a reader has to see first."""
    found = {step.value: _READ if step in read else _NOT_READ for step in Step}
    for report in walk or ():
        found[report.step] = _STANDS_OUT.get(report.status, found[report.step])
    return found


def _page(page: str, content: Content, icon: str) -> st.Page:
    return st.Page(
        route.PAGES_DIRECTORY / f"{page}.py",
        title=name(page, content),
        icon=icon,
        url_path=page,
        default=page == STORY[0],
    )


@contextmanager
def onward(page: str, content: Content) -> Iterator[None]:
    """Draws what is inside, and below it the ways back and on, named by where they lead; the arrow keys take them too.

    The last page leads on to the lab, and back to the first. `route.leave` takes these ways.
    """
    with st.container(key="body"):
        yield
    place = STORY.index(page)
    with st.container(horizontal=True, horizontal_alignment="distribute" if place else "right", key="onward"):
        if place > 0:
            _way(STORY[place - 1], content, key="previous", shortcut="Left")
        if place == len(STORY) - 1:
            label = content.message("screens.back_home")
            st.button(label, key="back_home", type="tertiary", on_click=route.ask, args=(STORY[0],))
        _way((*STORY, *LABS)[place + 1], content, key="next", shortcut="Right")


def _way(page: str, content: Content, *, key: str, shortcut: str) -> None:
    kind: Literal["primary", "secondary"] = "primary" if key == "next" else "secondary"
    label = content.message(f"ui.{key}_to", title=name(page, content))
    st.button(label, key=key, shortcut=shortcut, type=kind, on_click=route.ask, args=(page,))
