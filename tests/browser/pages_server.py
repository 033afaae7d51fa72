"""The app as it is served, but for its worlds' private keys, which they take from a stock: each reader gets a world."""

from app.server import app
from tests.private_keys import stock_private_keys

__all__ = ["app"]

stock_private_keys()
