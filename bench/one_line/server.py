"""Serves one line as `app.server` serves our pages: uvicorn, `st.App`, and the app's own config.toml beside it."""

from pathlib import Path

import streamlit as st

app = st.App(Path(__file__).with_name("frame.py"))
