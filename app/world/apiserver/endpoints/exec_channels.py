"""The channels of `pods/exec` and `pods/attach` over a websocket: `v5.channel.k8s.io` (kubectl since 1.30) and
`v4.channel.k8s.io` (the Python client).

A message's first byte is its channel. Source: k8s.io/apimachinery `pkg/util/remotecommand/constants.go`.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.world.apiserver.endpoints.remote_command import RemoteCommand, connected, one_session, parse_command
from app.world.apiserver.request.request_info import RequestInfo
from app.world.apiserver.types import errors
from app.world.node.streams import Streams

if TYPE_CHECKING:
    from app.world.world import World


PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, ERROR, CLOSE = 0, 3, 255
"""Channels beside `STDOUT` and `STDERR`. Channel 4, a terminal's size, has no effect here."""
MESSAGE_LIMIT = 32 * 1024
"""Bytes of output in one message."""


async def serve_channels(world: World, info: RequestInfo, websocket: WebSocket) -> None:
    """Connects a client with the command or the process that the query names, until either has ended.

    Raises `ApiError` 400, 404 and 429 while the handshake can still be refused.
    """
    with one_session(world):
        await _serve(world, info, websocket)


async def _serve(world: World, info: RequestInfo, websocket: WebSocket) -> None:
    remote = parse_command(world, info, websocket.query_params)
    offered = websocket.scope.get("subprotocols", [])
    protocol = next((name for name in PROTOCOLS if name in offered), None)
    if offered and protocol is None:
        raise errors.bad_request(f"unable to upgrade: no supported subprotocol, want one of {', '.join(PROTOCOLS)}")
    await websocket.accept(subprotocol=protocol)

    async def send(channel: int, data: bytes) -> None:
        for start in range(0, len(data), MESSAGE_LIMIT):
            await websocket.send_bytes(bytes((channel,)) + data[start : start + MESSAGE_LIMIT])

    async with connected(world, remote, send) as (streams, ending):
        reading = asyncio.ensure_future(_read(websocket, remote, streams))
        try:
            await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
            if ending.done() and websocket.application_state is WebSocketState.CONNECTED:
                await send(ERROR, json.dumps(ending.result()).encode())
                await websocket.close()
        except (WebSocketDisconnect, RuntimeError):
            return  # the client has gone
        finally:
            reading.cancel()


async def _read(websocket: WebSocket, remote: RemoteCommand, streams: Streams) -> None:
    """Feeds what the client sends to the process, until the client has gone."""
    while (received := await websocket.receive())["type"] == "websocket.receive":
        message = received.get("bytes") or b""
        if "stdin" in remote.wanted and message:
            if message[0] == STDIN:
                await streams.room()
                streams.feed(message[1:])
            elif message[:2] == bytes((CLOSE, STDIN)) and remote.ends_input:
                streams.end_input()
    if "stdin" in remote.wanted and remote.ends_input:
        streams.end_input()
