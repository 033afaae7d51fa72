"""Look up what is often said about IRSA, and what is so."""

from app.ui.misconceptions import misconceptions

misconceptions()
