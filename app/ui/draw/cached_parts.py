"""Large parts of a page, each made once for the same values. From our own server a browser fetches a part only once."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

import streamlit as st

from app.serving.kept_texts import KEPT_TEXTS, KeptText
from app.ui.draw import components
from app.ui.state import address

_PARTS = "kept_parts"
"""In the session: by part, the values that it was made of, and its text. A part takes 2 to 6 KB when packed."""
_LATEST = "latest_texts"
"""In the session: the last `LATEST` texts that were made for it."""
LATEST = 24
"""About three runs of a step's page. Where a button is pressed twice quickly, the second run replaces what the browser
still asks for by the address that the first one named."""
FOR_ALL = 128
"""Texts that are the same for all: twelve for each language and depth, and as many more for each set of parameters that
links carry on. Where there are more, the one goes that was not asked for the longest time. Sessions that show it keep
it."""
T = TypeVar("T")
_for_all: OrderedDict[Hashable, KeptText] = OrderedDict()
_lock = threading.Lock()


def for_reader(part: str, make: Callable[[], str], *of: object) -> str:
    """The HTML that `make` makes, for `components.block`; from our own server the address at which it is.

    `part`: its name among the parts of all pages. `of`: all that it is made of, but for what the address carries from
    page to page, which its links repeat. While these are the same it is not made again.
    """
    return _address(part, make, (*of, address.kept()), lambda: keep_text(_json(make)))


def kept(part: str, make: Callable[[], T], *of: object) -> T:
    """What `make` makes. The session keeps it while it is made `of` the same things."""
    parts: dict[str, tuple[tuple[object, ...], T]] = st.session_state.setdefault(_PARTS, {})
    known = parts.get(part)
    if known is None or not _is_same(known[0], of):
        known = parts[part] = of, make()
    return known[1]


def for_all(part: str, make: Callable[[], str], *of: Hashable) -> str:
    """As `for_reader`, for a part that says nothing of any reader or cluster: it is made once for all readers."""
    made_of = (*of, tuple(address.kept().items()))
    return _address(part, make, made_of, lambda: _shared((part, made_of), make))


def keep_text(text: str) -> KeptText:
    """Gives the text an address, until its caller drops what this returns and the session has made `LATEST` others."""
    made = KEPT_TEXTS.keep(text)
    latest: deque[KeptText] = st.session_state.setdefault(_LATEST, deque(maxlen=LATEST))
    latest.append(made)
    return made


def _address(part: str, make: Callable[[], str], made_of: tuple[Any, ...], keep: Callable[[], KeptText]) -> str:
    return kept(part, keep, *made_of).address if components.is_ours() else make()


def _shared(key: Hashable, make: Callable[[], str]) -> KeptText:
    with _lock:
        text = _for_all[key] = _for_all.get(key) or KEPT_TEXTS.keep(_json(make))
        _for_all.move_to_end(key)
        if len(_for_all) > FOR_ALL:
            _for_all.popitem(last=False)
        return text


def _json(make: Callable[[], str]) -> str:
    return json.dumps(make(), ensure_ascii=False)


def _is_same(before: tuple[Any, ...], now: tuple[Any, ...]) -> bool:
    return len(before) == len(now) and all(one is other or one == other for one, other in zip(before, now, strict=True))
