"""Program text for a reader to take along: comments set back, one button copies it."""

from __future__ import annotations

from app.content import Content
from app.ui.text import copy_button, escape


def code(content: Content, text: str) -> str:
    """The lines as HTML. They wrap on a narrow screen; what is copied has no such breaks."""
    lines = "\n".join(
        f'<span class="comment">{escape(line)}</span>' if line.startswith("#") else escape(line)
        for line in text.rstrip("\n").split("\n")
    )
    return f'<div class="code">{copy_button(content, text)}<pre>{lines}</pre></div>'
