"""Those who ask: over HTTP, over a websocket as Streamlit's browser half does, and with whatever bytes.

Each comes from a source address of loopback, so that the server sees different visitors. Nothing leaves the machine.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Origin, Subprotocol

from tests.attack.server import PATIENCE, Keys, Target

HONEST, ATTACKER, READER = "127.0.0.1", "127.0.0.2", "127.0.0.3"
"""Source addresses: of those whose times are measured, of the attacker, and of one more who has a world to lose."""
TALKS, CUT_OFF = 101, 0
"""Statuses that are none of HTTP: a websocket goes on; a connection ended without any answer."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back for one input."""

    status: int
    """HTTP's, a websocket's close code, `TALKS` or `CUT_OFF`."""
    body: bytes = b""


def owner(keys: Keys, source: str = ATTACKER) -> httpx.AsyncClient:
    """A client of a world's API server, as its owner."""
    transport = httpx.AsyncHTTPTransport(
        local_address=source, verify=ssl.create_default_context(cafile=str(keys.ca)), retries=0
    )
    return httpx.AsyncClient(
        base_url=keys.server,
        transport=transport,
        headers={"authorization": f"Bearer {keys.token}"},
        timeout=PATIENCE,
        trust_env=False,
    )


def visitor(target: Target, source: str = HONEST) -> httpx.AsyncClient:
    """A client of the pages without any cookie yet.

    It gives up an idle connection before the server does, after five seconds: else a request may meet its end.
    """
    limits = httpx.Limits(keepalive_expiry=2.0)
    return httpx.AsyncClient(
        base_url=target.address,
        transport=httpx.AsyncHTTPTransport(verify=_no_certificates(), local_address=source, retries=0, limits=limits),
        timeout=PATIENCE,
        trust_env=False,
    )


@cache
def _no_certificates() -> ssl.SSLContext:
    """For addresses of plain HTTP: to read the system's CAs takes longer than a page."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


async def ask(client: httpx.AsyncClient, method: str, path: str, body: Any = None, **sent: Any) -> Answer:
    """One request; a body that is no bytes is sent as JSON."""
    if body is not None:
        sent["content"] = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent["headers"] = {"content-type": "application/json", **sent.get("headers", {})}
    try:
        response = await client.request(method, path, **sent)
    except httpx.TransportError as error:
        return Answer(status=CUT_OFF, body=repr(error).encode())
    return Answer(status=response.status_code, body=response.content)


async def raw(
    port: int, chunks: Iterable[bytes], *, source: str = ATTACKER, patience: float = PATIENCE, context: Any = None
) -> Answer:
    """Writes the chunks as they are until an answer comes, and reads its beginning."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0), ssl=context)
    except OSError:
        return Answer(status=CUT_OFF)
    answer = asyncio.create_task(reader.read(65536))
    try:
        for chunk in chunks:
            if answer.done():
                break
            writer.write(chunk)
            await writer.drain()
        body = await asyncio.wait_for(answer, patience)
    except (OSError, TimeoutError):
        # A reset may overtake the answer that was sent before it.
        body = answer.result() if answer.done() and not answer.cancelled() and not answer.exception() else b""
    finally:
        answer.cancel()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    status = body[9:12] if body.startswith(b"HTTP/1.") else b""
    return Answer(status=int(status) if status.isdigit() else CUT_OFF, body=body)


