"""`pods/exec` over a websocket, in the protocol `v4.channel.k8s.io`: each message begins with its channel's number.

The kubernetes client's own `stream()` is not used: it swaps a method of a shared client while it runs, waits
on the raw socket although TLS may hold the next frame already, reads headers byte by byte and knows no time-out
for connecting.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlencode

from websockets.client import ClientProtocol
from websockets.exceptions import PayloadTooBig, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from app.clients.bounds import READ_SECONDS
from app.clients.errors import from_status, no_answer, unexpected
from app.clients.kubernetes.transport import Dialer
from app.clients.no_answer import AnswerTooLarge
from app.clients.recorder import Recorder
from app.flow import strict_json
from app.flow.api_operations import CLUSTER
from app.flow.errors import Refused
from app.flow.ports import Execution

TOTAL_SECONDS = 10.0
"""Seconds until we hang up, however much is still coming."""
OUTPUT_LIMIT = 1024 * 1024
"""Bytes from the server after which we hang up, those of the frames around the output included: what is run here lists
a folder, or prints a token or an environment."""
PROTOCOL = Subprotocol("v4.channel.k8s.io")
_STDOUT, _STDERR, _ERROR = 1, 2, 3
_OPERATION = CLUSTER["execute"]


def execute(
    *,
    host: str,
    headers: Iterable[tuple[str, str]],
    dialer: Dialer,
    recorder: Recorder,
    path: Sequence[str],
    container: str,
    command: Sequence[str],
) -> Execution:
    """Runs a command without stdin or terminal; `headers` say who asks. One name may occur more than once.

    Raises `FlowError` where it could not be started.
    """
    query = [*(("command", word) for word in command), ("container", container), ("stderr", "true"), ("stdout", "true")]
    url = f"{host}/{'/'.join(quote(part, safe='') for part in path)}?{urlencode(query)}"
    try:
        stream = _Stream(url, headers)
    except WebSocketException as error:  # a URL or a token that cannot be sent
        raise Refused(code=type(error).__name__, server_message=str(error), operation=_OPERATION) from None
    started = time.perf_counter()
    silence: Exception | None = None
    try:
        stream.run(dialer)
    except OSError as error:
        silence = error
    answer = stream.answer
    if answer is None and silence is None:
        silence = stream.failure
    recorder.record(
        callee="kube-apiserver",
        method="GET",
        url=url,
        seconds=time.perf_counter() - started,
        request_headers=stream.request.headers.raw_items(),
        status=answer.status_code if answer else 0,
        response_headers=answer.headers.raw_items() if answer else (),
        response_body=b"\n".join(data for data in stream.output() if data),
        error=str(silence or ""),
    )
    if silence is not None or answer is None:
        raise no_answer(silence or EOFError(), _OPERATION) from silence
    if answer.status_code != 101:
        request_id = answer.headers.get("Audit-Id", "")
        raise from_status(
            answer.status_code, answer.body, request_id=request_id, operation=_OPERATION
        ) from stream.failure
    stdout, stderr, status_document = stream.output()
    return Execution(
        stdout=stdout.decode("utf-8", "replace"),
        stderr=stderr.decode("utf-8", "replace"),
        exit_code=_exit_code(status_document),
    )


class _Stream:
    """One exec: the request, the answer to its handshake, and what came on the channels."""

    def __init__(self, url: str, headers: Iterable[tuple[str, str]]) -> None:
        self._uri = parse_uri(url.replace("http", "ws", 1))
        self._protocol = ClientProtocol(self._uri, subprotocols=[PROTOCOL], max_size=OUTPUT_LIMIT)
        self.request = self._protocol.connect()
        for name, value in headers:
            self.request.headers[name] = value  # beside one of the same name
        self.answer: Response | None = None
        self._channels: dict[int, bytearray] = {_STDOUT: bytearray(), _STDERR: bytearray(), _ERROR: bytearray()}
        self._message = bytearray()

    @property
    def failure(self) -> Exception | None:
        """Why the handshake failed."""
        return self._protocol.handshake_exc

    def output(self) -> tuple[bytes, bytes, bytes]:
        """Standard output, standard error, and the `Status` at the end; of a refused handshake the body."""
        if self.answer is not None and self.answer.body:
            return b"", b"", bytes(self.answer.body)
        return bytes(self._channels[_STDOUT]), bytes(self._channels[_STDERR]), bytes(self._channels[_ERROR])

    def run(self, dialer: Dialer) -> None:
        """Until the server closes. Raises `OSError`, also `TimeoutError`, `AnswerTooLarge` and `ssl.SSLError`."""
        room, until = OUTPUT_LIMIT, time.monotonic() + TOTAL_SECONDS
        address = (self._uri.host, self._uri.port)
        with dialer.connected(address, tls=self._uri.secure, timeout=READ_SECONDS) as connection:
            self._protocol.send_request(self.request)
            received = b"-"
            while received:
                for data in self._protocol.data_to_send():
                    connection.sendall(data)
                if isinstance(self._protocol.parser_exc, PayloadTooBig):
                    raise AnswerTooLarge(OUTPUT_LIMIT)
                if self._protocol.close_expected():
                    return
                if time.monotonic() > until:
                    raise TimeoutError("timed out")
                received = connection.recv(65536)
                room -= len(received)
                if room < 0:
                    raise AnswerTooLarge(OUTPUT_LIMIT)
                if received:
                    self._protocol.receive_data(received)
                else:
                    self._protocol.receive_eof()
                for event in self._protocol.events_received():
                    self._take(event)

    def _take(self, event: object) -> None:
        if isinstance(event, Response):
            self.answer = event
        elif isinstance(event, Frame) and event.opcode in (Opcode.BINARY, Opcode.TEXT, Opcode.CONT):
            self._message += event.data
            if event.fin and self._message:
                self._channels.setdefault(self._message[0], bytearray()).extend(self._message[1:])
                self._message.clear()


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
        http_status = int(document.get("code") or 0)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise unexpected(error, _OPERATION) from None
    raise Refused(code=code, server_message=said, status=http_status, operation=_OPERATION)
