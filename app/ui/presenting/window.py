"""The part of presenting that every page has: its button, and whether this window presents. The talk is imported once
it does."""

from __future__ import annotations

import streamlit as st

from app.content import LABS, STORY, TALK, Content
from app.flow.lessons.decks import LENGTHS
from app.ui.state import route

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
    """The button that begins to present. A page to look something up is not shown to a room: from there it leads to the
    talk, which goes on where it was left."""
    label, explanation = content.message("present.start"), content.message("present.start_help")
    icon, here = ":material/slideshow:", page in (*TALK, *LARGE)
    pressed = st.button(label, key="start_presenting", help=explanation, icon=icon, on_click=_begin if here else None)
    if pressed and not here:
        route.go(STORY[0], **{PARAM: PROJECTOR})


def _begin() -> None:
    st.query_params[PARAM] = PROJECTOR
