"""Look up what is often said about IRSA, and what is so."""

from app.ui.language import content
from app.ui.reference import heading

heading("misconceptions", content())
