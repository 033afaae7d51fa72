"""The pages in which one looks something up: their heading, and a list that the browser narrows down as one types."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from app.content import Content
from app.ui.draw import components, notice
from app.ui.state import language, route
from app.ui.text import escape

_lookup = components.component("lookup")


def begin(page: str) -> Content:
    """Draws the page's title and what one will know after it; the texts in the reader's language."""
    content = language.content()
    components.head(page, content)
    return content


def asked(parameter: str, known: Collection[str], content: Content) -> str:
    """What the address asks for; where that is nothing that we know, the page says so, and it is empty."""
    notice.unknown(parameter, known, content)
    found = st.query_params.get(parameter, "")
    return found if found in known else ""


def counted(content: Content, messages: str, total: int) -> str:
    """How many entries are shown, which the browser keeps right, and the words for when there are none.

    The words are `<messages>.count`, with `{shown}` and `{total}`, and `<messages>.none`.
    """
    template = content.message(f"{messages}.count", shown="{shown}", total=total)
    count = content.message(f"{messages}.count", shown=total, total=total)
    return (
        f'<p class="count quiet" role="status" data-count="{escape(template)}">{escape(count)}</p>'
        f'<p class="none" hidden>{escape(content.message(f"{messages}.none"))}</p>'
    )


def lookup(html: str, *, at: str = "", pick: str = "") -> None:
    """Draws a list. Every `[data-entry]` in it is one entry.

    An `input[data-filter]` narrows it down to the entries with all of its words in `data-words`, a `button[data-pick]`
    to those that name it in `data-pages`, pages or subjects. `at` is the id of the entry to bring into view and light,
    `pick` the button to begin with.
    """
    went = _lookup(data={"html": html, "at": at, "pick": pick}, key="lookup", on_go_change=components.nothing).go
    if went:
        route.follow(went)
