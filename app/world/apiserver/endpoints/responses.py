"""HTTP responses: JSON with the headers that the API server sends, `Status` for a refusal."""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app.flow.model import JsonObject
from app.world.apiserver.types.errors import ApiError, too_many_requests

if TYPE_CHECKING:
    from app.world.world import World

WARNINGS_LIMIT = 4096
"""Characters of all warnings together."""


def common_headers() -> dict[str, str]:
    """What every answer carries: no caching, and an id of the request."""
    return {"audit-id": str(uuid.uuid4()), "cache-control": "no-cache, private"}


def compact(body: JsonObject) -> bytes:
    """The JSON of a document, without blanks."""
    return json.dumps(body, separators=(",", ":")).encode()


def json_response(body: JsonObject | bytes, status: int = 200, warnings: Iterable[str] = ()) -> Response:
    """A document (or its JSON), with a `Warning` header (RFC 7234, code 299) for each warning."""
    content = body if isinstance(body, bytes) else compact(body)
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


class LimitedStream(StreamingResponse):
    """A stream of which one world has so many at a time. It counts from the request on: hundreds may come at once,
    before the first of them begins."""

    def __init__(self, world: World, kind: str, limit: int, stream: AsyncIterator[bytes], media_type: str) -> None:
        """`kind`: what these streams are. Raises `ApiError` 429."""
        self._open, self._kind = world.usage.streams, kind
        if self._open[kind] >= limit:
            raise too_many_requests(f"this simulated cluster serves at most {limit} {kind} at a time")
        super().__init__(stream, headers=common_headers(), media_type=media_type)
        self._open[kind] += 1

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the stream."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._open[self._kind] -= 1
