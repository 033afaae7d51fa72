"""Large texts of a page, each at an address of its own, so that a page has to send only the address again."""

from __future__ import annotations

import gzip
import secrets
from weakref import WeakValueDictionary

from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.serving.chunked_bodies import PackedAnswer
from app.serving.plain_answers import READING, method_not_allowed

PREFIX = "/_irsa/kept/"
"""How the addresses of kept texts begin."""


class KeptText:
    """A JSON text and its address, which contains 128 random bits. The address works for as long as the object is
    kept."""

    def __init__(self, text: str) -> None:
        self.address = PREFIX + secrets.token_hex(16)
        self.packed = gzip.compress(text.encode(), compresslevel=5, mtime=0)


class KeptTexts:
    """The texts that are kept in this process. Most are a reader's own: their addresses can be neither guessed nor
    listed."""

    def __init__(self) -> None:
        self._kept: WeakValueDictionary[str, KeptText] = WeakValueDictionary()

    def keep(self, text: str) -> KeptText:
        """Gives the text an address, until its owner, such as a session, drops what this returns."""
        kept = KeptText(text)
        self._kept[kept.address] = kept
        return kept

    def answer(self, scope: Scope) -> Response:
        """The text of a request's address; 404 where it is no longer kept. No cache keeps it on a disk."""
        if scope["method"] not in READING:
            return method_not_allowed(*READING)
        headers = {"cache-control": "no-store"}
        kept = self._kept.get(scope["path"])
        if kept is None:
            return PlainTextResponse("Not Found\n", 404, headers)
        return PackedAnswer(kept.packed, scope, headers=headers, media_type="application/json")


class KeptTextsAtTheirAddresses:
    """Answers for all that is under `PREFIX`."""

    def __init__(self, app: ASGIApp, *, texts: KeptTexts) -> None:
        self._app = app
        self._texts = texts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything else through."""
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._texts.answer(scope)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


KEPT_TEXTS = KeptTexts()
"""The kept texts of this process."""
