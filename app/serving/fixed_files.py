"""Files whose address holds the hash of what is in them: a browser asks for each of them once and keeps it.

Each goes packed to a browser that can unpack it. Streamlit sends its own as they are: three megabytes for a first page.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.serving.chunked_bodies import PackedAnswer
from app.serving.plain_answers import READING, method_not_allowed

_TYPES = {"js": "text/javascript", "json": "application/json", "css": "text/css"}
_KEEP = "public, max-age=31536000, immutable"
"""A year, and no question whether it has changed (RFC 8246)."""


class FixedFiles:
    """Answers for all that is under some prefixes: a file that we have, or 404 for any other name or any other hash."""

    def __init__(self, app: ASGIApp, *, prefixes: tuple[str, ...], files: Mapping[str, str | Path]) -> None:
        """`files`: scripts, style sheets and JSON, or where they are, by path, each of which begins with a prefix."""
        self._app = app
        self._prefixes = prefixes
        self._files = files
        self._packed: dict[str, bytes] = {}
        """The files that a browser has asked for, packed: one in ten of Streamlit's."""
        self._packing: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """By path: held while a file is packed, so that other requests for it wait. The largest takes 0.2 s."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything else through."""
        if scope["type"] == "http" and scope["path"].startswith(self._prefixes):
            await (await self._answer(scope))(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response:
        path = scope["path"]
        if scope["method"] not in READING:
            return method_not_allowed(*READING)
        if path not in self._files:
            return PlainTextResponse("Not Found\n", 404, {"cache-control": "no-store"})
        headers = {"cache-control": _KEEP, "vary": "accept-encoding"}
        if path not in self._packed:
            async with self._packing[path]:
                if path not in self._packed:
                    self._packed[path] = await asyncio.to_thread(self._pack, path)
        media_type = _TYPES[path.rpartition(".")[2]]
        return PackedAnswer(self._packed[path], scope, headers=headers, media_type=media_type)

    def _pack(self, path: str) -> bytes:
        found = self._files[path]
        content = found.read_bytes() if isinstance(found, Path) else found.encode()
        return gzip.compress(content, compresslevel=6, mtime=0)
