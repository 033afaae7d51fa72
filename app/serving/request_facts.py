"""What our own server knows of a request and the pages must know too, in one header that no client can write.

The header begins with a random mark of this process. Another server, such as `streamlit run`, does not set it, and a
client that sends a header of that name does not know the mark: then nothing is known of the request.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.types import Scope

HEADER = "x-irsa-request"
BROWSER = "x-irsa-browser"
"""Another one, of a websocket alone: the fingerprint of its browser's id. Streamlit takes it for the user, and gives a
session back to its user alone (`server.trustedUserHeaders` in app/.streamlit/config.toml)."""
_MARK = secrets.token_hex(16)


@dataclass(frozen=True, kw_only=True)
class RequestFacts:
    """One request, or the handshake of one page's websocket."""

    served_on: str
    """Our address on which it came in; empty on a unix socket."""
    forwarded_by: str
    """The header that shows a reverse proxy in front of us; empty where there is none."""
    launched: bool
    """Whether it has the launch secret of this process."""
    visitor: str
    """The address by which its sender is counted (`visitor.address_of`)."""
    port: int = 0
    """Ours on which it came in; 0 on a unix socket."""
    request: str = ""
    """Its id in our log."""
    encrypted: bool = False
    """Whether the browser speaks TLS (`visitor.is_encrypted`)."""


def recorded(scope: Scope, facts: RequestFacts) -> Scope:
    """The same request with our header, and without any of that name that the client sent."""
    return _with_header(scope, HEADER, f"{_MARK} {json.dumps(asdict(facts))}")


def of_browser(scope: Scope, browser_id: str) -> Scope:
    """The same websocket with the fingerprint of its browser's id, and without any that the client sent."""
    return _with_header(scope, BROWSER, hashlib.sha256(browser_id.encode("utf-8", "replace")).hexdigest())


def _with_header(scope: Scope, name: str, value: str) -> Scope:
    written = name.encode("ascii")
    kept = [(key, value) for key, value in scope["headers"] if key.lower() != written]
    return {**scope, "headers": [*kept, (written, value.encode("ascii"))]}


def read(headers: Mapping[str, str]) -> RequestFacts | None:
    """What our server recorded; None where another server took the request."""
    mark, _, found = (headers.get(HEADER) or "").partition(" ")
    if not hmac.compare_digest(mark.encode("utf-8", "replace"), _MARK.encode("ascii")):
        return None
    return _facts(found)


def visitor(scope: Scope) -> str:
    """The address by which a request's sender is counted; empty where another server took it."""
    found = read(Headers(scope=scope))
    return found.visitor if found else ""


@lru_cache(maxsize=1024)
def _facts(written: str) -> RequestFacts:
    """Reads what `recorded` wrote, and nothing else. Cached, because a page asks for the same facts many times."""
    return RequestFacts(**json.loads(written))
