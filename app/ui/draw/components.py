"""How the pages draw what Streamlit has no element for: components with the theme's variables and without an iframe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import streamlit as st

from app.locations import ASSETS
from app.serving import request_facts
from app.ui.state import route
from app.ui.text import prose


def component(name: str) -> Callable[..., Any]:
    """The component whose script is `assets/scripts/<name>.js`, with what `shared.js` declares in its scope.

    One of several files has them in the folder `assets/scripts/<name>`: one scope, in the order of their names.
    """
    scripts = ASSETS / "scripts"
    folder = scripts / name
    own = sorted(folder.glob("*.js")) if folder.is_dir() else [folder.with_suffix(".js")]
    js = "".join(path.read_text(encoding="utf-8") for path in (scripts / "shared.js", *own))
    return st.components.v2.component(f"irsa_{name}", js=js)


_styles = component("styles")
_block = component("block")
_page = component("page")
_top = component("top")


@cache
def _style_sheet() -> str:
    """Every file of `assets/styles`, the base first: one sheet, which all components share."""
    found = sorted((ASSETS / "styles").glob("*.css"), key=lambda path: (path.stem != "base", path.stem))
    return "".join(path.read_text(encoding="utf-8") for path in found)


@cache
def frame_style_sheet() -> str:
    """What Streamlit's own parts look like on these pages, as CSS."""
    return (ASSETS / "frame.css").read_text(encoding="utf-8")


def styles() -> None:
    """Sets the look of all that follows: Streamlit's own parts, and what the components draw.

    Our own server has put the frame's style sheet into the page itself (`app.serving.first_paint`).
    """
    if request_facts.read(st.context.headers) is None:
        st.html(f"<style>{frame_style_sheet()}</style>")
    _styles(data={"css": _style_sheet()}, key="styles")


def block(html: str, key: str, *, answers: bool = False) -> None:
    """Draws `html`, whose values from outside are escaped already. What the reader unfolded stays so over reruns, and
    when they come back to the page.

    Links of `text.page_link` lead to their page, buttons of `text.copy_button` copy. What `answers` the reader's last
    click, in this run and no other, opens its first fold, and the focus goes on from there.
    """
    asked = _block(data={"html": html, "answers": answers, "key": key}, key=key, on_go_change=nothing).go
    if asked:
        route.follow(asked)


def goal(text: str, *, asks: bool = False) -> None:
    """Draws the question that a page answers, in content's inline Markdown.

    `asks`: whether the page goes on with a question, which on a phone comes before the figure (`frame.css`).

    Not a block: a component is empty for a moment when a page is turned to, and what stands below it would jump.
    """
    st.html(f'<p class="goal{" asks" if asks else ""}">{prose(text)}</p>')


def nothing() -> None:
    """A component hands on a value only where somebody listens to it."""


def top(shown: str) -> None:
    """Goes to the top of the page where it shows something else than before; `shown` names what."""
    _top(data={"shown": shown}, key="top")


def page(language: str, name: str, title: str, menu: Mapping[str, str]) -> None:
    """Tells the browser which page this is and in which language; on a new page its heading, `title`, has the focus.

    `menu`: what the sidebar is called (`name`), and the buttons that `open` and `close` it. The data is flat, because
    Streamlit loads pandas, 60 MB, to see whether a nested object is a table.
    """
    buttons = {f"menu_{part}": words for part, words in menu.items()}
    _page(data={"language": language, "page": name, "title": title, **buttons}, key="page")
