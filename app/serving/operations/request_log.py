"""Gives every request an id, counts it, and writes one line of it. All other middlewares that answer are inside."""

from __future__ import annotations

import time
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.serving.operations import log_events
from app.serving.operations.health import PATHS as PROBES
from app.serving.operations.metrics import PATH as METRICS
from app.serving.operations.metrics import REQUESTS
from app.serving.visitor import address_of, is_trusted, peer_of
from app.settings import Network

STREAM = "/_stcore/stream"
"""The websocket of a session: one open page."""
HEADER = "x-request-id"
CLOSED = 499
"""Where the client left before there was an answer; nginx writes the same."""


class RequestLog:
    """The id is that of a trusted proxy's `X-Request-Id` where there is one. The answer has it in the same header."""

    def __init__(self, app: ASGIApp, *, trusted_proxies: Sequence[Network]) -> None:
        self._app = app
        self._trusted = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        number, begun, status, size = self._id(scope), time.monotonic(), 0, 0
        log_events.request_id.set(number)
        place: dict[str, log_events.Field] = {
            "path": log_events.shown_path(scope["path"]),
            "query": log_events.shown_query(scope["query_string"].decode("latin-1")),
            "visitor": address_of(scope, self._trusted),
        }
        name = "session" if scope["path"] == STREAM else "socket"

        async def send_noting(message: Message) -> None:
            nonlocal status, size
            match message["type"]:
                case "http.response.start" | "websocket.http.response.start":
                    status = message["status"]
                    MutableHeaders(scope=message)[HEADER] = number
                case "http.response.body":
                    size += len(message.get("body", b""))
                case "websocket.accept":
                    status = 101
                    log_events.write(f"{name}_opened", **place)
                case "websocket.close" if not status:
                    status = 403  # what uvicorn answers to a handshake that is refused
            await send(message)

        try:
            await self._app(scope, receive, send_noting)
        except BaseException:
            status = status or 500
            raise
        finally:
            seconds = round(time.monotonic() - begun, 4)
            if status == 101:
                log_events.write(f"{name}_closed", **place, seconds=seconds)
            else:
                status = status or CLOSED
                self._note(scope, status, {**place, "status": status, "bytes": size, "seconds": seconds})

    def _id(self, scope: Scope) -> str:
        given, peer = Headers(scope=scope).get(HEADER, ""), peer_of(scope)
        is_proxys = peer is not None and is_trusted(peer, self._trusted) and log_events.is_id(given)
        return given if is_proxys else log_events.new_id()

    def _note(self, scope: Scope, status: int, fields: dict[str, log_events.Field]) -> None:
        """A probe or a scrape that went well is not worth a line: there is one every few seconds."""
        REQUESTS.add(f"{status // 100}xx")
        if status >= 400 or scope["path"] not in (*PROBES, METRICS):
            log_events.write("request", method=scope.get("method", "GET"), **fields)
