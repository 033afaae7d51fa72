"""The headers that tell a browser what these pages may load, and who may frame them.

What Streamlit 1.67 needs of the Content-Security-Policy. Each was left out once, in Chromium, to see what breaks:

- `script-src 'self'`, the hash of the one inline script of its `index.html` and of ours, and `blob:`: what a component
  brings with it is text, which the browser imports from a blob URL. No `unsafe-inline`, no `unsafe-eval`.
- `'wasm-unsafe-eval'`: Graphviz, which draws the survey's picture, is WebAssembly. It allows no JavaScript.
- `style-src 'unsafe-inline'`: Streamlit's own rules are in `<style>` elements, and so are the pages'.
- `img-src data:` is the logo, `font-src data:` the formula fonts of Streamlit's style sheet.
- `connect-src 'self'`: requests and the websocket, to this server alone.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


class SecurityHeaders:
    """Sets the headers on every answer."""

    def __init__(self, app: ASGIApp, *, index: Path, ours: str, frame_ancestors: Sequence[str]) -> None:
        """`index`: the installed Streamlit's page; `ours`: the HTML that is put into it. Their inline scripts may run.

        `frame_ancestors`: https origins that may frame it.
        """
        self._app = app
        self._headers = _headers(_hashes(index.read_bytes() + ours.encode()), frame_ancestors)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _headers(scripts: Sequence[str], frame_ancestors: Sequence[str]) -> dict[str, str]:
    policy = {
        "default-src": "'none'",
        "script-src": " ".join(["'self'", *scripts, "blob:", "'wasm-unsafe-eval'"]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": " ".join(["'self'", *frame_ancestors]),
    }
    headers = {
        "content-security-policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
    }
    # Browsers that know `frame-ancestors` do not look at this one; it cannot name several origins.
    return headers if frame_ancestors else {**headers, "x-frame-options": "SAMEORIGIN"}


def _hashes(page: bytes) -> list[str]:
    """The source expression of each inline script of a page (CSP 3, "hash-source")."""
    digests = (hashlib.sha256(script).digest() for script in _INLINE.findall(page))
    return [f"'sha256-{base64.b64encode(digest).decode('ascii')}'" for digest in digests]
