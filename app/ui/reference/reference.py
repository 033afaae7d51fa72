"""What the pages for reference share: their heading, and a list that the browser filters as the reader types."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import streamlit as st

from app.content import Content
from app.ui.draw import components, notice
from app.ui.draw.links import page_link
from app.ui.state import language, route
from app.ui.text import escape

_lookup = components.component("lookup")


def begin(page: str) -> Content:
    """Draws the page's title and what the reader will know after it. Returns the texts in the reader's language."""
    content = language.content()
    components.head(page, content)
    return content


def asked(parameter: str, known: Collection[str], content: Content) -> str:
    """The value of the parameter in the address; empty where it is none of the `known` ones, and then the page says
    so."""
    notice.unknown(parameter, known, content)
    found = st.query_params.get(parameter, "")
    return found if found in known else ""


def counted(content: Content, messages: str, total: int) -> str:
    """The number of entries that are shown, which the browser updates, and for when there are none the text and the way
    to the search over all pages, which begins with what was typed here.

    The texts are `<messages>.count`, with `{shown}` and `{total}`, and `<messages>.none`.
    """
    template = content.message(f"{messages}.count", shown="{shown}", total=total)
    count = content.message(f"{messages}.count", shown=total, total=total)
    return (
        f'<p class="count quiet" role="status" data-count="{escape(template)}"{nearest(content)}>{escape(count)}</p>'
        f'<p class="none" hidden>{escape(content.message(f"{messages}.none"))} '
        f"{page_link(content, 'search', escape(content.message('search.elsewhere')))}</p>"
    )


def nearest(content: Content) -> str:
    """The attribute of the status of a list with what it says of a word that no entry has, but for one letter."""
    return f' data-nearest="{escape(content.message("search.nearest", typed="{typed}", nearest="{nearest}"))}"'


def lookup(html: str, *, at: str = "", pick: str = "", index: Mapping[str, object] | None = None) -> None:
    """Draws a list. Every `[data-entry]` in it is one entry.

    An `input[data-filter]` narrows it down to the entries whose `data-words` have most of its words (`lookup.js`), a
    `button[data-pick]` to those that name it in `data-pages`, pages or subjects. `at` is the id of the entry to bring
    into view and light, `pick` the button to begin with. With an `index` the field searches that instead
    (`reference.search`).
    """
    data = {"html": html, "at": at, "pick": pick, "index": index}
    went = _lookup(data=data, key="lookup", on_go_change=route.linked).go
    if went:
        route.follow(went)
