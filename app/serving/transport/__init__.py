"""HTTP and websockets as uvicorn speaks them here: within limits, counted, and written together."""
