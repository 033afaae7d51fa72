"""Keeps what a client sent and got: the newest exchanges, bounded, secrets masked at the moment of capture."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from app.flow.model import Exchange
from app.flow.redaction import mask_headers, mask_text

CAPACITY = 200
"""Exchanges that one recorder keeps."""
BODY_LIMIT = 64 * 1024
"""Characters of a body that are kept; a longer one is cut and ends in `…`."""

Headers = Iterable[tuple[str, str]]


class Recorder:
    """One for every port. Deques take appends from several threads, so it needs no lock."""

    def __init__(self) -> None:
        self._exchanges: deque[Exchange] = deque(maxlen=CAPACITY)

    def record(
        self,
        *,
        callee: str,
        method: str,
        url: str,
        seconds: float,
        request_headers: Headers = (),
        request_body: str | bytes | None = None,
        status: int = 0,
        response_headers: Headers = (),
        response_body: str | bytes | None = None,
        error: str = "",
    ) -> None:
        """Adds one exchange that has just ended; what is kept never held a secret."""
        started = time.time() - seconds  # before the masking, which takes its time
        self._exchanges.append(
            Exchange(
                caller="explorer",
                callee=callee,
                method=method,
                url=mask_text(url),
                request_headers=mask_headers(request_headers),
                request_body=_body(request_body),
                status=status,
                response_headers=mask_headers(response_headers),
                response_body=_body(response_body),
                seconds=seconds,
                error=mask_text(error),
                started=started,
            )
        )

    def exchanges(self) -> tuple[Exchange, ...]:
        """All that is kept, oldest first."""
        return tuple(self._exchanges)


def wire_headers(url: str, headers: Mapping[str, str], body: str | bytes | None = None) -> list[tuple[str, str]]:
    """The headers of a request as they go out: those that the library was handed, and those that http.client adds."""
    names = {name.lower() for name in headers}
    first = [("Host", urlsplit(url).netloc), ("Accept-Encoding", "identity")]
    last = [("Content-Length", str(len(_bytes(body))))] if body else []
    added = [(name, value) for name, value in first if name.lower() not in names]
    length = [(name, value) for name, value in last if name.lower() not in names]
    return [*added, *headers.items(), *length]


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _body(body: str | bytes | None) -> str:
    """Masked first and cut then: the mask would not recognize a secret that is cut in two."""
    words = body.decode("utf-8", "replace") if isinstance(body, bytes | bytearray) else body or ""
    words = mask_text(words.encode("utf-8", "replace").decode("utf-8"))
    return words if len(words) <= BODY_LIMIT else words[: BODY_LIMIT - 1] + "…"
