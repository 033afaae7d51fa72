"""A request as the services look at it: whole, and with nothing decoded away."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from starlette.requests import Request

FIELD_LIMIT = 2_000
"""Query and form fields that are read; more is refused as malformed."""


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """Method, target, headers and body of one request."""

    method: str
    raw_path: str
    """Still percent-encoded: what SigV4 signs."""
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """The first header of that lower-case name."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    def argument(self, name: str) -> str | None:
        """The first query argument of that name."""
        for key, value in self.query:
            if key == name:
                return value
        return None


def incoming(request: Request, body: bytes) -> Incoming:
    """Raises `ValueError` where the query has too many fields."""
    scope = request.scope
    raw_path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return Incoming(
        method=request.method,
        raw_path=raw_path.decode("latin-1"),
        query=tuple(fields(query)) if query else (),
        headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]),
        body=body,
    )


def fields(encoded: bytes) -> list[tuple[str, str]]:
    """The fields of a query string or a form, what is no UTF-8 replaced. Raises `ValueError` where there are too many.

    Unlike `parse_qsl` of a text it takes no longer where letters beyond ASCII and percent signs alternate.
    """
    if encoded.count(b"&") >= FIELD_LIMIT:
        raise ValueError("too many fields")
    pairs = (field.replace(b"+", b" ").partition(b"=") for field in encoded.split(b"&") if field)
    return [(_text(name), _text(value)) for name, _, value in pairs]


def _text(encoded: bytes) -> str:
    return (unquote_to_bytes(encoded) if b"%" in encoded else encoded).decode("utf-8", "replace")
