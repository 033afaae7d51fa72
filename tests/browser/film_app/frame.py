"""Pages with the map as the app draws it, and what Python heard of it: of the whole chain, and of each step."""

import json
from functools import partial

import streamlit as st

from app.content import load
from app.flow.model import Step
from app.ui.draw import components
from app.ui.map import player
from tests.browser.films import films


def page(part: Step | None) -> None:
    """Draws the map of the whole chain, or of that step."""
    language = st.query_params.get("lang", "ja")
    opened = player.draw(
        json.dumps(films("normal")[language]["normal"], ensure_ascii=False),
        load(language),
        part=part,
        answered=st.query_params.get("answered", "yes") == "yes",
        key="film",
    )
    st.session_state.runs = st.session_state.get("runs", 0) + 1
    st.text(f"opened: {opened}; runs: {st.session_state.runs}")


st.set_page_config(layout="wide")
components.styles()
pages = [st.Page(partial(page, step), title=step, url_path=step) for step in Step]
whole = st.Page(partial(page, None), title="all", url_path="all", default=True)
st.navigation([whole, *pages], position="hidden").run()
