"""Files that are made when someone asks for them: for each visitor one at a time, and each stays until the page that
asked for it is drawn again.

Streamlit ties such a file to no page, and drops what belongs to none once two runs of any reader have ended since: in a
full room that is before the browser has fetched it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import PurePosixPath
from weakref import WeakValueDictionary

from streamlit.runtime.media_file_manager import MediaFileManager

from app.serving.operations import log_events
from app.ui.state import allowance, connection

AT_ONCE = 8
"""Files that one page may wait for, of which one is made: it has two buttons."""
_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""By visitor: held while a file is made."""
_make = MediaFileManager.execute_deferred


async def in_turn(session_id: str, make: Callable[[], Awaitable[None]]) -> None:
    """Makes a file once the visitor's files before it are made; none without CPU time, or once the page is gone."""
    visitor = connection.visitor_of(session_id)
    async with _turns.setdefault(visitor or session_id, asyncio.Lock()):
        if connection.visitor_of(session_id) != visitor:
            return
        if allowance.may_ask(visitor):
            await make()
        else:
            log_events.refuse("visitor_budget")


def _make_and_keep(manager: MediaFileManager, file_id: str) -> str:
    """As `execute_deferred`. The file is one of the session's that has offered it, until its next run begins."""
    url = _make(manager, file_id)
    with manager._lock:
        offered, made = manager._deferred_callables.get(file_id), PurePosixPath(url).stem
        if offered and made in manager._file_metadata:
            manager._files_by_session_and_coord[offered["session_id"]][f"made: {file_id}"] = made
    return url


def install() -> None:
    """Streamlit has no option for it."""
    MediaFileManager.execute_deferred = _make_and_keep  # type: ignore[method-assign,assignment]
