"""The words, in live mode, of a page whose acts make sense in a simulated world only."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.steps.submission import Submission
from app.ui.draw import components
from app.ui.draw.checks import unread
from app.ui.marks import unspoken
from app.ui.state import mode, session
from app.ui.text import prose


def needs_a_world(content: Content) -> bool:
    """Whether the page cannot go on: then it is said why, with the way to the simulated world."""
    if mode.can().break_world:
        return False
    words = prose(content.message("simulated_only.why"))
    components.block(f'<div class="notice" role="status">{unspoken("!")}<p>{words}</p></div>', key="needs")
    st.button(content.message("mode.to_simulated"), key="simulate", icon=":material/undo:", on_click=mode.simulate)
    return True


def without_token(why: Submission, content: Content) -> None:
    """Says that the world's Pod has no token to begin with, and in whose words; a new world is one click away."""
    words = f'<p class="failed">{prose(content.message("simulated_only.no_token"))}</p>'
    components.block(words + unread(why, session.subject(), content), key="no_token")
    st.button(content.message("ui.reset"), key="no_token_reset", icon=":material/delete_sweep:", on_click=session.reset)
