"""Large bodies are handed on piece by piece, so that what a client does not read is not there yet."""

import asyncio
import gzip
import random

import pytest
from starlette.responses import Response

from app.serving.chunked_bodies import PIECE, PackedAnswer, Pieces

RANDOM = random.Random(1).randbytes(3 * PIECE)


def sent(app, method="GET", encoding=""):
    """The bodies that the server is given, and the headers."""
    messages = []

    async def send(message):
        messages.append(message)

    scope = {"type": "http", "method": method, "headers": [(b"accept-encoding", encoding.encode())]}
    asyncio.run(Pieces(lambda scope, receive, send: app(scope)(scope, receive, send))(scope, None, send))
    start, *rest = messages
    assert [message.get("more_body", False) for message in rest] == [True] * (len(rest) - 1) + [False]
    return [message["body"] for message in rest], {name.decode(): value.decode() for name, value in start["headers"]}


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_body_comes_in_pieces_and_is_the_same(size):
    bodies, headers = sent(lambda _: Response(RANDOM[:size]))
    assert b"".join(bodies) == RANDOM[:size]
    assert max(map(len, bodies)) <= PIECE
    assert len(bodies) == max(1, -(-size // PIECE))
    assert headers["content-length"] == str(size)


@pytest.mark.parametrize("content", [b"", b"x", b"x" * 5_000_000, RANDOM, RANDOM + b"x" * 1_000_000], ids=len)
@pytest.mark.parametrize("encoding", ["gzip, br", "identity"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_is_packed_is_unpacked_in_pieces(content, encoding, method):
    packed = gzip.compress(content)
    bodies, headers = sent(lambda scope: PackedAnswer(packed, scope, headers={}, media_type="a/b"), method, encoding)
    expected = content if encoding == "identity" else packed
    assert headers["content-length"] == str(len(expected))
    assert headers.get("content-encoding", "identity") in encoding
    assert max(map(len, bodies)) <= PIECE
    assert b"".join(bodies) == expected or (method, encoding) == ("HEAD", "identity")
