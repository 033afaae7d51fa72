"""The ASGI application: the pages over Streamlit, the simulated world behind them. `uvicorn app.server:app`."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from pathlib import Path
from urllib.parse import urlencode

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import wiring
from app.console import programs
from app.console.world_access import WorldAccess
from app.console_access import console_access, folders
from app.content import LANGUAGES, PAGES, load
from app.one_core import OneCore
from app.serving import request_facts
from app.serving.chunked_bodies import Pieces
from app.serving.console_socket import ConsoleSocket
from app.serving.event_socket import EventSocket
from app.serving.first_paint import FirstPaint
from app.serving.fixed_files import FixedFiles
from app.serving.gate import Gate
from app.serving.kept_texts import KEPT_TEXTS, KeptTextsAtTheirAddresses
from app.serving.launch import LAUNCH, cookie
from app.serving.loop_turns import LoopTurns
from app.serving.operations.garbage_collection import Garbage
from app.serving.operations.health import Probes
from app.serving.operations.memory_shortage import MEMORY
from app.serving.operations.metrics import Metrics
from app.serving.operations.open_pages import OPEN_PAGES, RoomForPages
from app.serving.operations.request_log import RequestLog
from app.serving.operations.stopping import STOPPING, NoNewSessions
from app.serving.page_frames import PageFrames
from app.serving.plain_answers import plain_page
from app.serving.security_headers import SecurityHeaders
from app.serving.transport.uvicorn_settings import RETRY_SECONDS
from app.serving.uploads import BoundedUploads, Files, UploadLimits
from app.settings import Settings, process_environment
from app.ui.draw import page_errors
from app.ui.draw.browser_files import PREFIX, STREAMLITS, browser_files, streamlits
from app.ui.frame import address_errors, first_picture, page_words
from app.ui.map import player
from app.ui.state import operator_view, own_world, session
from app.ui.state.runs import browser_messages, left_sessions, streamlit_sessions, streamlit_start
from app.world.events.stream import EventStream
from app.world.keys import KEYS_THREAD

_YEAR = 365 * 86400
_LONGEST_NAME = 80
"""Characters of the name of a page that we do not have, which the first page gets."""
TURN_SECONDS = 0.0005
"""How long a thread that computes may keep the others waiting. A walk goes to and fro between two threads some hundred
times: beside a page that is being made it would wait for Python's 5 ms at each of them."""
_INDEX = Path(st.__file__).with_name("static") / "index.html"
_HEAD, _BODY = first_picture.head(), browser_files.in_page + first_picture.body()
"""What is put into it."""


class BrowserId:
    """Gives a browser that asks for a page an unguessable id, so that reloading finds the same world again.

    The id is in a cookie that no script can read. `Lax`, so that a link from elsewhere still finds the world; `Secure`,
    and under a name that no neighbour can set (`own_world.cookie_name`), where the browser speaks TLS.

    A websocket gets its fingerprint as a header (`request_facts.BROWSER`).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through; only an HTML answer to a browser without an id gets one."""
        if scope["type"] == "websocket":
            await self._app(request_facts.of_browser(scope, _cookie(scope)), receive, send)
            return
        if scope["type"] != "http" or own_world.is_id(_cookie(scope)):
            await self._app(scope, receive, send)
            return

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", _new_cookie(scope))
            await send(message)

        await self._app(scope, receive, send_with_id)


def _cookie(scope: Scope) -> str:
    headers = Headers(scope=scope)
    return cookie(headers.get("cookie", ""), own_world.cookie_name(request_facts.read(headers)))


def _new_cookie(scope: Scope) -> str:
    facts = request_facts.read(Headers(scope=scope))
    secure = "; Secure" if facts is not None and facts.encrypted else ""
    name = own_world.cookie_name(facts)
    return f"{name}={own_world.new_id()}; Max-Age={_YEAR}; Path=/; HttpOnly; SameSite=Lax{secure}"


