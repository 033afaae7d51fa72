"""The ASGI application: the pages over Streamlit, the simulated world behind them. `uvicorn app.server:app`."""

from __future__ import annotations

import asyncio
import ipaddress
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.cookies import CookieError, SimpleCookie
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app import wiring
from app.content import PAGES
from app.serving.visitor import VisitorAddress
from app.settings import Settings
from app.ui import mode, session
from app.world.http import is_loopback_host

_YEAR = 365 * 86400


class LoopbackNames:
    """Answers on loopback to loopback's own names only: no web page can reach us by DNS rebinding.

    Where a container or a proxy host takes the requests on another address, any name may lead there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses a request or a websocket that came in on loopback under another name."""
        if scope["type"] == "lifespan" or not _is_misdirected(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        else:
            await PlainTextResponse("Misdirected Request\n", 421)(scope, receive, send)


def _is_misdirected(scope: Scope) -> bool:
    address, _ = scope.get("server") or ("", None)
    try:
        came_in_on_loopback = ipaddress.ip_address(address).is_loopback
    except ValueError:  # a unix socket
        return False
    return came_in_on_loopback and not is_loopback_host(Headers(scope=scope).get("host", ""))


class ServedOn:
    """Tells the pages on which of our addresses a request came in. What a browser says of that itself is dropped."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through, with that header set."""
        if scope["type"] != "lifespan":
            address, _ = scope.get("server") or ("", None)
            name = mode.SERVED_ON.encode("ascii")
            kept = [(key, value) for key, value in scope["headers"] if key.lower() != name]
            scope = {**scope, "headers": [*kept, (name, str(address).encode("latin-1", "replace"))]}
        await self._app(scope, receive, send)


class BrowserId:
    """Gives a browser that asks for a page an unguessable id, so that reloading finds the same world again.

    The id is in a cookie that no script can read. `Lax`, so that a link from elsewhere still finds the world; not
    `Secure`, because loopback is plain http.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through; only an HTML answer to a browser without an id gets one."""
        if scope["type"] != "http" or session.is_id(_cookie(scope)):
            await self._app(scope, receive, send)
            return

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append(
                        "set-cookie",
                        f"{session.COOKIE}={session.new_id()}; Max-Age={_YEAR}; Path=/; HttpOnly; SameSite=Lax",
                    )
            await send(message)

        await self._app(scope, receive, send_with_id)


def _cookie(scope: Scope) -> str:
    try:
        found = SimpleCookie(Headers(scope=scope).get("cookie", "")).get(session.COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


class KnownPages:
    """Sends a browser that asks for a page we do not have to the first one, in place of Streamlit's English dialog."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through but a browser's wish for an unknown page."""
        if scope["type"] == "http" and scope["method"] == "GET" and _is_unknown_page(scope):
            query = scope["query_string"].decode("latin-1")
            await RedirectResponse(f"/?{query}" if query else "/")(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_unknown_page(scope: Scope) -> bool:
    page = scope["path"].strip("/")
    ours = not page or page in PAGES[1:] or page.startswith("_") or "." in page
    return not ours and "text/html" in Headers(scope=scope).get("accept", "")


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Starts the simulated world, and loads the client libraries while the first browser loads the page."""
    await asyncio.to_thread(session.simulation)
    warming = threading.Thread(target=wiring.warm_up, name="warm-up", daemon=True)
    warming.start()
    try:
        yield
    finally:
        await asyncio.to_thread(warming.join)
        await asyncio.to_thread(session.simulation.clear)


app = st.App(
    Path(__file__).resolve().with_name("frame.py"),
    lifespan=lifespan,
    middleware=[
        Middleware(LoopbackNames),
        Middleware(ServedOn),
        Middleware(VisitorAddress, trusted=Settings.from_environment().trusted_proxies),
        Middleware(KnownPages),
        Middleware(BrowserId),
    ],
)
