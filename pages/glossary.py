"""Look up the words of IRSA, Japanese and English side by side."""

from app.ui.language import content
from app.ui.reference import heading

heading("glossary", content())
