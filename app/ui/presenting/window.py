"""The part of presenting that every page has: its button, and whether this window presents. The talk is imported once
it does."""

from __future__ import annotations

import streamlit as st

from app.content import LABS, TALK, Content
from app.flow.lessons.decks import LENGTHS

PARAM, DECK = "present", "deck"
"""In the address: which window this is, and the minutes of the talk."""
PROJECTOR, NOTES = "1", "notes"
KNOWN = {PARAM: (PROJECTOR, NOTES), DECK: tuple(map(str, LENGTHS))}
"""The values that these parameters of the address may have."""
LARGE = (*LABS, "doctor")
"""The pages outside the talk that are shown in large type."""


def present(page: str, content: Content, *, named: bool) -> bool:
    """As `presenting.present`, where the address asks for it."""
    if st.query_params.get(PARAM) not in (PROJECTOR, NOTES):
        return False
    from app.ui.presenting import presenting

    return presenting.present(page, content, named=named)


def start(page: str, content: Content) -> None:
    """The button that begins to present; nothing on a page that cannot be shown to a room."""
    if page in (*TALK, *LARGE):
        label, explanation = content.message("present.start"), content.message("present.start_help")
        icon = ":material/slideshow:"
        st.button(label, key="start_presenting", help=explanation, icon=icon, on_click=_begin)


def _begin() -> None:
    st.query_params[PARAM] = PROJECTOR
