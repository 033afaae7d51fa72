"""Look up the words of IRSA, Japanese and English side by side."""

from app.ui.reference.glossary import look_up

look_up()
