"""The page of the lab."""

from __future__ import annotations

import streamlit as st

from app.ui import components, language


def break_it() -> None:
    """Draws the page."""
    content = language.content()
    lesson = content.lesson("break_it")
    st.title(lesson.title, anchor=False)
    components.goal(lesson.section("goal").body)
