"""The screens: the only package, with `frame` and `server`, that imports Streamlit."""
