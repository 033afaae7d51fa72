"""Puts into the page itself what its first paint needs: the first picture, the frame's style sheet, and a text for a
browser that runs no script."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BEGINNING, _END = b"<head>", b"</body>"
_TITLE = re.compile(rb"<title>.*?</title>", re.DOTALL)
"""Streamlit's: a document has one title, which is ours."""
_NOSCRIPT = re.compile(rb"(?<=<noscript>).*?(?=</noscript>)", re.DOTALL)
"""Streamlit's is English, and about an interface for programs that is off here."""
_CONDITIONS = {b"accept-encoding", b"if-none-match", b"if-modified-since", b"range"}
"""Headers of a request that would get an answer other than the whole page as plain text."""
_OF_THE_FILE = ("etag", "last-modified", "accept-ranges")
"""Headers of the answer that describe the file that Streamlit has, and not the page that we send."""


class FirstPaint:
    """Writes some HTML at the beginning and at the end of Streamlit's `index.html`, and into its `noscript`."""

    def __init__(self, app: ASGIApp, *, index: Path, head: str, noscript: str, body: str) -> None:
        """`index`: Streamlit's page. Every other answer may be a visitor's file and stays as it is.

        `head`: the title, and what a browser is to load before all else. `body`: the end, where of two rules that weigh
        the same ours wins.
        """
        self._app, self._streamlits = app, index.read_bytes()
        longer = _TITLE.sub(b"", self._streamlits, count=1).replace(_BEGINNING, _BEGINNING + head.encode(), 1)
        own = _NOSCRIPT.sub(lambda _: noscript.encode(), longer, count=1)
        self._ours = own.replace(_END, body.encode() + _END, 1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through; only the page that a browser asks for gets longer."""
        if (
            scope["type"] != "http"
            or scope["method"] != "GET"
            or "text/html" not in Headers(scope=scope).get("accept", "")
        ):
            await self._app(scope, receive, send)
            return
        page, begun = bytearray(), None

        async def send_longer(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = message
            elif begun is not None:
                page.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    body = self._ours if page == self._streamlits else page
                    if body is self._ours:
                        headers = MutableHeaders(scope=begun)
                        headers["content-length"] = str(len(body))
                        for name in _OF_THE_FILE:
                            del headers[name]
                    await send(begun)
                    await send({"type": "http.response.body", "body": bytes(body)})

        headers = [header for header in scope["headers"] if header[0].lower() not in _CONDITIONS]
        await self._app({**scope, "headers": headers}, receive, send_longer)
