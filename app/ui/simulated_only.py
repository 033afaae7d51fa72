"""What a page says in live mode that does to a world what nobody does to a cluster of their own."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.ui import components, mode
from app.ui.text import prose


def needs_a_world(content: Content) -> bool:
    """Whether the page cannot go on: then it is said why, with the way to the simulated world."""
    if not mode.is_live():
        return False
    words = prose(content.message("simulated_only.why"))
    components.block(f'<div class="notice" role="status"><span class="mark">!</span><p>{words}</p></div>', key="needs")
    st.button(content.message("mode.to_simulated"), key="simulate", icon=":material/undo:", on_click=mode.simulate)
    return True
