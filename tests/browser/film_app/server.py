"""Serves the page as `app.server` serves the app's: uvicorn and `st.App`."""

from pathlib import Path

import streamlit as st

app = st.App(Path(__file__).with_name("frame.py"))
