"""Look up what is often said about IRSA, and what is so."""

from app.ui.reference.misconceptions import misconceptions

misconceptions()