class Page:
    """A tab: one session of Streamlit's, what it was sent last, and the widgets that it drew."""

    def __init__(
        self, target: Target, page: str = "", query: str = "lang=en", *, source: str = HONEST, cookies: str = ""
    ) -> None:
        self.target = target
        self.page, self.query, self.source, self.cookies = page, query, source, cookies
        self.session = ""
        self.received = b""
        """All messages of the last run, one after the other."""
        self.total = 0
        """Bytes that were received in all."""
        self._hash = ""
        self._socket: ClientConnection
        self.drawn: list[Any] = []
        """The elements of the last run."""
        self.fragments: dict[int, str] = {}
        """By the place of an element in `drawn`: the fragment that drew it, where it was one."""

    async def open(self, *, headers: Mapping[str, str] | None = None, origin: str | None = "own") -> Page:
        """Connects and draws the page. Raises `InvalidHandshake` where it is refused, `OSError` without a server."""
        await self.connect(headers=headers, origin=origin)
        await self.run()
        return self

    async def connect(self, *, headers: Mapping[str, str] | None = None, origin: str | None = "own") -> None:
        """Connects alone: nothing is drawn yet. A tab that was connected before says which session it had."""
        before = ["-", self.session] if self.session else []
        sent = {**({"Cookie": self.cookies} if self.cookies else {}), **(headers or {})}
        self._socket = await connect(
            f"ws://127.0.0.1:{self.target.port}/_stcore/stream",
            subprotocols=[Subprotocol(said) for said in ("streamlit", *before)],
            origin=None if origin is None else Origin(self.target.address if origin == "own" else origin),
            additional_headers=sent,
            local_addr=(self.source, 0),
            max_size=None,
            compression=None,
            proxy=None,
            open_timeout=PATIENCE,
            close_timeout=2,
        )

    async def close(self) -> None:
        """Closes the tab."""
        with contextlib.suppress(Exception):
            await self._socket.close()

    async def run(
        self, *states: Mapping[str, Any], page: str | None = None, fragment: str = "", wait: bool = True
    ) -> Answer:
        """One run of the script with these states of widgets (`id` and one value), perhaps of another page, or of one
        `fragment` alone.
        """
        message = BackMsg()
        request = message.rerun_script
        request.query_string = self.query
        request.fragment_id = fragment
        if page is not None:
            self.page, self._hash = page, ""
        if self._hash:
            request.page_script_hash = self._hash
        else:
            request.page_name = self.page
        request.context_info.locale = "en-US"
        request.context_info.timezone = "UTC"
        request.context_info.url = f"{self.target.address}/"
        for state in states:
            request.widget_states.widgets.add(**state)
        return await self.send(message.SerializeToString(), wait=wait)

    async def send(self, frame: bytes | str, *, wait: bool = True) -> Answer:
        """Sends any frame; reads until a run of the script has ended, or the connection."""
        try:
            await self._socket.send(frame)
            return await self._read() if wait else Answer(status=TALKS)
        except ConnectionClosed as closed:
            return Answer(status=closed.rcvd.code if closed.rcvd else CUT_OFF)

    async def alive(self) -> Answer:
        """`TALKS` where the connection still lives."""
        try:
            await asyncio.wait_for(await self._socket.ping(), PATIENCE)
        except ConnectionClosed as closed:
            return Answer(status=closed.rcvd.code if closed.rcvd else CUT_OFF)
        return Answer(status=TALKS)

    async def _read(self) -> Answer:
        parts: list[bytes] = []
        drawn: list[Any] = []
        fragments: dict[int, str] = {}
        while True:
            part = await asyncio.wait_for(self._socket.recv(), PATIENCE)
            assert isinstance(part, bytes)
            parts.append(part)
            self.total += len(part)
            message = ForwardMsg()
            message.ParseFromString(part)
            kind = message.WhichOneof("type")
            if kind == "new_session":
                drawn, fragments = [], {}
                self._hash = message.new_session.page_script_hash
                self.session = message.new_session.initialize.session_id or self.session
            elif kind == "navigation":
                self._hash = message.navigation.page_script_hash or self._hash
            elif kind == "page_info_changed":
                self.query = message.page_info_changed.query_string
            elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                if message.delta.fragment_id:
                    fragments[len(drawn)] = message.delta.fragment_id
                drawn.append(message.delta.new_element)
            elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self.received, self.drawn, self.fragments = b"".join(parts), drawn, fragments
                return Answer(status=TALKS, body=self.received)

    def component(self, name: str) -> str:
        """The id of the component of that name, drawn last."""
        return next(
            element.bidi_component.id
            for element in self.drawn
            if element.WhichOneof("type") == "bidi_component" and name in element.bidi_component.id
        )

    def widget(self, kind: str, key: str) -> str:
        """The id of the widget whose key holds `key`: of the kind `button`, `text_area`, `file_uploader` ..."""
        return next(
            getattr(element, kind).id
            for element in self.drawn
            if element.WhichOneof("type") == kind and key in getattr(element, kind).id
        )

    @property
    def failed(self) -> bool:
        """Whether the page shows an exception in place of itself."""
        return any(element.WhichOneof("type") == "exception" for element in self.drawn)


async def cookies(target: Target, path: str = "/", source: str = HONEST) -> str:
    """What a browser that opens `path` gets to keep, as the header that sends it back."""
    async with visitor(target, source) as client:
        response = await client.get(path, headers={"accept": "text/html"}, follow_redirects=True)
        assert response.status_code < 500, response.text
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def launch_path(target: Target) -> str:
    """Path and query of the address that the server printed: whatever lets its owner in."""
    parts = urlsplit(target.url)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"


@contextlib.asynccontextmanager
async def tab(target: Target, page: str = "", query: str = "lang=en", **who: str) -> AsyncIterator[Page]:
    """A tab of a browser that keeps its cookies."""
    kept = await cookies(target, source=who.get("source", HONEST))
    opened = await Page(target, page, query, cookies=kept, **who).open()
    try:
        yield opened
    finally:
        await opened.close()
