"""What Streamlit does for each run of a script and each session, cheaper."""
