"""The elements that Streamlit does not have, as components with the theme's variables and without an iframe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from app.content import Content
from app.ui.draw.browser_files import browser_files
from app.ui.marks import page_title
from app.ui.state import connection, route
from app.ui.state.runs import drawn_before
from app.ui.text import prose

_LINKED = """const found = await import(new URL({address!r}, location.origin)).catch(() => null)
if (!found) document.documentElement.dataset.blocked = ""
export default found ? found.default : () => {{}}
"""
"""A component's script where our own server has the module. Streamlit's comes from a blob, which has no relatives.

Where that module does not come, the page says so (`first_picture.body`) instead of an English error for each component.
"""


def component(name: str) -> Callable[..., Any]:
    """The component whose module is `browser_files.script(name)`.

    Our own server gives a browser that module once (`app.serving.fixed_files`); any other sends it with each element.
    """
    linked = st.components.v2.component(f"irsa_{name}", js=_LINKED.format(address=browser_files.address(name)))
    inline = st.components.v2.component(f"irsa_{name}_inline", js=browser_files.script(name))

    def draw(**given: Any) -> Any:
        return (linked if is_ours() else inline)(**given)

    return draw


def is_ours() -> bool:
    """Whether this page came from our own server, which has files beside it."""
    return connection.facts() is not None


def given(file: tuple[str, str]) -> str:
    """What a component gets of a `browser_files.json_file`: on our own server its address, elsewhere its text."""
    return file[0 if is_ours() else 1]


_styles = component("styles")
_block = component("block")
_page = component("page")
_top = component("top")


def styles() -> None:
    """Sets the look of everything after it: Streamlit's own parts, and what the components draw.

    Our own server writes the style sheet of Streamlit's parts into the page (`app.serving.first_paint`), and the script
    of each component imports the other one. So under our own server this draws nothing.
    """
    if not is_ours():
        st.html(f"<style>{browser_files.frame_style_sheet}</style>")
        _styles(data={"css": browser_files.style_sheet}, key="styles")


def block(html: str, key: str, *, answers: bool = False) -> None:
    """Draws `html`, whose values from outside are escaped already, or what is at its address (`cached_parts`). What the
    reader unfolded stays so over reruns, and when they come back to the page.

    Links of `links.page_link` lead to their page, buttons of `text.copy_button` copy. What `answers` the reader's last
    click, in this run and no other, opens its first fold, and the focus goes on from there.
    """
    asked = _block(data={"html": html, "answers": answers, "key": key}, key=key, on_go_change=route.linked).go
    if asked:
        route.follow(asked)


def head(page: str, content: Content, *, asks: str = "", answered: bool = False) -> None:
    """Draws a page's title and its `goal`; `asks` and `answered` as in `goal`."""
    title, asked = page_title(page, content), content.lesson(page).section("goal").body
    drawn_before.part(("head", title, asked, asks, answered), lambda: _head(title, asked, asks, answered=answered))


def _head(title: str, asked: str, asks: str, *, answered: bool) -> None:
    st.title(title, anchor=False)
    goal(asked, asks=asks, answered=answered)


def goal(text: str, *, asks: str = "", answered: bool = False) -> None:
    """Draws the question that a page answers, in content's inline Markdown.

    `asks`: the step with whose question the page goes on. On a phone that comes before the figure (`frame.css`), and
    the map shows the step as soon as this line is there (`map/component.js`). `answered`: the answer, which takes the
    place of the question, comes before the figure there as well.

    Not a block: a component is empty for a moment when a page is turned to, and what stands below it would jump.
    """
    other = 'class="goal answered"' if answered else 'class="goal"'
    attributes = f'class="goal asks" data-asks="{asks}"' if asks else other
    st.html(f"<p {attributes}>{prose(text)}</p>")


def nothing() -> None:
    """Does nothing: without a callback Streamlit does not pass on a component's value."""


def top(shown: str) -> None:
    """Scrolls to the top of the page where it shows something else than before; `shown` identifies what it shows."""
    _top(data={"shown": shown}, key="top")


def page(language: str, name: str, title: str, words: str, section: str) -> None:
    """Sets the name of the page and its language in the browser. On a new page its heading, `title`, gets the focus, or
    the heading of the `section` that the address asks for.

    `words`: the texts around the page (`page_words`), as JSON or as the address of that.
    """
    data = {"language": language, "page": name, "title": title, "words": words, "section": section}
    _page(data=data, key="page")
