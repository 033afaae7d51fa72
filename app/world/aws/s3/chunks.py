"""`aws-chunked`: a body in chunks, with its checksum at the end. SDKs send streams so, and over https each object.

Source: S3 API reference, "Signature calculations for the Authorization header: Transferring payload in multiple
chunks". Chunks with signatures of their own are refused.
"""

from __future__ import annotations

import re
from dataclasses import replace

from app.world.aws.errors import AwsError
from app.world.aws.incoming import Incoming
from app.world.aws.s3 import errors
from app.world.aws.s3.metadata import CHECKSUM
from app.world.aws.sigv4 import UNSIGNED_TRAILER

_SIZE = re.compile(rb"([0-9a-fA-F]{1,8})\r\n")
_MALFORMED = "The request contained trailing data that was not well-formed or did not conform to our published schema."
_SMALLEST = 8192
"""Bytes of each chunk but the last."""
_ENCODING = "aws-chunked"


def joined(request: Incoming) -> Incoming:
    """The request with its body in one piece, and the trailer among its headers. Raises `AwsError`."""
    if request.header("x-amz-content-sha256") != UNSIGNED_TRAILER:
        if (request.header("content-encoding") or "").startswith(_ENCODING):
            raise errors.not_implemented("Content-Encoding")
        if request.header("transfer-encoding") is not None:  # S3 wants to know the length
            raise errors.not_implemented("Transfer-Encoding")
        return request
    body, trailer = _read(request.body)
    if request.header("x-amz-decoded-content-length") != str(len(body)):
        raise _incomplete()
    headers = [(name, value) for name, value in request.headers if name != "content-encoding"]
    encodings = [it.strip() for it in (request.header("content-encoding") or "").split(",")]
    if others := [it for it in encodings if it not in ("", _ENCODING)]:
        headers.append(("content-encoding", ",".join(others)))
    for line in filter(None, trailer.decode("latin-1").split("\r\n")):
        name, _, value = line.partition(":")
        if name.lower() != request.header("x-amz-trailer") or not name.lower().startswith(CHECKSUM):
            raise AwsError(400, "MalformedTrailerError", _MALFORMED)
        headers.append((name.lower(), value.strip()))
    return replace(request, body=body, headers=tuple(headers))


def _read(encoded: bytes) -> tuple[bytes, bytes]:
    """The bytes of all chunks, and what follows the last of them."""
    body, place, before = bytearray(), 0, _SMALLEST
    while (found := _SIZE.match(encoded, place)) is not None:
        size, start = int(found[1], 16), found.end()
        if size == 0:
            return bytes(body), encoded[start:]
        if before < _SMALLEST:
            message = f"Only the last chunk is allowed to have a size less than {_SMALLEST} bytes"
            raise AwsError(403, "InvalidChunkSizeError", message)
        before = size
        place = start + size + 2
        if encoded[start + size : place] != b"\r\n":
            break
        body += encoded[start : start + size]
    raise _incomplete()


def _incomplete() -> AwsError:
    return AwsError(400, "IncompleteBody", "The request body terminated unexpectedly")
