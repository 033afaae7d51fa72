"""The script that Streamlit runs for every visitor: language, navigation, the frame around the page."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from app.content import PAGES, load
from app.ui import components, controls, depth, language, navigation, presenting, session

ASSETS = Path(__file__).resolve().parents[1] / "assets"

st.set_page_config(page_icon=ASSETS / "icon.svg", layout="wide")

# (1) Language and depth, then the walk: the navigation shows how each step ended.
content = load(language.choose())
depth.choose()
components.styles()
with st.spinner(content.message("ui.running")):
    visit = session.visit()
page = st.navigation(navigation.pages(content, visit.walk))
navigation.leave()

# (2) The frame.
st.logo(ASSETS / "logo.svg", size="large")
name = page.url_path or PAGES[0]
st.set_page_config(page_title=f"{page.title} · {content.message('ui.app_name')}")
components.page(content.language, name, content.lesson(name).title)
if presenting.present(name, content):
    st.stop()

# (3) The page, and then what is beside every page: who turns the page does not wait for it.
page.run()
with st.sidebar:
    st.caption(
        f"{content.message('ui.mode')}: **{content.message('ui.mode_simulated')}**",
        help=content.message("ui.mode_simulated_help"),
    )
    language.switch(content.message("ui.language"))
    depth.switch(content)
    presenting.start(name, content)
    controls.world_panel(content)
