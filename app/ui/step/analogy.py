"""The passport: a thread through all six steps for those who want it, with where it breaks."""

from __future__ import annotations

import streamlit as st

from app.content import Content
from app.flow.model import Step
from app.ui.draw import components
from app.ui.draw.prose import markdown
from app.ui.state.runs import drawn_before

_ON = "analogy_on"


def analogy(step: Step, content: Content) -> None:
    """A switch, and the step's part of the thread where it is on. It stays as it is from step to step."""
    on = bool(st.session_state.get(_ON, False))
    drawn_before.part(("analogy", step, content.language, on), lambda: _analogy(step, content, on=on))


def _analogy(step: Step, content: Content, *, on: bool) -> None:
    section, key = content.lesson(step).section("analogy"), f"analogy_{step}"
    if st.toggle(section.heading, value=on, key=f"switch_{key}", on_change=_switched, args=(not on,)):
        body = f'<div class="prose analogy">{markdown(section.body, content)}</div>'
        components.block(body, key=key)


def _switched(on: bool) -> None:
    st.session_state[_ON] = on
