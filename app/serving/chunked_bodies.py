"""Sends large bodies piece by piece. uvicorn keeps a body that it gets as a whole in memory until the client has read
it: two hundred clients that requested Streamlit's largest script and read nothing took a gigabyte."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PIECE = 64 * 1024
"""Bytes. Where as many wait for a client, uvicorn takes the next piece only once they have gone."""
_GZIP = 16 + zlib.MAX_WBITS


class Pieces:
    """The outermost middleware: cuts every body of an answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything else through."""

        async def send_in_pieces(message: Message) -> None:
            body = message.get("body", b"")
            for at in range(PIECE, len(body), PIECE):
                await send({**message, "body": body[at - PIECE : at], "more_body": True})
            await send({**message, "body": body[(len(body) - 1) // PIECE * PIECE :]} if len(body) > PIECE else message)

        await self._app(scope, receive, send_in_pieces if scope["type"] == "http" else send)


class PackedAnswer(Response):
    """What is kept packed: as it is for a browser that can unpack it, and unpacked on its way to any other."""

    def __init__(self, packed: bytes, scope: Scope, *, headers: Mapping[str, str], media_type: str) -> None:
        """`packed`: of gzip, less than 4 GB when unpacked. `scope`: of the request."""
        self._packed = packed
        self._unpacks = "gzip" not in Headers(scope=scope).get("accept-encoding", "")
        size = int.from_bytes(packed[-4:], "little") if self._unpacks else len(packed)  # RFC 1952 §2.3.1, ISIZE
        own = {"content-length": str(size)} | ({} if self._unpacks else {"content-encoding": "gzip"})
        super().__init__(headers={**headers, **own}, media_type=media_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leaves the body of an answer to HEAD to the server, which does not send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if self._unpacks and scope["method"] != "HEAD":
            for piece in _unpacked(self._packed):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"" if self._unpacks else self._packed})


def _unpacked(packed: bytes) -> Iterator[bytes]:
    unpacking = zlib.decompressobj(_GZIP)
    for at in range(0, len(packed), PIECE):
        part = packed[at : at + PIECE]
        while part:
            yield unpacking.decompress(part, PIECE)
            part = unpacking.unconsumed_tail
    yield unpacking.flush()
