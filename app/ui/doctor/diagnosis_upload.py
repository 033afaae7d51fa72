"""The doctor's file on the page: an upload is parsed once and a diagnosis written once, however often the page runs."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.diagnosis_file import diagnosis_file
from app.flow.doctor import Diagnosis
from app.flow.errors import FlowError
from app.ui.draw import components, notice

_OPENED = "opened_snapshot"
"""In the session: the id of the upload, and its diagnosis or why it has none. It is removed with the upload."""
_SAVED = "saved_snapshot"
"""In the session: a diagnosis, and its file's text or why it has none."""


def opened(content: Content) -> Diagnosis | None:
    """Draws the uploader, and returns the diagnosis in its file. None where there is no file, or where the file is not
    one of the doctor's: then the page says so."""
    with st.expander(content.message("doctor_page.open"), icon=":material/folder_open:"):
        file = st.file_uploader(
            content.message("doctor_page.file"),
            type="json",
            key="snapshot",
            help=content.message("doctor_page.file_help"),
            max_upload_size=diagnosis_file.SIZE_LIMIT_MEGABYTES,
        )
        if file is None:
            st.session_state.pop(_OPENED, None)
            return None
        kept = st.session_state.get(_OPENED)
        if not kept or kept[0] != file.file_id:
            kept = st.session_state[_OPENED] = (file.file_id, _read(file.getvalue()))
        found: Diagnosis | FlowError = kept[1]
        if isinstance(found, FlowError):
            components.block(notice.notice(found, content), key="notice_snapshot")
            return None
        return found


def saved(found: Diagnosis) -> str | FlowError:
    """The text of the file, or why there is none."""
    kept = st.session_state.get(_SAVED)
    if not kept or kept[0] is not found:
        kept = st.session_state[_SAVED] = (found, _written(found))
    text: str | FlowError = kept[1]
    return text


def forget() -> None:
    """Removes both from the session. Streamlit drops an upload once its page is left, without any notice."""
    for key in (_OPENED, _SAVED):
        st.session_state.pop(key, None)


def _read(content: bytes) -> Diagnosis | FlowError:
    try:
        return diagnosis_file.load(content)
    except FlowError as error:
        return error


def _written(found: Diagnosis) -> str | FlowError:
    try:
        return diagnosis_file.save(found)
    except FlowError as error:
        return error
