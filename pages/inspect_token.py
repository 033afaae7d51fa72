"""Decode and explain a pasted token, and learn what STS would say of it."""

from app.ui.inspect_token.page import inspect_token

inspect_token()
