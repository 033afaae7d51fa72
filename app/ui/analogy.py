"""The passport: a thread through all six steps for those who want it, with where it breaks."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.model import Step
from app.ui import components
from app.ui.prose import markdown


def analogy(step: Step, content: Content) -> None:
    """A switch, and the step's part of the thread where it is on. It stays as it is from step to step."""
    section = content.lesson(step).section("analogy")
    if st.toggle(section.heading, key="analogy", persist_state="session"):
        body = f'<div class="prose analogy">{markdown(section.body, content)}</div>'
        components.block(body, key=f"analogy_{step}")
