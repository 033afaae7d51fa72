"""XML as AWS writes it, safe for any text: what XML 1.0 forbids is left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape

from app.flow.model import JsonValue

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
"""What an XML document begins with where it says so: IAM and STS leave it out."""
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIAL = re.compile("[&<>\r]")
_CARRIAGE_RETURN = {"\r": "&#13;"}


def text(value: str) -> str:
    """Character data. Without the escape a parser would read a carriage return as a line feed."""
    value = _FORBIDDEN.sub("", value)
    return escape(value, _CARRIAGE_RETURN) if _SPECIAL.search(value) else value


def element(name: str, value: JsonValue, *, item: str | None = "member") -> str:
    """An element, with its content.

    Dicts are nested elements, absent (None) members are left out. Lists are wrapped, each item an `item` element, as
    IAM and STS do; with `item=None` they are flat, each item an element called `name`, as in S3.
    Maps, whose entries are elements `key` and `value`, cannot be written: no operation here answers with one.
    """
    if value is None:
        return ""
    if isinstance(value, dict):
        return f"<{name}>{content(value, item=item)}</{name}>"
    if isinstance(value, list):
        if item is None:
            return "".join(element(name, each, item=item) for each in value)
        return f"<{name}>{''.join(element(item, each, item=item) for each in value)}</{name}>"
    if isinstance(value, bool):
        return f"<{name}>{'true' if value else 'false'}</{name}>"
    return f"<{name}>{text(str(value))}</{name}>"


def content(members: dict[str, JsonValue], *, item: str | None) -> str:
    """The members of a structure, one element each."""
    return "".join(element(name, value, item=item) for name, value in members.items())


def document(root: str, namespace: str, children: Iterable[str]) -> str:
    """A root element with its default namespace."""
    return f'<{root} xmlns="{namespace}">{"".join(children)}</{root}>'
