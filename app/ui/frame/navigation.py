"""The pages, their places in the sidebar, and the ways from one page to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from copy import copy
from functools import cache, wraps
from typing import Literal

import streamlit as st

from app.content import JOURNEY, STORY, Content
from app.content.page_specs import PAGE_SPECS, SECTIONS
from app.flow.model import Status, Step, Walk
from app.locations import PAGES
from app.ui.marks import step_name
from app.ui.state import already_read, language, route
from app.ui.state.runs import drawn_before, menu, mounted
from app.ui.text import prose

_READ, _NOT_READ = ":material/check_circle:", ":material/radio_button_unchecked:"
_STANDS_OUT = {
    Status.WARNING: ":material/error:",
    Status.FAILED: ":material/cancel:",
    Status.UNKNOWN: ":material/help:",
    Status.NOT_REACHED: ":material/do_not_disturb_on:",
}
"""The icons of statuses that are shown whether the step was read or not: below a broken step a tick would look like a
success."""


def name(page: str, content: Content) -> str:
    """The short name of a page, for lists of pages; with its number if it is a step's."""
    if page in list(Step):
        return step_name(Step(page), content)
    short = PAGE_SPECS[page].short
    return content.message(short) if short else content.lesson(page).title


def choose(content: Content, walk: Walk | None) -> st.Page:
    """Shows the pages by section, and returns the one that the visitor is on. A step has a tick as its icon if it was
    read, and a sign if it did not pass in `walk`."""
    signs = icons(walk, already_read.pages())
    return menu.choose((content.language, *signs.values()), lambda: _pages(content, signs))


def _pages(content: Content, signs: Mapping[str, str]) -> dict[str, list[st.Page]]:
    """The pages by the id of their section, of which `page.js` shows the name: if the names themselves changed, as with
    the language, Streamlit would for a moment show none of the pages."""
    return {
        section: [_page(page, content, PAGE_SPECS[page].icon or signs[page]) for page in pages_]
        for section, pages_ in SECTIONS.items()
    }


def icons(walk: Walk | None, read: frozenset[str]) -> dict[str, str]:
    """The icon of each step: that it did not pass, which a reader has to see first, or else that it was read."""
    found = {step.value: _READ if step in read else _NOT_READ for step in Step}
    for report in walk or ():
        found[report.step] = _STANDS_OUT.get(report.status, found[report.step])
    return found


def _page(page: str, content: Content, icon: str) -> st.Page:
    """The page. Streamlit writes into a page which run may draw it, so each run has copies of its own."""
    return copy(_checked(page, name(page, content), icon))


@cache
def _checked(page: str, title: str, icon: str) -> st.Page:
    """The page, after Streamlit has checked its file, address and icon: on disk, and once for all runs."""
    return st.Page(PAGES / f"{page}.py", title=title, icon=icon, url_path=page, default=page == STORY[0])


@contextmanager
def onward(page: str, content: Content, *, is_done: bool = True) -> Iterator[None]:
    """Draws what is inside, and below it the ways back and on, named by where they lead, and why to go on.

    In the story the arrow keys take them too; later pages need these keys themselves. From the last page of
    the story on, each page also leads back to the first. `route.leave` takes these ways.

    `is_done` is as in `leads_on`.
    """
    with _body(page):
        yield
    _below(page, content, is_done=is_done)


def _below(page: str, content: Content, *, is_done: bool) -> None:
    with drawn_before.again():
        drawn_before.part(("ways", page, content.language, is_done), lambda: _ways(page, content, is_done=is_done))


def _ways(page: str, content: Content, *, is_done: bool) -> None:
    place = JOURNEY.index(page)
    before, after = JOURNEY[:place][-1:], JOURNEY[place + 1 :][:1]
    keys = ("Left", "Right") if page in STORY else (None, None)
    if is_done and after and (bridge := content.messages.get(f"bridges.{after[0]}")):
        st.html(f'<p class="bridge">{prose(bridge)}</p>')
    with st.container(horizontal=True, horizontal_alignment="distribute" if place else "right", key="onward"):
        for earlier in before:
            _way(earlier, content, key="previous", shortcut=keys[0], stands_out=False)
        if page not in STORY[:-1]:
            label = content.message("screens.back_home")
            st.button(label, key="back_home", type="tertiary", on_click=route.ask, args=(STORY[0],))
        for later in after:
            _way(later, content, key="next", shortcut=keys[1], stands_out=is_done)


def _body(page: str) -> AbstractContextManager[object]:
    """The container of a page's body. A browser keeps the container of a step for the next step. Any other page puts
    something else in its place, so that nothing of a step is seen there while the page is still made."""
    if page not in list(Step):
        st.empty()
        return st.container(key="body")
    with mounted.kept_mounted(), drawn_before.again():
        return st.container(key="body")


def leads_on(page: str) -> Callable[[Callable[[], bool | None]], Callable[[], None]]:
    """Draws what `onward` draws around all that a page's function draws.

    Where the function returns False, the reader has something to do on the page first: the way on does not stand out,
    so that only one button does, and nothing is said of the next page.
    """

    def around(draw: Callable[[], bool | None]) -> Callable[[], None]:
        @wraps(draw)
        def drawn() -> None:
            with _body(page):
                is_done = draw() is not False
            _below(page, language.content(), is_done=is_done)

        return drawn

    return around


def _way(page: str, content: Content, *, key: str, shortcut: str | None, stands_out: bool) -> None:
    kind: Literal["primary", "secondary"] = "primary" if stands_out else "secondary"
    label = content.message(f"ui.{key}_to", title=name(page, content))
    st.button(label, key=key, shortcut=shortcut, type=kind, on_click=route.ask, args=(page,))
