"""One line and nothing else: what any run of a script costs, against which that of a page is measured."""

import streamlit as st

st.write("One line.")
