"""The pages, where they stand in the sidebar, and the way from one to the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import streamlit as st

from app.content import PAGES, Content
from app.flow.model import Status, Step, Walk
from app.ui.journey import NUMBERS

_DIRECTORY = Path(__file__).resolve().parents[2] / "pages"
_ICONS = {
    Status.PASSED: ":material/check_circle:",
    Status.WARNING: ":material/error:",
    Status.FAILED: ":material/cancel:",
    Status.UNKNOWN: ":material/help:",
    Status.NOT_REACHED: ":material/radio_button_unchecked:",
}
_STORY_ICONS = {"home": ":material/home:", "why": ":material/contrast:"}


def name(page: str, content: Content) -> str:
    """What the page is called wherever it is named beside others: short, with its step's number."""
    if page in _STORY_ICONS:
        return content.message(f"screens.{page}")
    return f"{NUMBERS[Step(page)]} {content.message(f'steps.{page}.short')}"


def pages(content: Content, walk: Walk) -> dict[str, list[st.Page]]:
    """The pages by section. A step's icon shows how it ended in the last walk."""
    story = [_page(page, content, icon) for page, icon in _STORY_ICONS.items()]
    steps = [_page(step.value, content, _ICONS[walk.report(step).status]) for step in Step]
    return {content.message("ui.nav_story"): story, content.message("ui.nav_steps"): steps}


def _page(page: str, content: Content, icon: str) -> st.Page:
    return st.Page(
        _DIRECTORY / f"{page}.py", title=name(page, content), icon=icon, url_path=page, default=page == PAGES[0]
    )


def go(page: str, content: Content) -> None:
    """Opens another page in the same language."""
    st.switch_page(_DIRECTORY / f"{page}.py", query_params={"lang": content.language})


@contextmanager
def onward(page: str, content: Content) -> Iterator[None]:
    """Draws what is inside, and below it the ways back and on, named by where they lead; the arrow keys take them too.

    The last page leads back to the first.

    The ways are looked at first, so that nothing of this page is drawn anew when the reader leaves it.
    """
    place = PAGES.index(page)
    body = st.container(key="body")
    with st.container(horizontal=True, horizontal_alignment="distribute" if place else "right", key="onward"):
        if place > 0:
            _way(PAGES[place - 1], content, key="previous", shortcut="Left")
        if place < len(PAGES) - 1:
            _way(PAGES[place + 1], content, key="next", shortcut="Right")
        elif st.button(content.message("screens.back_home"), key="back_home", type="primary"):
            go(PAGES[0], content)
    with body:
        yield


def _way(page: str, content: Content, *, key: str, shortcut: str) -> None:
    kind: Literal["primary", "secondary"] = "primary" if key == "next" else "secondary"
    label = content.message(f"ui.{key}_to", title=name(page, content))
    if st.button(label, key=key, shortcut=shortcut, type=kind):
        go(page, content)
