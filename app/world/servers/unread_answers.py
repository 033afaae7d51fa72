"""How much of a world's answers may wait for its clients to read it: a client that requests a list of all objects and
reads nothing of it costs two megabytes for a minute, and there may be thousands of connections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.serving.budget import Quota
from app.serving.chunked_bodies import PIECE
from app.world.metering import payer

UNREAD_LIMIT = 4 * 1024 * 1024
"""Bytes of all large answers of one world that are being sent. One alone may be larger."""


class UnreadAnswers:
    """Refuses a large answer where others of the same world wait."""

    def __init__(self, app: ASGIApp, refusal: Callable[[Scope], Response]) -> None:
        """`refusal`: what the client of a request is answered then, as its protocol asks it to wait."""
        self._app = app
        self._refusal = refusal
        self._sending: Counter[Quota] = Counter()
        """Bytes by who pays for them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything else through. Streams have limits of their own."""
        counted: list[tuple[Quota, int]] = []
        is_refused = False

        async def count(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and (quota := payer.get()) is not None:
                size = int(Headers(raw=message["headers"]).get("content-length", "0"))
                if size > PIECE:
                    is_refused = 0 < self._sending[quota] > UNREAD_LIMIT - size
                    if is_refused:
                        await self._refusal(scope)(scope, receive, send)
                    else:
                        self._sending[quota] += size
                        counted.append((quota, size))
            if not is_refused:
                await send(message)

        try:
            await self._app(scope, receive, count)
        finally:
            for quota, size in counted:
                self._sending[quota] -= size
                if not self._sending[quota]:
                    del self._sending[quota]
