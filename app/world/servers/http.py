"""What every server of the world does with a request: it reads the body up to a size and for so long, and says where a
request that could change the world does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.types import Scope

from app.flow.json_access import whole_number

BODY_LIMIT = 1024 * 1024
"""Bytes. Larger bodies get the protocol's own 413."""
BODY_SECONDS = 30.0
"""How long a client may take to send a body."""


DISCARD_LIMIT = 16 * 1024 * 1024
"""Bytes of a refused body that are read in order to be thrown away."""
DISCARD_SECONDS = 3.0
"""For how long."""


_CHANGES = "irsa.changes"
"""In the scope of a request: what says whether it changes something, where more is known than its method."""


def changes_only_if(scope: Scope, changes: Callable[[], bool]) -> None:
    """Notes what says whether this request changes something in the world. It is asked only where that matters."""
    scope[_CHANGES] = changes


def changes_nothing(scope: Scope) -> None:
    """Notes that this request changes nothing in the world, whatever its method says."""
    changes_only_if(scope, lambda: False)


def may_change(scope: Scope) -> bool:
    """Whether a request may change something: by its method (RFC 9110, section 9.2.1), and by what is noted."""
    if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return False
    changes: Callable[[], bool] | None = scope.get(_CHANGES)
    return changes is None or changes()


class BodyTooLarge(Exception):
    """The body is larger than the limit; what was not read is left unread."""


class BodyTooSlow(Exception):
    """The body did not come within `BODY_SECONDS`; what was not read is left unread."""


async def read_body(request: Request, limit: int = BODY_LIMIT) -> bytes:
    """The request's body. Raises `BodyTooLarge` where more than `limit` bytes are announced or come.

    What comes beyond the limit is read and discarded for a while, as Go's net/http does: most clients send all of a
    body before they read the answer, and would find a closed connection in its place. A client that waits for
    `100 Continue` has its answer at once. Raises `BodyTooSlow` as well. Anyone who answers to either closes the
    connection: what was not read would be taken for the next request.
    """
    refused = (whole_number(request.headers.get("content-length", "")) or 0) > limit
    if refused and "100-continue" in request.headers.get("expect", "").lower():
        raise BodyTooLarge
    body, seen = bytearray(), 0
    try:
        async with asyncio.timeout(DISCARD_SECONDS if refused else BODY_SECONDS) as patience:
            async for chunk in request.stream():
                seen += len(chunk)
                if seen > limit and not refused:
                    refused = True
                    body.clear()
                    patience.reschedule(asyncio.get_running_loop().time() + DISCARD_SECONDS)
                if not refused:
                    body += chunk
                elif seen > DISCARD_LIMIT:
                    break
    except TimeoutError as error:
        if not refused:
            raise BodyTooSlow from error
    if refused:
        raise BodyTooLarge
    return bytes(body)
