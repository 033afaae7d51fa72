"""One page with the map as the app's pages draw it, and what Python heard of it."""

import json

import streamlit as st

from app.content import load
from app.flow.model import Step
from app.ui.draw import components
from app.ui.map import player
from tests.browser.films import films

st.set_page_config(layout="wide")
language = st.query_params.get("lang", "ja")
components.styles()
part = st.query_params.get("part", "")
opened = player.draw(
    json.dumps(films("normal")[language]["normal"], ensure_ascii=False),
    load(language),
    part=Step(part) if part else None,
    answered=st.query_params.get("answered", "yes") == "yes",
    key="film",
)
st.session_state.runs = st.session_state.get("runs", 0) + 1
st.text(f"opened: {opened}; runs: {st.session_state.runs}")
