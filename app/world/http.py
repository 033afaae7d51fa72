"""What every server of the world checks before it looks at a request: the Host header and the body's size."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

BODY_LIMIT = 1024 * 1024
"""Bytes. Larger bodies get the protocol's own 413."""
BODY_SECONDS = 30.0
"""How long a client may take to send a body."""


class BodyTooLarge(Exception):
    """The body is larger than the limit; what was not read is left unread."""


class BodyTooSlow(Exception):
    """The body did not come within `BODY_SECONDS`; what was not read is left unread."""


async def read_body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The request's body. Raises `BodyTooLarge` as soon as more than `limit` bytes are announced or came.

    Raises `BodyTooSlow` as well. Whoever answers to either closes the connection: what was not read would be taken for
    the next request.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise BodyTooLarge
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise BodyTooLarge
    except TimeoutError as error:
        raise BodyTooSlow from error
    return bytes(body)


def host_of(host_header: str) -> str:
    """The host of a Host header, lower case, without its port."""
    return host_header.rsplit(":", 1)[0].strip("[]").lower() if ":" in host_header else host_header.lower()


def is_loopback_host(host_header: str) -> bool:
    """Whether the request was made to this machine by name: what stops DNS rebinding from a web page."""
    return host_of(host_header) in {"127.0.0.1", "localhost", "::1"}
