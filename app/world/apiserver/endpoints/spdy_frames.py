"""Frames of SPDY/3.1, as far as streams of exec and attach need them: no priorities, no flow control.

Source: SPDY protocol draft 3.1, sections 2.2, 2.6 and 2.6.10.1 (the dictionary of header blocks). Clients of Kubernetes
speak it by github.com/moby/spdystream, which has no flow control either.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
FIN = 1
"""The flag of a stream's last frame."""
HEAD = 8
"""Bytes before a frame's content."""
FRAME_LIMIT = 1024 * 1024
"""Bytes of a frame's content."""
_HEADERS_LIMIT = 64 * 1024
"""Bytes of a header block at most."""
_VERSION = 3
_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status"
).split()
_MORE = ("200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin")
_REST = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden"
    "404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,"
    "publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = b"".join(struct.pack("!I", len(word)) + word.encode() for word in (*_WORDS, *_MORE)) + _REST.encode()


class Malformed(Exception):
    """The bytes are no SPDY/3."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One frame that a client has sent."""

    kind: int
    """Such as `SYN_STREAM`; 0 for data."""
    stream: int = 0
    is_last: bool = False
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def content_length(head: bytes) -> int:
    """How many bytes follow the first `HEAD` of a frame. Raises `Malformed` for too many."""
    length = int.from_bytes(head[5:8])
    if length > FRAME_LIMIT:
        raise Malformed(f"a frame of {length} bytes")
    return length


class Framer:
    """Both directions of one connection: header blocks are compressed together with earlier ones."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def decode(self, head: bytes, content: bytes) -> Frame:
        """A frame. Raises `Malformed`."""
        first, flags = int.from_bytes(head[:4]), head[4]
        if not first & 0x80000000:
            return Frame(kind=0, stream=first, is_last=bool(flags & FIN), content=content)
        if first >> 16 & 0x7FFF != _VERSION:
            raise Malformed("another version")
        kind = first & 0xFFFF
        stream = int.from_bytes(content[:4]) & 0x7FFFFFFF if len(content) >= 4 else 0
        headers = self._headers(content[10:]) if kind == SYN_STREAM else {}
        return Frame(kind=kind, stream=stream, is_last=bool(flags & FIN), content=content, headers=headers)

    def _headers(self, block: bytes) -> dict[str, str]:
        try:
            text = self._inflate.decompress(block, _HEADERS_LIMIT)
            if self._inflate.unconsumed_tail:
                raise Malformed("a header block that is too large")
            headers, at = {}, 4
            for _ in range(min(int.from_bytes(text[:4]), 64)):
                pair = []
                for _ in range(2):
                    (length,) = struct.unpack_from("!I", text, at)
                    pair.append(text[at + 4 : at + 4 + length].decode())
                    at += 4 + length
                headers[pair[0].lower()] = pair[1]
        except (zlib.error, struct.error, UnicodeDecodeError) as error:
            raise Malformed(str(error)) from None
        return headers

    def reply(self, stream: int) -> bytes:
        """SYN_REPLY: the stream is accepted, with no headers."""
        block = self._deflate.compress(bytes(4)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return control(SYN_REPLY, struct.pack("!I", stream) + block)


def control(kind: int, content: bytes) -> bytes:
    """A control frame."""
    return struct.pack("!HHI", 0x8000 | _VERSION, kind, len(content)) + content


def data(stream: int, content: bytes, *, last: bool = False) -> bytes:
    """A frame of data."""
    return struct.pack("!II", stream, (FIN if last else 0) << 24 | len(content)) + content
