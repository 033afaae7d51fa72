"""The websocket `/console`: the command line of one open page, for those who may have one.

Frames are JSON objects. From the page: `run` (number, text), `input` (number, text, end), `stop` (number), `complete`
(number, text), `save` (name, text), `open` (name), `remove` (name), `language` (text). To the page: `hello`,
`started`, `output`, `ended`, `refused`, `candidates`, `files`, `file`, `file_refused`. Host, Origin and launch secret
were looked at before (`app.serving.gate`).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import platform
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketClose, WebSocketDisconnect

from app.addresses import is_loopback
from app.console.command_line import LineRefused
from app.console.confine import LEAST_ABI, abi
from app.console.console import Console
from app.console.limits import CommandLimits
from app.console.programs import NAMES, Program
from app.console.world_access import WorldAccess
from app.flow.errors import FlowError
from app.serving import request_facts
from app.serving.budget import Tally
from app.serving.logs import OURS
from app.serving.operations import log_events
from app.serving.operations.stopping import STOPPING
from app.serving.request_facts import RequestFacts
from app.settings import Settings

_log = logging.getLogger(OURS)
PATH = "/console"
FRAME_LIMIT = 256 * 1024
"""Characters of a frame: a file, or a long paste, written as JSON."""
TASKS = 8
"""Frames of one page that are worked on at once."""
SOCKETS = 4
"""Open pages with a console, of one browser."""

Words = Callable[[str, str, Mapping[str, object]], str]
"""The words of a message: language, key, values."""


class ConsoleRefused(FlowError):
    """There is no console here."""


def refusal(settings: Settings, facts: RequestFacts | None) -> ConsoleRefused | None:
    """Why there is no console for the sender of that request; None where there is one.

    On this machine the console is for the person who started the app. Where others reach the pages, either all visitors
    have one or none has; then the kernel has to keep the programs that they run from this machine's files.
    """
    if facts is None:
        return ConsoleRefused(code="console_other_server", server_message="")
    if settings.console is False:
        return ConsoleRefused(code="console_switched_off", server_message="")
    if not hasattr(os, "killpg"):
        return ConsoleRefused(code="console_not_unix", server_message="", got=platform.system())
    elsewhere = next((host for host in (settings.host, facts.served_on) if not is_loopback(host)), "")
    others = elsewhere or facts.forwarded_by or " ".join(settings.frame_ancestors)
    if not others:
        port = str(facts.port)
        return None if facts.launched else ConsoleRefused(code="console_not_launched", server_message="", got=port)
    if settings.console is None:
        return ConsoleRefused(code="console_not_local", server_message="", got=others)
    if abi() < LEAST_ABI:
        return ConsoleRefused(code="console_not_confined", server_message="", got=str(abi()), expected=str(LEAST_ABI))
    return None


class ConsoleSocket:
    """Answers that one websocket, and passes everything else through."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        settings: Settings,
        browser: Callable[[Scope], str],
        access: Callable[[str], Awaitable[WorldAccess | None]],
        programs: Callable[[], Awaitable[Mapping[str, Program]]],
        words: Words,
    ) -> None:
        """`browser`: the id in a request's cookie; `access`: that browser's world; `programs`: what is installed."""
        self._app = app
        self._settings = settings
        self._browser = browser
        self._access = access
        self._programs = programs
        self._words = words
        self._limits = CommandLimits()
        self._open = Tally()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Closes a socket without a console before it is open, which a browser sees as HTTP 403."""
        if scope["type"] != "websocket" or scope["path"] != PATH:
            await self._app(scope, receive, send)
            return
        facts, browser = request_facts.read(Headers(scope=scope)), self._browser(scope)
        is_refused = refusal(self._settings, facts) is not None
        if is_refused or facts is None or not browser or self._open.of(browser) >= SOCKETS:
            log_events.refuse("console")
            await WebSocketClose()(scope, receive, send)
            return
        with self._open.one_more(browser):
            console = Console(
                access=lambda: self._access(browser),
                programs=await self._programs(),
                limits=self._limits,
                browser=browser,
                address=facts.visitor,
            )
            language = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])[0]
            await _Page(WebSocket(scope, receive, send), console, language, self._words).serve()


class _Page:
    """One open websocket."""

    def __init__(self, socket: WebSocket, console: Console, language: str, words: Words) -> None:
        self._socket = socket
        self._console = console
        self._language = language
        self._words = words
        self._tasks: set[asyncio.Task[None]] = set()
        self._sending = asyncio.Lock()
        self._is_gone = False

    async def serve(self) -> None:
        """Serves the page until it is gone, and ends all that it started."""
        await self._socket.accept()
        try:
            self._start(self._greet())
            self._start(self._show_files())
            while (text := await self._receive()) is not None:
                self._handle(text)
                await asyncio.sleep(0)  # a line has begun before the next frame can stop it
        finally:
            self._is_gone = True
            self._console.close()
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=10)

    async def _receive(self) -> str | None:
        """The next frame; None where the page is gone, or sent one that no page sends."""
        try:
            text = await self._socket.receive_text()
            if len(text) <= FRAME_LIMIT:
                return text
            await self._socket.close(1009)
        except (WebSocketDisconnect, KeyError, RuntimeError):
            pass  # gone, a binary frame, or closed by the server that is stopping
        return None

    async def _greet(self) -> None:
        await self._send(type="hello", programs=self._versions(), missing=self._missing())

    def _versions(self) -> list[list[str]]:
        return [[name, found.version] for name, found in self._console.programs.items()]

    def _missing(self) -> list[str]:
        return [self._say(f"missing.{name}") for name in NAMES if name not in self._console.programs]

    def _say(self, key: str, **values: object) -> str:
        """A sentence for the console, which knows no marks."""
        return self._words(self._language, f"console.{key}", values).replace("`", "")

    async def _send(self, **frame: object) -> None:
        async with self._sending:
            if self._is_gone:
                return
            try:
                await self._socket.send_text(json.dumps(frame))
            except (WebSocketDisconnect, RuntimeError) as error:  # it left while this was sent
                self._is_gone = True
                raise WebSocketDisconnect from error

    # Frames

    def _handle(self, text: str) -> None:
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            return
        match frame:
            case {"type": "run", "number": int(number), "text": str(typed)}:
                self._start(self._run(number, typed))
            case {"type": "complete", "number": int(number), "text": str(typed)}:
                self._start(self._complete(number, typed))
            case {"type": "input", "number": int(number), "text": str(typed)}:
                self._console.write(number, typed, end=frame.get("end") is True)
            case {"type": "stop", "number": int(number)}:
                self._console.stop(number)
            case {"type": "save", "name": str(name), "text": str(content)}:
                self._start(self._change(name, partial(self._console.save, name, content)))
            case {"type": "remove", "name": str(name)}:
                self._start(self._change(name, partial(self._console.remove, name)))
            case {"type": "open", "name": str(name)}:
                self._start(self._open_file(name))
            case {"type": "language", "text": str(language)}:
                self._language = language
                self._start(self._greet())

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._tasks) >= TASKS:
            work.close()
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, WebSocketDisconnect):
            _log.error("The console failed", exc_info=error)

    async def _run(self, number: int, text: str) -> None:
        async def show(output: str) -> None:
            await self._send(type="output", number=number, text=output)

        async def begin(reads: bool) -> None:
            await self._send(type="started", number=number, reads=reads)

        try:
            if STOPPING.began is not None:
                raise LineRefused("stopping")
            with STOPPING.under_way("command", self._console.close):
                ended = await self._console.run(number, text, show, begin)
        except (LineRefused, OSError) as refused:
            await self._send(type="refused", number=number, text=self._reason(refused))
        else:
            said = [] if ended.why == "ended" else [self._say(f"ended.{ended.why}")]
            said += [self._say("ended.context_gone")] if ended.forgets_context else []
            said += [self._say("ended.removed", got=name) for name in ended.removed]
            if ended.why == "ended" and ended.status:
                said.append(self._say("ended.status", got=ended.status))
            await self._send(type="ended", number=number, status=ended.status, text="\n".join(said))
        await self._show_files()

    async def _complete(self, number: int, text: str) -> None:
        try:
            length, found = await self._console.complete(text)
        except (LineRefused, OSError):
            length, found = 0, []
        words = [[candidate.text, candidate.detail] for candidate in found]
        await self._send(type="candidates", number=number, length=length, words=words)

    async def _change(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (LineRefused, OSError) as refused:
            await self._send(type="file_refused", name=name, text=self._reason(refused))
        await self._show_files()

    async def _open_file(self, name: str) -> None:
        try:
            await self._send(type="file", name=name, text=await self._console.read(name))
        except (LineRefused, OSError) as refused:
            await self._send(type="file_refused", name=name, text=self._reason(refused))

    async def _show_files(self) -> None:
        try:
            files = await self._console.files()
        except (LineRefused, OSError):  # the world is gone, and its folder with it
            return
        await self._send(type="files", files=[[name, size] for name, size in files.items()])

    def _reason(self, refused: LineRefused | OSError) -> str:
        if isinstance(refused, OSError):  # such as a full disk
            return self._say("refused.system", got=refused.strerror)
        return self._say(f"refused.{refused.code}", **refused.values)
