"""What the log says of requests, sessions and refusals: one record each, of names and numbers and without a secret.

A record is an event with fields. `IRSA_LOG` says how it is written (`app.serving.operations.log_lines`); where it is
unset, none is. Addresses of visitors are written as the limits count them; cookies, values of queries and anything in a
path that may be a token are not.
"""

from __future__ import annotations

import logging
import re
import secrets
from contextvars import ContextVar
from typing import TypeAlias

from app.serving.logs import EVENTS
from app.serving.operations.metrics import REFUSALS, Reason

_log = logging.getLogger(EVENTS)
request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request, or of the websocket, that is served in this context."""

Field: TypeAlias = str | int | float
_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_PLAIN_SEGMENT = re.compile(r"[a-z_.-]{1,40}|[A-Za-z0-9_.-]{1,15}", re.ASCII)
_PLAIN_NAME = re.compile(r"[a-z_]{1,24}", re.ASCII)
MASK = "***"


def new_id() -> str:
    """An id for a request."""
    return secrets.token_hex(8)


def is_id(text: str) -> bool:
    """Whether a proxy's id for a request may stand in our log."""
    return _GIVEN.fullmatch(text) is not None


def write(event: str, **fields: Field) -> None:
    """Writes one event, with the id of its request where there is one."""
    if _log.isEnabledFor(logging.INFO):
        number = fields.pop("request", request_id.get())
        named = {"request": number} if number else {}
        _log.info(event, extra={"fields": {**named, **fields}})


def refuse(reason: Reason, **fields: Field) -> None:
    """Counts a refusal, and writes it."""
    REFUSALS.add(reason)
    write("refused", reason=reason, **fields)


def shown_path(path: str) -> str:
    """A path without what may be a secret: the address that opens live mode, the id of a session."""
    first, *rest = path.removeprefix("/").split("/")[:12]
    hidden = first in ("launch", "_stcore") and len(rest) > (first == "_stcore")
    segments = [_segment(part) for part in (first, *rest)]
    if hidden:
        segments[1 + (first == "_stcore") :] = [MASK]
    return "/" + "/".join(segments)


def _segment(text: str) -> str:
    return text if not text or _PLAIN_SEGMENT.fullmatch(text) else MASK


def shown_query(query: str) -> str:
    """The names in a query, without their values."""
    names = [part.partition("=")[0] for part in query.split("&")[:12] if part]
    return "&".join(f"{name if _PLAIN_NAME.fullmatch(name) else MASK}={MASK}" for name in names)
