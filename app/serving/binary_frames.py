"""Closes a websocket on which text comes: Streamlit takes protobuf, and would fail with a traceback for each."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.serving.operations import events

UNSUPPORTED_DATA = 1003
"""RFC 6455 §7.4.1."""


class BinaryFrames:
    """Passes everything through but text."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers text with the protocol's own code; to the application, the client has gone."""
        if scope["type"] != "websocket":
            await self._app(scope, receive, send)
            return

        async def receive_binary() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive" and message.get("bytes") is None:
                events.refuse("text_frame")
                await send({"type": "websocket.close", "code": UNSUPPORTED_DATA})
                return {"type": "websocket.disconnect", "code": UNSUPPORTED_DATA}
            return message

        await self._app(scope, receive_binary, send)
