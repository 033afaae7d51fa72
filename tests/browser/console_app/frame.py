"""One page with the console as the app's pages draw it."""

import streamlit as st

from app.content import LANGUAGES, load
from app.ui.console import console
from app.ui.draw import components
from app.ui.state import session

st.set_page_config(layout="wide")
language = st.radio("language", LANGUAGES, index=LANGUAGES.index(st.query_params.get("lang", "ja")))
components.styles()
console(session.world(), load(language))
