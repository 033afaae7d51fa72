"""A small HTTP/1.1 client for our own servers: kept connections, with one request at a time on each.

A new world and a walk ask a dozen times, and both ends are in this process: a client for every server there is costs
four times what the answer does.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import httptools

HOST = "127.0.0.1"
"""Where every connection goes."""
IDLE_SECONDS = 60.0
"""For how long an unused connection is kept: shorter than the servers keep theirs."""
IDLE_LIMIT = 3
"""How many: as many as a new world uses at a time. Each takes two file descriptors, as both ends are here."""
CONNECTIONS_LIMIT = 100
"""Requests at a time; others wait. The servers serve others as well."""
ANSWER_LIMIT = 2 * 1024 * 1024
"""Bytes of a body: a list of all objects of a cluster has as many. That of a watch would grow as long as it is waited
for."""


_ENDS_A_LINE = re.compile(r"[\r\n\0]")


class NotOneRequest(OSError):
    """A request whose method, target or header holds the end of a line: it would be read as two.

    The connections are shared by all worlds, so what is left of it would be taken for a part of another one's request.
    """


class AnswerTooLarge(OSError):
    """The body of an answer is larger than `ANSWER_LIMIT`."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: bytes


class HttpClient:
    """Connections to one port of this machine. Lives on the servers' loop."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None, name: str = HOST) -> None:
        """`context`: for https; `name` is then what goes into SNI and what the certificate has to be for."""
        self._port = port
        self._context = context
        self._name = name
        self._idle: list[_Connection] = []
        self._room = asyncio.Semaphore(CONNECTIONS_LIMIT)

    async def send(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> Answer:
        """One request; `headers` have the Host. Raises `OSError`, as asyncio and ssl do, `NotOneRequest` and
        `AnswerTooLarge`."""
        written = _written(method, target, headers, content)
        async with self._room:
            connection = self._kept() or await self._connect()
            try:
                answer = await connection.send(written, has_body=method.upper() != "HEAD")
            except BaseException:
                connection.close()
                raise
            if connection.is_open and len(self._idle) < IDLE_LIMIT:
                connection.idle_since = asyncio.get_running_loop().time()
                self._idle.append(connection)
            else:
                connection.close()
            return answer

    def close(self) -> None:
        """Closes what is kept."""
        while self._idle:
            self._idle.pop().close()

    def _kept(self) -> _Connection | None:
        """The one that was used last; those that are over are closed."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open and asyncio.get_running_loop().time() - connection.idle_since < IDLE_SECONDS:
                return connection
            connection.close()
        return None

    async def _connect(self) -> _Connection:
        name = self._name if self._context else None
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            _Connection, HOST, self._port, ssl=self._context, server_hostname=name
        )
        return connection


def _written(method: str, target: str, headers: Mapping[str, str], content: bytes) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    if any(_ENDS_A_LINE.search(line) for line in lines):
        raise NotOneRequest("invalid header field value")
    if content or method == "POST":
        lines.append(f"content-length: {len(content)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + content


class _Connection(asyncio.Protocol):
    """The methods after `send` are called by asyncio and by the parser."""

    def __init__(self) -> None:
        self.idle_since = 0.0
        self.is_open = False
        """Whether another request may follow."""
        self._transport: asyncio.Transport
        self._parser: httptools.HttpResponseParser
        self._has_body = True
        self._answered: asyncio.Future[Answer] | None = None
        self._headers: list[tuple[str, str]] = []
        self._body = bytearray()

    async def send(self, request: bytes, *, has_body: bool) -> Answer:
        """Sends a request and waits for the answer to it. Raises `ConnectionError` where none comes, and
        `AnswerTooLarge`."""
        self._parser = httptools.HttpResponseParser(self)
        self._has_body = has_body
        self._headers, self._body = [], bytearray()
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        try:
            return await self._answered
        finally:
            self._answered = None

    def close(self) -> None:
        self.is_open = False
        self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        try:
            if self._answered is None:
                raise ConnectionError("an answer that nobody asked for")
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade, ConnectionError) as error:
            self.connection_lost(error)
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if self._answered is not None and not self._answered.done():
            too_large = error is not None and isinstance(error.__context__, AnswerTooLarge)
            self._answered.set_exception(AnswerTooLarge() if too_large else ConnectionError("EOF"))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_body(self, body: bytes) -> None:
        if len(self._body) + len(body) > ANSWER_LIMIT:
            raise AnswerTooLarge
        self._body += body

    def on_headers_complete(self) -> None:
        if not self._has_body and self._parser.get_status_code() >= 200:
            self._end()
            self.is_open = False  # the parser would wait for the body that such an answer announces

    def on_message_complete(self) -> None:
        if self._parser.get_status_code() < 200:
            self._headers.clear()  # `100 Continue` and the like come before the answer (RFC 9110, section 15.2)
            return
        self.is_open = self.is_open and self._parser.should_keep_alive()
        self._end()

    def _end(self) -> None:
        if self._answered is not None and not self._answered.done():
            status = self._parser.get_status_code()
            self._answered.set_result(Answer(status=status, headers=tuple(self._headers), body=bytes(self._body)))
