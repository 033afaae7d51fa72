"""Closes a websocket whose client sends what no page sends, and counts it.

That is text, at which Streamlit would fail with a traceback, or a frame that takes too much memory, alone or with the
others of the same visitor: Streamlit keeps the last message of each connection until the next one comes. Where
Streamlit or uvicorn closes it, for a frame that is no message or too large, it is only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.serving import request_facts
from app.serving.operations import log_events

PROTOCOL_ERROR, UNSUPPORTED_DATA, TOO_BIG = 1002, 1003, 1009
"""RFC 6455 §7.4.1."""
OF_AN_ADDRESS = 32 * 1024 * 1024
"""Bytes of the last frames of all connections of an address. In a room of 300 each has some kilobytes. Parts of a frame
are kept up to three times."""


class PageFrames:
    """Passes everything else through."""

    def __init__(self, app: ASGIApp, *, may_be_kept: Callable[[bytes], bool]) -> None:
        """`may_be_kept`: whether a binary frame takes no more memory than those of pages."""
        self._app = app
        self._may_be_kept = may_be_kept
        self._kept: Counter[str] = Counter()
        """Bytes by address."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with the protocol's own code; to the application, the client has gone."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return
        address, size = request_facts.visitor(scope), 0

        async def receive_of_a_page() -> Message:
            nonlocal size
            message = await receive()
            if message["type"] != "websocket.receive":
                if message.get("code") == TOO_BIG:  # uvicorn has closed it, for a frame above `ws_max_size`
                    log_events.refuse("message")
                return message
            frame = message.get("bytes")
            self._kept[address] += len(frame or b"") - size
            size = len(frame or b"")
            if frame is not None and self._kept[address] <= OF_AN_ADDRESS and self._may_be_kept(frame):
                return message
            log_events.refuse("text_frame" if frame is None else "message")
            code = UNSUPPORTED_DATA if frame is None else TOO_BIG
            await send({"type": "websocket.close", "code": code})
            return {"type": "websocket.disconnect", "code": code}

        async def send_to_a_page(message: Message) -> None:
            if message["type"] == "websocket.close" and message.get("code") in (PROTOCOL_ERROR, TOO_BIG):
                log_events.refuse("message")
            await send(message)

        try:
            await self._app(scope, receive_of_a_page, send_to_a_page)
        finally:
            self._kept[address] -= size
            self._kept += Counter()  # forgets who has none
