"""The pages in which one looks something up: their heading, and what is looked up below it."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.ui import components
from app.ui.text import prose


def heading(page: str, content: Content) -> None:
    """The page's title, and what one will know after it."""
    st.title(content.lesson(page).title, anchor=False)
    components.block(f'<p class="goal">{prose(content.lesson(page).section("goal").body)}</p>', key="goal")
