"""What uvicorn is given by `serve` beyond the application: the limits of the connections to the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.content import LANGUAGES, Content, load
from app.serving import descriptors
from app.serving.operations.open_pages import OPEN_PAGES
from app.serving.plain_answers import plain_page
from app.serving.transport.connections import ConnectionLimits, Connections
from app.serving.transport.protocols import answer, http_protocol, websocket_protocol
from app.settings import Network

RETRY_SECONDS = 30
"""After which a refused visitor may try again."""
MESSAGE_LIMIT = 1_000_000
"""Bytes of a message from a browser, as `server.maxWidgetStateSize` in app/.streamlit/config.toml has it. The largest
that a page sends holds the text areas of the lab: tens of kilobytes."""
BACKLOG = 32
"""Connections that are accepted at once before any of them is counted."""
OF_A_PAGE = 8
"""Connections for each page that may be open: two websockets, and six for files, as browsers open them. One that does
not read takes 0.6 MB."""


_made: list[Connections] = []
"""The connections of the server that was started last."""


def connections() -> tuple[int, int] | None:
    """How many are open, and how many there may be; None where another server was started."""
    return (len(_made[-1]), _made[-1].limits.connections) if _made else None


def of_pages(trusted: Sequence[Network]) -> dict[str, Any]:
    """The options of `uvicorn.Config`. `trusted`: the reverse proxies in front of us."""
    room = Connections(page_limits(descriptors.limit(), trusted), busy_page([load(name) for name in LANGUAGES]))
    _made[:] = [room]
    return {
        "http": http_protocol(room),
        "ws": websocket_protocol(room),
        "ws_max_size": MESSAGE_LIMIT,
        "ws_per_message_deflate": False,  # so that what is counted on the wire is what it takes in memory
        "backlog": BACKLOG,
        "proxy_headers": False,  # who is asking is for app.serving.visitor to say
    }


def page_limits(descriptor_limit: int, trusted: Sequence[Network] = ()) -> ConnectionLimits:
    """Five eighths of all descriptors are for visitors, one each; half of these for one address: others find room.

    The rest is for files, for the world's servers and for our own connections to them. Where there are many descriptors
    and little memory, it is what the pages that may be open need. What is refused may take an eighth.
    """
    total = max(2, min(descriptor_limit * 5 // 8 - BACKLOG, OF_A_PAGE * OPEN_PAGES.limit))
    return ConnectionLimits(
        connections=total,
        per_address=total // 2,
        trusted=tuple(trusted),
        refusals=min(ConnectionLimits.refusals, descriptor_limit // 8),
    )


def busy_page(contents: Sequence[Content]) -> bytes:
    """The answer to a visitor who finds no room: 503, in every language at once."""
    page = plain_page("serving.busy", contents, seconds=RETRY_SECONDS)
    return answer("503 Service Unavailable", page, f"retry-after: {RETRY_SECONDS}")
