"""How a document is shown to be edited."""

from __future__ import annotations

import json

from app.flow.model import JsonValue


def pretty(document: JsonValue) -> str:
    """JSON over several lines, every language's letters as they are."""
    return json.dumps(document, indent=2, ensure_ascii=False)
