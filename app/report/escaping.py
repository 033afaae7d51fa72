"""Text from outside as HTML, for reports and pages alike."""

from __future__ import annotations

import html

from app.flow.visible import visible


def escape(text: object) -> str:
    """`text` for an HTML element or a quoted attribute; what a browser would obey or hide is written out."""
    return html.escape(visible(str(text)), quote=True)
