"""`pods/exec` over a websocket, in the protocol `v4.channel.k8s.io`.

The kubernetes client's own `stream()` is not used: it swaps a method of a shared client while it runs, waits
on the raw socket although TLS may hold the next frame already, and knows no time-out for connecting.
"""

from __future__ import annotations

import base64
import secrets
import ssl
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import websocket

from app.clients.errors import from_websocket, unexpected
from app.clients.recorder import Recorder
from app.flow import strict_json
from app.flow.errors import Refused
from app.flow.ports import Execution

TIMEOUT = 10.0
"""Seconds to connect, and to wait for the next frame."""
OUTPUT_LIMIT = 1024 * 1024
"""Bytes of output after which we hang up."""
PROTOCOL = "v4.channel.k8s.io"
_STDOUT, _STDERR, _ERROR = 1, 2, 3
_OPERATION = "get pods/exec"


def execute(
    *,
    host: str,
    authorization: str,
    context: ssl.SSLContext,
    recorder: Recorder,
    path: Sequence[str],
    container: str,
    command: Sequence[str],
) -> Execution:
    """Runs a command without stdin or terminal. Raises `FlowError` where it could not be started."""
    query = [*(("command", word) for word in command), ("container", container), ("stderr", "true"), ("stdout", "true")]
    url = f"{host}/{'/'.join(quote(part, safe='') for part in path)}?{urlencode(query)}"
    headers = {
        "Sec-WebSocket-Key": base64.b64encode(secrets.token_bytes(16)).decode(),
        "Sec-WebSocket-Version": "13",
        "Authorization": authorization,
    }
    socket: Any = websocket.WebSocket(sslopt={"context": context}, skip_utf8_validation=True)
    channels: dict[int, bytearray] = {_STDOUT: bytearray(), _STDERR: bytearray(), _ERROR: bytearray()}
    status, error = 0, ""
    answered: Mapping[str, str] = {}
    started = time.perf_counter()
    try:
        socket.connect(
            url.replace("http", "ws", 1),
            header=headers,
            timeout=TIMEOUT,
            subprotocols=[PROTOCOL],
            suppress_origin=True,
            redirect_limit=0,
        )
        status, answered = _handshake(socket)
        if status == 101:
            _receive(socket, channels)
    except (websocket.WebSocketException, OSError, ValueError) as broken:
        status = getattr(broken, "status_code", None) or status
        answered = getattr(broken, "resp_headers", None) or answered
        channels[_ERROR] += getattr(broken, "resp_body", None) or b""
        error = "" if status else str(broken)
        raise from_websocket(broken, _OPERATION) from broken
    finally:
        socket.shutdown()
        recorder.record(
            callee="kube-apiserver",
            method="GET",
            url=url,
            seconds=time.perf_counter() - started,
            request_headers=[
                ("Upgrade", "websocket"),
                ("Host", urlsplit(url).netloc),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Protocol", PROTOCOL),
                *headers.items(),
            ],
            status=status,
            response_headers=answered.items(),
            response_body=b"\n".join(bytes(data) for data in channels.values() if data),
            error=error,
        )
    return Execution(
        stdout=channels[_STDOUT].decode("utf-8", "replace"),
        stderr=channels[_STDERR].decode("utf-8", "replace"),
        exit_code=_exit_code(bytes(channels[_ERROR])),
    )


def _handshake(socket: Any) -> tuple[int, dict[str, str]]:
    response = socket.handshake_response
    return response.status, response.headers


def _receive(socket: Any, channels: dict[int, bytearray]) -> None:
    """Collects the frames by their first byte, the channel, until the server closes."""
    room = OUTPUT_LIMIT
    while room > 0:
        opcode, frame = socket.recv_data_frame(True)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return
        data = frame.data if isinstance(frame.data, bytes) else str(frame.data).encode()
        if opcode in (websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_TEXT) and data[:1]:
            channels.setdefault(data[0], bytearray()).extend(data[1:])
            room -= len(data)


def _exit_code(status: bytes) -> int:
    """The exit code from the `Status` of the error channel (remotecommand: reason `NonZeroExitCode`)."""
    try:
        document = strict_json.loads(status.decode("utf-8", "replace"))
        if document["status"] == "Success":
            return 0
        causes = document.get("details", {}).get("causes", [])
        codes = [cause["message"] for cause in causes if cause.get("reason") == "ExitCode"]
        if codes:
            return int(codes[0])
        said, code = str(document.get("message", "")), str(document.get("reason", "InternalError"))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unexpected(error, _OPERATION) from error
    raise Refused(code=code, said=said, status=int(document.get("code") or 0), operation=_OPERATION)
