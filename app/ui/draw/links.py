"""Links to our own pages, as HTML."""

from __future__ import annotations

import json

from app.content import PAGES, Content
from app.ui.state import address
from app.ui.text import escape


def page_link(content: Content, page: str, label: str, *, attributes: str = "", **params: str) -> str:
    """A link to another page of ours. `label` and `attributes` are HTML; `params` go into the address.

    In a component it is followed without a reload; opened in a tab of its own it shows the same cluster, as this page
    does.
    """
    link = f"./{'' if page == PAGES[0] else page}?{address.query(content.language, **params)}"
    handed_on = f' data-params="{escape(json.dumps(params))}"' if params else ""
    return f'<a href="{escape(link)}" data-page="{escape(page)}"{handed_on}{attributes}>{label}</a>'
