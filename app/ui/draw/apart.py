"""Large parts of a page: made once for what they are made of, and from our own server fetched by a browser once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import streamlit as st

from app.serving.kept_texts import KEPT_TEXTS, KeptText
from app.ui.draw import components
from app.ui.state import address

_PARTS = "parts_apart"
"""In the session: by part what it was made of, and its text, 2 to 6 KB as it is packed. Of each part there is one."""


def apart(part: str, make: Callable[[], str], *of: object) -> str:
    """The HTML that `make` makes, for `components.block`; from our own server the address at which it is.

    `part`: its name among the parts of all pages. `of`: all that it is made of beside what an address carries from page
    to page, which its links repeat. While these are the same it is not made again.
    """
    if not components.is_ours():
        return make()
    made_of = (*of, address.kept())
    parts: dict[str, tuple[tuple[Any, ...], KeptText]] = st.session_state.setdefault(_PARTS, {})
    known = parts.get(part)
    if known is None or not _is_same(known[0], made_of):
        known = parts[part] = made_of, KEPT_TEXTS.keep(json.dumps(make(), ensure_ascii=False))
    return known[1].address


def _is_same(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    return len(before) == len(now) and all(one is other or one == other for one, other in zip(before, now, strict=True))
