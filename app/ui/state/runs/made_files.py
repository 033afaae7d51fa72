"""Files that are made when someone asks for them stay until the page that asked for them is drawn again.

Streamlit ties such a file to no page, and drops what belongs to none once two runs of any reader have ended since: in a
full room that is before the browser has fetched it.
"""

from __future__ import annotations

from pathlib import PurePosixPath

from streamlit.runtime.media_file_manager import MediaFileManager

_make = MediaFileManager.execute_deferred


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
