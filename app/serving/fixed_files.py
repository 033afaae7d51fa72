"""Files whose address holds the hash of what is in them: a browser asks for each of them once and keeps it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.serving.plain_answers import READING, method_not_allowed

_TYPES = {"js": "text/javascript", "json": "application/json"}
_KEEP = "public, max-age=31536000, immutable"
"""A year, and no question whether it has changed (RFC 8246)."""


class FixedFiles:
    """Answers for all that is under one prefix: a file that we have, or 404 for any other name and any other hash."""

    def __init__(self, app: ASGIApp, *, prefix: str, files: Mapping[str, str]) -> None:
        """`files`: scripts and JSON by path, each of which begins with `prefix`."""
        self._app = app
        self._prefix = prefix
        self._plain = {path: text.encode() for path, text in files.items()}
        self._packed = {path: gzip.compress(content, mtime=0) for path, content in self._plain.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything else through."""
        if scope["type"] == "http" and scope["path"].startswith(self._prefix):
            await self._answer(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _answer(self, scope: Scope) -> Response:
        if scope["method"] not in READING:
            return method_not_allowed(*READING)
        packs = "gzip" in Headers(scope=scope).get("accept-encoding", "")
        content = (self._packed if packs else self._plain).get(scope["path"])
        if content is None:
            return PlainTextResponse("Not Found\n", 404, {"cache-control": "no-store"})
        encoded = {"content-encoding": "gzip"} if packs else {}
        headers = {"cache-control": _KEEP, "vary": "accept-encoding", **encoded}
        # Starlette leaves the body of an answer to HEAD to the server, which does not send it.
        return Response(content, headers=headers, media_type=_TYPES[scope["path"].rpartition(".")[2]])
