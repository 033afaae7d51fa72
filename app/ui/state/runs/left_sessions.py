"""The sessions whose browser is gone, kept for a while in case it comes back: so many for each address.

Streamlit keeps the last 128 of all visitors together, so one visitor who opens and closes pages takes the room of all
others. Each session takes memory.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import streamlit as st
from streamlit.runtime.session_manager import SessionInfo, SessionStorage

from app.ui.state import connection

OF_AN_ADDRESS = 32
"""Sessions that are kept of one visitor. If a room has more, the oldest lose what was typed; worlds are kept apart."""
OF_ALL = 128
"""Sessions that are kept of all visitors together, as many as in Streamlit."""
SECONDS = 120.0
"""How long a session is kept, as in Streamlit: its browser may be out of reach for a moment."""
_LATE_SECONDS = 1.0
"""How much later it goes: the loop's clock may be a moment behind ours."""


class _Left(NamedTuple):
    info: SessionInfo
    address: str
    until: float


class LeftSessions(SessionStorage):
    """In memory. Where there is no room, the oldest session of the same address goes, or of the address that has the
    most.

    A session that goes is shut down, which closes what it holds. All calls come from the pages' loop.
    """

    def __init__(
        self,
        address_of: Callable[[str], str],
        call_later: Callable[[float, Callable[[], None]], object],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`address_of`: the visitor's address of a session that is just being left, by its id. `call_later`: that of
        the pages' loop, so that a session goes in time where no one else comes or leaves.
        """
        self._address_of = address_of
        self._call_later = call_later
        self._now = now
        self._left: OrderedDict[str, _Left] = OrderedDict()
        """By id, the oldest first."""

    def get(self, session_id: str) -> SessionInfo | None:
        """The session of that id, if it is still kept."""
        self._expire()
        left = self._left.get(session_id)
        return left.info if left else None

    def save(self, session_info: SessionInfo) -> None:
        """Keeps a session that was left just now."""
        self._expire()
        session_id = session_info.session.id
        address = self._address_of(session_id)
        self._left.pop(session_id, None)
        counts = Counter(left.address for left in self._left.values())
        if counts[address] >= OF_AN_ADDRESS:
            self._drop_oldest(address)
        elif len(self._left) >= OF_ALL:
            self._drop_oldest(max(counts, key=counts.__getitem__))
        self._left[session_id] = _Left(session_info, address, self._now() + SECONDS)
        self._call_later(SECONDS + _LATE_SECONDS, self._expire)

    def delete(self, session_id: str) -> None:
        """Forgets a session that goes on, or that was shut down. An unknown id is no error."""
        self._left.pop(session_id, None)

    def list(self) -> list[SessionInfo]:
        """All that are kept."""
        self._expire()
        return [left.info for left in self._left.values()]

    def _expire(self) -> None:
        while self._left:
            oldest = next(iter(self._left))
            if self._left[oldest].until > self._now():
                break
            self._left.pop(oldest).info.session.shutdown()

    def _drop_oldest(self, address: str) -> None:
        oldest = next(session_id for session_id, left in self._left.items() if left.address == address)
        self._left.pop(oldest).info.session.shutdown()


def install() -> None:
    """From now on left sessions are kept in `LeftSessions`. Called on the pages' loop."""
    kept = LeftSessions(connection.visitor_of, asyncio.get_running_loop().call_later)
    st.runtime.get_instance()._session_mgr._session_storage = kept  # type: ignore[attr-defined]
