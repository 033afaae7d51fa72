"""A room full of learners, each with cookies, a tab and a world of their own, over Streamlit's websocket protocol."""
