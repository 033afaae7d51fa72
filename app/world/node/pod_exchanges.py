"""The requests and responses of a Pod's program, as exchanges for the world's log, secrets masked.

`Exchange.source`, the address that the request came from, identifies the Pod: it is the Pod's `status.podIP`. Pods on
the host's network share the node's address; every other Pod has its own, also after it was recreated under its old
name.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from app.flow.model import Exchange
from app.flow.redaction import MASK, mask_headers
from app.world.servers.network import recorded


def exchange(
    callee: str,
    request: Any,
    started: float,
    *,
    status: int = 0,
    headers: Iterable[tuple[str, Any]] = (),
    body: bytes = b"",
    error: str = "",
) -> Exchange:
    """One exchange of a Pod, without its source.

    `request` is botocore's prepared request; `started` a time of `time.perf_counter`.
    """
    seconds = time.perf_counter() - started
    began = time.time() - seconds  # before the masking, which takes its time
    # The metadata service's session token is the whole body, so no pattern recognizes it. It is the answer to a PUT.
    is_token = (callee, request.method, status) == ("instance-metadata", "PUT", 200)
    answered = MASK if is_token else body.decode("utf-8", "replace")
    return Exchange(
        caller="pod",
        callee=callee,
        method=str(request.method),
        url=str(request.url),
        request_headers=mask_headers((name, _text(value)) for name, value in request.headers.items()),
        request_body=recorded(_text(request.body or "")),
        status=status,
        response_headers=mask_headers((name, _text(value)) for name, value in headers),
        response_body=recorded(answered),
        seconds=seconds,
        error=error,
        started=began,
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
