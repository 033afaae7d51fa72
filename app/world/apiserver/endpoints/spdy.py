"""`pods/exec` and `pods/attach` over SPDY/3.1, as kubectl before 1.31 and most other clients speak it.

The client opens a stream for each channel, named in its header `streamtype`. Source: k8s.io/apimachinery
`pkg/util/httpstream/spdy`, k8s.io/kubelet `pkg/cri/streaming/remotecommand/httpstream.go` (`v4.channel.k8s.io`: the
status is JSON on the stream `error`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from weakref import WeakMethod

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.flow.model import JsonObject
from app.world.apiserver.endpoints import spdy_frames as frames
from app.world.apiserver.endpoints.remote_command import RemoteCommand, connected, one_session, parse_command
from app.world.apiserver.endpoints.responses import error_response
from app.world.apiserver.request.request_info import RequestInfo
from app.world.apiserver.types import errors
from app.world.node.streams import STDERR, STDOUT, Streams
from app.world.servers.upgraded import EXTENSION, TAKE_OVER, UpgradedConnection

if TYPE_CHECKING:
    from app.world.world import World

PROTOCOL = "v4.channel.k8s.io"
SETUP_SECONDS = 30.0
"""Seconds within which the client has to open its streams (`streamCreationTimeout` of the kubelet)."""
LEAVE_SECONDS = 5.0
"""Seconds for which the client may read the rest once everything is sent."""
_STREAMS_LIMIT = 8
_CHUNK = 32 * 1024
_HEAD = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
    b"X-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n"
)


def wants_spdy(request: Request) -> bool:
    """Whether a request asks for SPDY, and this server can give it."""
    is_asked = request.headers.get("upgrade", "").lower() == "spdy/3.1"
    return is_asked and EXTENSION in request.scope.get("extensions", {})


def spdy_response(world: World, info: RequestInfo, request: Request) -> Response:
    """The response that connects the client. Raises `ApiError` 400, 403 and 404."""
    remote = parse_command(world, info, request.query_params)
    offered = request.headers.getlist("x-stream-protocol-version")
    if offered and not any(PROTOCOL in each for each in offered):
        shown = f"unable to negotiate protocol: client supports {offered}, server accepts [{PROTOCOL}]"
        raise errors.ApiError(403, "Forbidden", f"unable to upgrade: {shown}")
    return _SpdyResponse(world, remote)


class _SpdyResponse(Response):
    def __init__(self, world: World, remote: RemoteCommand) -> None:
        super().__init__()
        self._world = world
        self._remote = remote

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.ExitStack() as session:
            try:
                session.enter_context(one_session(self._world))
            except errors.ApiError as error:
                await error_response(error)(scope, receive, send)
            else:
                await self._connect(scope)

    async def _connect(self, scope: Scope) -> None:
        extension: WeakMethod[Callable[[bytes], UpgradedConnection]] = scope["extensions"][EXTENSION][TAKE_OVER]
        take_over = extension()
        if take_over is None:
            return  # the client has gone
        connection = take_over(_HEAD)
        try:
            await _Session(self._world, self._remote, connection).run()
        except (EOFError, ConnectionError, TimeoutError, frames.Malformed):
            pass  # the client has gone, or no stream is there to report an error on
        finally:
            connection.close()


class _Session:
    """One client's streams."""

    def __init__(self, world: World, remote: RemoteCommand, connection: UpgradedConnection) -> None:
        self._world = world
        self._remote = remote
        self._connection = connection
        self._framer = frames.Framer()
        self._streams: dict[str, int] = {}
        """Stream ids by `streamtype`."""
        self._early: list[frames.Frame] = []
        """Data that came before all streams were open."""

    async def run(self) -> None:
        """Connects the client with its command until either has ended."""
        async with asyncio.timeout(SETUP_SECONDS):
            while not self._expected() <= self._streams.keys():
                await self._take(await self._frame(), self._keep)
        async with connected(self._world, self._remote, self._send) as (streams, ending):
            for frame in self._early:
                await self._feed(frame, streams)
            reading = asyncio.ensure_future(self._read(streams))
            try:
                await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
                if ending.done():
                    await self._finish(ending.result())
                    await asyncio.wait({reading}, timeout=LEAVE_SECONDS)
            finally:
                reading.cancel()

    def _expected(self) -> set[str]:
        wanted = set(self._remote.wanted) | {"error"}
        return (wanted - {"stderr"}) | {"resize"} if self._remote.tty else wanted

    async def _frame(self) -> frames.Frame:
        await asyncio.sleep(0)  # frames that have come together are read without waiting
        head = await self._connection.read(frames.HEAD)
        return self._framer.decode(head, await self._connection.read(frames.content_length(head)))

    async def _take(self, frame: frames.Frame, take_data: Callable[[frames.Frame], Awaitable[None]]) -> None:
        if frame.kind == frames.SYN_STREAM:
            if len(self._streams) >= _STREAMS_LIMIT:
                raise frames.Malformed("too many streams")
            self._streams[frame.headers.get("streamtype", "")] = frame.stream
            await self._connection.write(self._framer.reply(frame.stream))
        elif frame.kind == frames.PING:
            await self._connection.write(frames.control(frames.PING, frame.content))
        elif frame.kind == frames.GOAWAY:
            raise EOFError
        elif frame.kind == 0:
            await take_data(frame)

    async def _keep(self, frame: frames.Frame) -> None:
        if len(self._early) >= _STREAMS_LIMIT:
            raise frames.Malformed("data before the streams are open")
        self._early.append(frame)

    async def _read(self, streams: Streams) -> None:
        self._early = []
        try:
            while True:
                await self._take(await self._frame(), lambda frame: self._feed(frame, streams))
        except (EOFError, ConnectionError, frames.Malformed):
            if self._remote.ends_input:
                streams.end_input()

    async def _feed(self, frame: frames.Frame, streams: Streams) -> None:
        if frame.stream != self._streams.get("stdin"):
            return
        if frame.content:
            await streams.room()
            streams.feed(frame.content)
        if frame.is_last and self._remote.ends_input:
            streams.end_input()

    async def _send(self, channel: int, data: bytes) -> None:
        stream = self._streams.get({STDOUT: "stdout", STDERR: "stderr"}[channel])
        if stream is not None:
            for start in range(0, len(data), _CHUNK):
                await self._connection.write(frames.data(stream, data[start : start + _CHUNK]))

    async def _finish(self, status: JsonObject) -> None:
        """Sends how it ended, and closes each stream."""
        await self._connection.write(frames.data(self._streams["error"], json.dumps(status).encode()))
        for stream in self._streams.values():
            await self._connection.write(frames.data(stream, b"", last=True))
