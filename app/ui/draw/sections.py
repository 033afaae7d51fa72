"""Sections of a lesson: open, or below a heading that opens and closes them."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.content import Content
from app.content.comparison import comparison
from app.content.page_specs import PAGE_SPECS
from app.ui.draw import components
from app.ui.draw.prose import markdown
from app.ui.state.depth import WIRE, depth
from app.ui.state.runs import drawn_before
from app.ui.text import escape

_UNFOLDED = "unfolded"
"""In the session: the keys of folds drawn `on_demand` that the reader has opened."""


def places(page: str) -> tuple[str, ...]:
    """The sections of a page to which an address can lead; `page.js` finds each by its `data-section`."""
    own = PAGE_SPECS[page].anchors[1:]  # the first is what the page begins with
    return (*own, *comparison().cells, *comparison().moves) if page == "compare" else own


def draw_section(anchor: str, page: str, content: Content) -> None:
    """Draws a section of a page's lesson, open."""
    components.block(section(anchor, page, content), key=f"{anchor}_{page}")


def section(anchor: str, page: str, content: Content) -> str:
    """A section of a page's lesson as HTML, open."""
    found = content.lesson(page).section(anchor)
    body = markdown(found.body, content)
    return f'<section class="prose" data-section="{anchor}"><h2>{escape(found.heading)}</h2>{body}</section>'


def collapsible(anchor: str, page: str, content: Content, *, icon: str) -> str:
    """A section of a page's lesson as a fold for `draw_collapsibles`."""
    found = content.lesson(page).section(anchor)
    return fold(found.heading, f'<div class="prose">{markdown(found.body, content)}</div>', icon=icon, anchor=anchor)


def fold(heading: str, html: str, *, icon: str, anchor: str = "") -> str:
    """`html` below a heading that opens and closes it; open at the greatest depth. `anchor`: by which an address leads
    to it (`places`)."""
    is_open = " open" if depth() == WIRE else ""
    place = f' data-section="{anchor}"' if anchor else ""
    return (
        f'<details class="folded"{place}{is_open}><summary><span class="icon" data-icon="{icon}"></span>'
        f'{escape(heading)}</summary><div class="within">{html}</div></details>'
    )


def on_demand(heading: str, *, icon: str, key: str) -> Any:
    """A fold whose content is only drawn, within it, once it is unfolded; None where it is not. It looks like the
    others.

    It stays open for a reader who leaves the page and comes back: Streamlit forgets a fold that is not on the page.
    """
    kept = st.session_state.setdefault(_UNFOLDED, set())
    is_new = key not in st.session_state
    is_open = st.session_state.setdefault(key, key in kept)
    (kept.add if is_open else kept.discard)(key)
    return unfolding(heading, icon=icon, key=key, is_new=is_new)


def unfolding(heading: str, *, icon: str, key: str, opened: bool = False, is_new: bool = False) -> Any:
    """As `on_demand`, but forgotten with its page. `opened`: whether it is open at first; `is_new`: whether that value
    was set just now."""

    def draw() -> Any:
        return st.expander(heading, icon=f":material/{icon}:", expanded=opened, key=key, on_change="rerun")

    if st.session_state.get(key, opened):
        return draw()
    drawn_before.part(("fold", heading, icon, key, opened, is_new), draw)
    return None


def draw_collapsibles(folds: str, page: str, *, answers: bool = False) -> None:
    """Draws the folds of a page. Every depth has a block of its own, so that another depth folds and unfolds them."""
    components.block(folds, key=f"behind_{page}_{depth()}", answers=answers)
