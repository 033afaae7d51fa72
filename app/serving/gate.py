"""Who may ask: the one middleware that looks at where a request comes from, before anything else does.

In order: the name that was asked for (against DNS rebinding), the page that asks (against other pages in the same
browser), what only this machine may read, the launch address, and what the pages have to know of the request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from app.addresses import is_loopback
from app.serving import peer, request_facts
from app.serving.launch import PREFIX, Launch
from app.serving.operations import log_events, metrics
from app.serving.operations.metrics import Reason
from app.serving.plain_answers import method_not_allowed
from app.serving.request_facts import RequestFacts
from app.serving.visitor import address_of, is_encrypted, is_proxied, peer_of
from app.settings import Network

FORWARDING = (
    *("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"),
    *("x-forwarded-server", "x-forwarded-prefix", "x-real-ip", "x-original-forwarded-for", "x-client-ip"),
    *("cf-connecting-ip", "true-client-ip", "fly-client-ip", "x-envoy-external-address", "cdn-loop"),
)
"""Headers that a reverse proxy adds (RFC 7239 and its forerunners). Any of them means: the reader is elsewhere."""
METRICS = ("/_stcore/metrics", metrics.PATH)
"""Streamlit's own, and ours."""


class Gate:
    """Refuses what may not ask, lets in by the launch address, and records the facts of all other requests."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        launch: Launch,
        trusted_proxies: Sequence[Network],
        used: Callable[[int], Response],
        metrics_token: str = "",
    ) -> None:
        """`used` makes the answer to a launch address of a port that does not work any more. `metrics_token`: with
        which the metrics are read from elsewhere; empty for nowhere else."""
        self._app = app
        self._launch = launch
        self._trusted = trusted_proxies
        self._used = used
        self._metrics_token = metrics_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with 421 (wrong name), 403 (another page), 404 (not from there), or passes the request on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        facts = self._facts(scope, headers)
        refusal = self._refusal(scope, headers, facts)
        if refusal is not None:
            reason, answer = refusal
            log_events.refuse(reason, visitor=facts.visitor)
            await (WebSocketClose() if scope["type"] == "websocket" else answer)(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].startswith(PREFIX):
            await self._let_in(scope, facts)(scope, receive, send)
        else:
            await self._app(request_facts.recorded(scope, facts), receive, send)

    def _facts(self, scope: Scope, headers: Headers) -> RequestFacts:
        forwarded_by = next((name for name in FORWARDING if name in headers), "")
        has_cookie = self._launch.holds(headers.get("cookie", ""), _port(scope))
        return RequestFacts(
            served_on=str((scope.get("server") or ("", None))[0]),
            forwarded_by=forwarded_by,
            launched=has_cookie and not peer.is_foreign(scope),
            visitor=address_of(scope, self._trusted),
            port=_port(scope),
            request=log_events.request_id.get(),
            encrypted=is_encrypted(scope, self._trusted),
        )

    def _refusal(self, scope: Scope, headers: Headers, facts: RequestFacts) -> tuple[Reason, Response] | None:
        """Why a request is not answered, and with what instead; None where it is."""
        # (1) On loopback we have loopback's names only. Elsewhere, in a container say, any name may lead here, and so
        #     it may to a reverse proxy of ours on this machine.
        host = headers.get("host", "")
        if is_loopback(facts.served_on) and not is_loopback_host(host) and not is_proxied(scope, self._trusted):
            return "wrong_host", PlainTextResponse("Misdirected Request\n", 421)
        # (2) Only our own pages ask. A browser sends the origin of a websocket; a client that sends none is no browser.
        origins = headers.getlist("origin")
        schemes = ("https",) if facts.encrypted else ("http", "https")  # `https` is also that of a proxy that says less
        asked_by_us = len(origins) == 1 and _is_origin_of(origins[0], host, schemes)
        if not asked_by_us and (origins or scope["type"] == "websocket"):
            return "other_origin", PlainTextResponse("Forbidden: this request comes from another page\n", 403)
        # (3) What the process says of itself is for this machine alone, our metrics for clients that have the token.
        client = peer_of(scope)
        from_here = client is not None and client.is_loopback and not facts.forwarded_by
        if scope["path"].rstrip("/") in METRICS and not from_here:
            if scope["path"] != metrics.PATH or not metrics.is_allowed(headers, self._metrics_token):
                return "metrics_elsewhere", PlainTextResponse("Not Found\n", 404)
        return None

    def _let_in(self, scope: Scope, facts: RequestFacts) -> Response:
        """Turns an unused address into the cookie. Only a browser's GET uses it up: a look with HEAD does not."""
        if scope["method"] != "GET":
            return method_not_allowed("GET")
        if not facts.launched and not self._launch.redeem(scope["path"]):
            log_events.refuse("launch_used", visitor=facts.visitor)
            return self._used(_port(scope))
        clean = RedirectResponse("/", 303, {"cache-control": "no-store"})
        clean.headers.append("set-cookie", self._launch.set_cookie(_port(scope), encrypted=facts.encrypted))
        return clean


def _port(scope: Scope) -> int:
    return (scope.get("server") or ("", None))[1] or 0


def _is_origin_of(origin: str, host: str, schemes: Sequence[str]) -> bool:
    """Whether a page of that origin came from that host: same name, same port, one of these schemes."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    written = f"{parts.scheme}://{parts.netloc}"
    return parts.scheme in schemes and bool(host) and origin == written and parts.netloc == host


def host_of(host_header: str) -> str:
    """The host of a Host header, lower case, without its port."""
    if host_header.startswith("["):  # an IPv6 address, which has colons of its own (RFC 3986, section 3.2.2)
        return host_header[1:].partition("]")[0].lower()
    return host_header.rsplit(":", 1)[0].lower()


def is_loopback_host(host_header: str) -> bool:
    """Whether the request was made to this machine by name: what stops DNS rebinding from a web page."""
    return is_loopback(host_of(host_header))
