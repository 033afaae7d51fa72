"""How a document is shown to be edited."""

from __future__ import annotations

import json

from app.flow.model import JsonValue
from app.flow.visible import visible_json


def pretty(document: JsonValue) -> str:
    """JSON over several lines, every language's letters as they are, what could not be seen as JSON's escapes."""
    return visible_json(json.dumps(document, indent=2, ensure_ascii=False))
