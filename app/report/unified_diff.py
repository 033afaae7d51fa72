"""How an object would change, as lines of a unified diff over its JSON."""

from __future__ import annotations

import json
from difflib import unified_diff
from typing import TYPE_CHECKING

from app.flow.model import JsonValue

if TYPE_CHECKING:
    from app.flow.doctor import Change


def lines(change: Change | None) -> tuple[str, ...]:
    """The diff, the object's name in its two first lines; none where no change is known."""
    if change is None:
        return ()
    before, after = (_lines(document) for document in (change.before, change.after))
    return tuple(unified_diff(before, after, change.object, change.object, lineterm=""))


def _lines(document: JsonValue) -> list[str]:
    """The lines of a document's JSON; none of a document that does not exist."""
    return [] if document is None else json.dumps(document, ensure_ascii=False, indent=2).splitlines()
