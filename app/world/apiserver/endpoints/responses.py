"""HTTP responses: JSON with the headers that the API server sends, `Status` for a refusal."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable

from starlette.responses import Response

from app.flow.model import JsonObject
from app.world.apiserver.types.errors import ApiError

WARNINGS_LIMIT = 4096
"""Characters of all warnings together."""


def common_headers() -> dict[str, str]:
    """What every answer carries: no caching, and an id of the request."""
    return {"audit-id": str(uuid.uuid4()), "cache-control": "no-cache, private"}


def json_response(body: JsonObject | bytes, status: int = 200, warnings: Iterable[str] = ()) -> Response:
    """A document (or its JSON), with a `Warning` header (RFC 7234, code 299) for each warning."""
    content = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    response = Response(content, status, common_headers(), "application/json")
    left = WARNINGS_LIMIT
    for warning in dict.fromkeys(warnings):
        text = _header_text(warning)
        left -= len(text)
        if left < 0:
            break
        response.headers.append("warning", f'299 - "{text}"')
    return response


def _header_text(text: str) -> str:
    """Text for a quoted string: no control characters, UTF-8 in a latin-1 string."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable.replace("\\", "\\\\").replace('"', '\\"').encode().decode("latin-1")


def error_response(error: ApiError) -> Response:
    """The refusal as a `Status`."""
    response = json_response(error.status, error.code)
    if error.retry_after is not None:
        response.headers["retry-after"] = str(error.retry_after)
    return response