class KnownPages:
    """Sends a browser that asks for a page we do not have to the first one, in place of Streamlit's English dialog.

    That page says so: the wish goes along.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything through but a browser's wish for an unknown page."""
        if scope["type"] == "http" and scope["method"] == "GET" and _is_unknown_page(scope):
            page, query = scope["path"].strip("/"), scope["query_string"].decode("latin-1")
            wish = "" if page == PAGES[0] else urlencode({address_errors.PAGE: page[:_LONGEST_NAME]})
            both = "&".join(filter(None, (query, wish)))
            await RedirectResponse(f"/?{both}" if both else "/")(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_unknown_page(scope: Scope) -> bool:
    page = scope["path"].strip("/")
    ours = not page or page in PAGES[1:] or page.startswith("_") or "." in page
    return not ours and "text/html" in Headers(scope=scope).get("accept", "")


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """Starts the simulated world, and loads the client libraries while the first browser loads the page."""
    sys.setswitchinterval(TURN_SECONDS)
    left_sessions.install()
    STOPPING.inform = operator_view.inform_pages
    await asyncio.to_thread(session.simulation)
    warming = threading.Thread(target=warm_up, name="warm-up", daemon=True)
    warming.start()
    tasks = [
        asyncio.create_task(Garbage(MEMORY.is_short).look_after()),
        asyncio.create_task(OneCore(apart={KEYS_THREAD}).look_after()),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.to_thread(warming.join)
        await asyncio.to_thread(session.simulation.clear)


def warm_up() -> None:
    """Loads what the first page waits for: the client libraries, and what draws it. Clears what killed servers left."""
    folders()
    wiring.warm_up()
    for module in ("frame.page_setup", "frame.sidebar", "story.home"):
        import_module(f"app.ui.{module}")


def browser_of(scope: Scope) -> str:
    """The key of the world of the browser that sends a request; empty where it has no id of ours."""
    found = _cookie(scope)
    return own_world.key_of(found, request_facts.read(Headers(scope=scope))) if own_world.is_id(found) else ""


def events_of(browser: str) -> EventStream | None:
    """The events of a browser's world; None where it has no world."""
    world = session.simulation().store.get(browser)
    return world.log.events if world else None


def uploaded_files() -> Files:
    """The files that Streamlit keeps, by session."""
    files: Files = getattr(st.runtime.get_instance().uploaded_file_mgr, "file_storage", {})
    return files


def used_address(port: int) -> Response:
    """The answer to a launch address of that port that does not work any more."""
    page = plain_page("launch.used", [load(language) for language in LANGUAGES], port=port)
    return HTMLResponse(page, 410, {"cache-control": "no-store"})


def busy() -> Response:
    """The answer to a browser for whose page there is no room."""
    page = plain_page("serving.busy", [load(language) for language in LANGUAGES], seconds=RETRY_SECONDS)
    return HTMLResponse(page, 503, {"retry-after": str(RETRY_SECONDS), "cache-control": "no-store"})


async def world_access(browser: str) -> WorldAccess | None:
    """What the programs of a browser's console get of its world; None where it has none."""

    def found() -> WorldAccess | None:
        world = session.simulation().kept(browser)
        return console_access(session.simulation(), world) if world else None

    return await asyncio.to_thread(found)


async def console_programs() -> Mapping[str, programs.Program]:
    """kubectl and aws as they are installed. They are looked for once, when the first console is opened."""
    return await asyncio.to_thread(_installed)


@cache
def _installed() -> Mapping[str, programs.Program]:
    return programs.find(process_environment().get("PATH", ""))


def console_words(language: str, key: str, values: Mapping[str, object]) -> str:
    """A message in a language that we have, else in the first."""
    return load(language if language in LANGUAGES else LANGUAGES[0]).message(key, **values)


_settings = Settings.from_environment()
streamlit_sessions.install()
streamlit_start.install()


def application(script: Path) -> st.App:
    """The pages that a script draws, behind all that looks at a request before them."""
    return st.App(
        script,
        lifespan=lifespan,
        on_script_error=page_errors.on_script_error,
        # From the outside in.
        middleware=[
            Middleware(LoopTurns, trusted_proxies=_settings.trusted_proxies),
            Middleware(Pieces),
            Middleware(RequestLog, trusted_proxies=_settings.trusted_proxies),
            Middleware(SecurityHeaders, index=_INDEX, ours=_HEAD + _BODY, frame_ancestors=_settings.frame_ancestors),
            Middleware(Probes, checks=operator_view.checks, stopping=lambda: STOPPING.began is not None),
            Middleware(
                Gate,
                launch=LAUNCH,
                trusted_proxies=_settings.trusted_proxies,
                used=used_address,
                metrics_token=_settings.metrics_token,
            ),
            Middleware(Metrics, more=operator_view.gauges, help_of=operator_view.help_of),
            Middleware(NoNewSessions, stopping=STOPPING),
            Middleware(BrowserId),
            Middleware(RoomForPages, pages=OPEN_PAGES, busy=busy, connected=operator_view.connected_by),
            Middleware(
                ConsoleSocket,
                settings=_settings,
                browser=browser_of,
                access=world_access,
                programs=console_programs,
                words=console_words,
            ),
            Middleware(EventSocket, browser=browser_of, stream=events_of),
            Middleware(KeptTextsAtTheirAddresses, texts=KEPT_TEXTS),
            Middleware(
                FixedFiles,
                prefixes=(PREFIX, *STREAMLITS),
                files={
                    **browser_files.files,
                    **player.files(),
                    **page_words.files(),
                    **first_picture.files(),
                    **streamlits(),
                },
            ),
            Middleware(KnownPages),
            Middleware(FirstPaint, index=_INDEX, head=_HEAD, noscript=first_picture.noscript(), body=_BODY),
            Middleware(PageFrames, may_be_kept=browser_messages.may_be_kept),
            Middleware(BoundedUploads, files=uploaded_files, trusted=_settings.trusted_proxies, limits=UploadLimits()),
        ],
    )


app = application(Path(__file__).resolve().with_name("frame.py"))
