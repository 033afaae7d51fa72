"""`pods/exec` over a websocket: `v5.channel.k8s.io` (kubectl) and `v4.channel.k8s.io` (the Python client).

A message's first byte is its channel. Source: k8s.io/apimachinery `pkg/util/remotecommand/constants.go`, k8s.io/kubelet
`pkg/cri/streaming/remotecommand/`. Standard input and terminals are accepted and ignored: no command here reads them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from app.flow.model import JsonObject
from app.flow.ports import Execution
from app.world.apiserver.endpoints.logs import choose_container
from app.world.apiserver.request.request_info import RequestInfo, is_true
from app.world.apiserver.types import errors
from app.world.node.kubelet import ContainerNotFound

if TYPE_CHECKING:
    from app.world.world import World


PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDOUT, STDERR, ERROR = b"\x01", b"\x02", b"\x03"
MESSAGE_LIMIT = 32 * 1024
"""Bytes of output in one message."""
ARGUMENTS_LIMIT = 64
"""Arguments of one command."""


async def serve_exec(world: World, info: RequestInfo, websocket: WebSocket) -> None:
    """Runs the command that the query names, then sends its streams and how it ended.

    Raises `ApiError` 400 and 404 while the handshake can still be refused.
    """
    # (1) What is to run, and where?
    pod = world.cluster.get("pods", info.namespace, info.name)
    query = websocket.query_params
    container = choose_container(pod, query.get("container", ""))
    command = query.getlist("command")
    wanted = {name for name in ("stdin", "stdout", "stderr") if is_true(query.get(name)) and query.get(name)}
    if not wanted:
        raise errors.bad_request("you must specify at least 1 of stdin, stdout, stderr")
    if not command or len(command) > ARGUMENTS_LIMIT:
        raise errors.bad_request("you must specify at least 1 command for the container")
    offered = websocket.scope.get("subprotocols", [])
    protocol = next((name for name in PROTOCOLS if name in offered), None)
    if offered and protocol is None:
        raise errors.bad_request(f"unable to upgrade: no supported subprotocol, want one of {', '.join(PROTOCOLS)}")
    # (2) Run it.
    await websocket.accept(subprotocol=protocol)
    try:
        result = await world.kubelet.execute(pod, container, command)
    except ContainerNotFound as error:
        await _finish(websocket, _internal(f"error executing command in container: {error}"))
        return
    # (3) Its streams, then its status.
    for channel, name, text in ((STDOUT, "stdout", result.stdout), (STDERR, "stderr", result.stderr)):
        if name in wanted or (name == "stderr" and is_true(query.get("tty")) and query.get("tty")):
            await _send(websocket, channel, text.encode(errors="replace"))
    await _finish(websocket, _status(result))


async def _send(websocket: WebSocket, channel: bytes, data: bytes) -> None:
    try:
        for start in range(0, len(data), MESSAGE_LIMIT):
            await websocket.send_bytes(channel + data[start : start + MESSAGE_LIMIT])
    except (WebSocketDisconnect, RuntimeError):
        # The client has gone; there is no one to answer.
        return


async def _finish(websocket: WebSocket, status: JsonObject) -> None:
    await _send(websocket, ERROR, json.dumps(status).encode())
    if websocket.application_state is WebSocketState.CONNECTED:
        await websocket.close()


def _status(result: Execution) -> JsonObject:
    if result.exit_code == 0:
        return {"metadata": {}, "status": "Success"}
    cause = {"reason": "ExitCode", "message": str(result.exit_code)}
    return {
        "metadata": {},
        "status": "Failure",
        "message": f"command terminated with non-zero exit code: exit status {result.exit_code}",
        "reason": "NonZeroExitCode",
        "details": {"causes": [cause]},
    }


def _internal(message: str) -> JsonObject:
    return errors.internal(message).status
