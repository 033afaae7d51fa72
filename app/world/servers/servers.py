"""The two servers of the simulated world, on 127.0.0.1: AWS over http, Kubernetes and what it needs over https."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import suppress

import uvicorn
from starlette.responses import Response
from starlette.routing import Mount, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.serving import descriptors
from app.serving.chunked_bodies import Pieces
from app.serving.operations.open_pages import OPEN_PAGES
from app.serving.transport.connections import ConnectionLimits, Connections, take_little_ahead
from app.serving.transport.protocols import answer
from app.world.apiserver.endpoints import app as kubernetes_api
from app.world.aws import endpoint as aws_api
from app.world.aws.times import http_date
from app.world.events.kubernetes import Noticing, NoticingIssuer
from app.world.lifecycle.world_store import WorldStore
from app.world.metering import HoldBack
from app.world.servers import issuer, pod_identity_webhook
from app.world.servers.http import BODY_LIMIT
from app.world.servers.http_client import HOST
from app.world.servers.metered_connections import http_protocol, websocket_protocol
from app.world.servers.unread_answers import UnreadAnswers

BACKLOG = 512
HANDSHAKE_SECONDS = 10.0
"""For a TLS handshake. asyncio's own limit is a minute."""
HANDSHAKES = 200
"""TLS handshakes at a time: where more begin, the oldest ends. Each takes a descriptor and 0.1 MB, and a client that
says nothing more keeps them. Our own client begins 100 at most (`http_client.CONNECTIONS_LIMIT`)."""
ACCEPT_AGAIN_SECONDS = 0.1
"""After a connection could not be accepted: no descriptor is free, or its client has gone."""
OF_A_PAGE = 3
"""Connections for each page that may be open: of its walk, and of what its reader runs in a console or a terminal. 70
pages that were turned all at once had 40 with the API server and 23 with AWS. kubectl has one, and eleven for a moment
where it asks for all kinds of objects that there are."""
KEEP_ALIVE_SECONDS = 120
"""Longer than clients keep an idle connection, so that none is closed under a request."""


def listen(port: int) -> socket.socket:
    """Takes a port on loopback; 0 takes a free one. Raises `OSError`."""
    # asyncio switches Nagle off only where the socket says that it is TCP, which that of `create_server` does not.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it lets another program take the same port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
        take_little_ahead(listener)
    except OSError:
        listener.close()
        raise
    return listener


def port_of(listener: socket.socket) -> int:
    """The port that was taken."""
    port: int = listener.getsockname()[1]
    return port


def https_app(store: WorldStore, issuer_host: str) -> Router:
    """`/k8s/{world}` API server (the world's path), `/webhook/{path}/mutate` webhook, `/id/{issuer id}` issuer.

    Elsewhere is the API server again, for `kubectl get --raw`, which leaves the server's path out: there the token
    names the world.

    Routers and no Starlette applications: the layers that those put around each of them against exceptions answer
    nothing that uvicorn does not.
    """
    kubernetes = Noticing(kubernetes_api.create_app(store.by_path), store.by_path)
    by_token = Noticing(kubernetes_api.create_app(store.by_token_name), store.by_token_name)
    return Router(
        routes=[
            _Mount("/k8s/{world}", kubernetes),
            _Mount("/webhook", pod_identity_webhook.create_app(store.by_path)),
            _Mount("/id", NoticingIssuer(issuer.create_app(store.by_issuer, issuer_host), store.by_issuer)),
            _Mount("/", by_token),
        ]
    )


class _Mount(Mount):
    """For every path below it. Starlette's own knows none with a line break, and cuts one off that ends with it."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)


class Servers:
    """Both servers, on the loop that runs `serve`."""

    def __init__(
        self,
        store: WorldStore,
        *,
        issuer_host: str,
        aws: socket.socket,
        kubernetes: socket.socket,
        context: ssl.SSLContext,
        around: Callable[[ASGIApp, Callable[[Scope, str], Response]], ASGIApp] | None = None,
    ) -> None:
        """`around`: a middleware around all applications, if any. It is given their refusal of a change that could not
        be kept, which takes the reason."""
        around = around or (lambda app, _: app)
        https = around(https_app(store, issuer_host), kubernetes_api.not_kept)
        amazon = around(aws_api.create_app(store), aws_api.not_kept)
        self._servers = [
            (uvicorn.Server(config(amazon, aws_api.wait, tls=False)), aws),
            (TlsServer(config(https, kubernetes_api.wait, tls=True), context), kubernetes),
        ]

    async def serve(self) -> None:
        """Serves until `stop`."""
        await asyncio.gather(*(server.serve(sockets=[listener]) for server, listener in self._servers))

    @property
    def started(self) -> bool:
        """Whether both accept connections."""
        return all(server.started for server, _ in self._servers)

    def stop(self) -> None:
        """Makes `serve` return."""
        for server, _ in self._servers:
            stop(server)


def stop(server: uvicorn.Server) -> None:
    """Makes it return. Open connections are cut: a client that keeps one idle would make us wait for it."""
    server.should_exit = True
    for connection in list(server.server_state.connections):
        if connection.transport is not None:
            connection.transport.abort()


class TlsServer(uvicorn.Server):
    """Speaks TLS. It bounds the handshakes, in number and time: uvicorn leaves them to asyncio, and no protocol of ours
    knows of a connection before its handshake is done."""

    def __init__(self, config: uvicorn.Config, context: ssl.SSLContext) -> None:
        super().__init__(config)
        self._context = context
        self._accepting: list[asyncio.Task[None]] = []
        self._handshakes: dict[asyncio.Task[None], None] = {}
        """The oldest first."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's own, for sockets that listen already and an application without a lifespan."""
        loop = asyncio.get_running_loop()
        for listener in sockets or ():
            listener.setblocking(False)
            self._accepting.append(loop.create_task(self._accept(listener)))
        self.servers = []
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's own."""
        for task in (*self._accepting, *self._handshakes):
            task.cancel()
        await super().shutdown(sockets)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listener)
            except OSError:
                await asyncio.sleep(ACCEPT_AGAIN_SECONDS)
                continue
            if len(self._handshakes) >= HANDSHAKES:
                oldest = next(iter(self._handshakes))
                del self._handshakes[oldest]
                oldest.cancel()
            task = loop.create_task(self._shake_hands(accepted))
            self._handshakes[task] = None
            task.add_done_callback(lambda it: self._handshakes.pop(it, None))

    async def _shake_hands(self, accepted: socket.socket) -> None:
        def protocol() -> asyncio.Protocol:
            return self.config.http_protocol_class(config=self.config, server_state=self.server_state, app_state={})  # type: ignore[call-arg]

        with suppress(OSError):  # the client speaks no TLS, takes too long, or has gone
            await asyncio.get_running_loop().connect_accepted_socket(
                protocol,
                accepted,
                ssl=self._context,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=HANDSHAKE_SECONDS,
            )


class _Dated:
    """Adds the header `Date` (RFC 9110, section 6.6.1) to each response that has none of its own. uvicorn's would be a
    second one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message.get("headers", ())]
                if not any(name == b"date" for name, _ in headers):
                    headers.append((b"date", http_date(time.time()).encode()))
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, dated)


def config(app: ASGIApp, wait: Callable[[Scope], Response], *, tls: bool) -> uvicorn.Config:
    """How each of the servers is run. `wait`: its refusal of a request whose client is to send it again later."""
    connections = Connections(limits(descriptors.limit()), answer("503 Service Unavailable", "Service Unavailable\n"))
    return uvicorn.Config(
        _Dated(Pieces(UnreadAnswers(HoldBack(app), wait))),
        http=http_protocol(connections, tls=tls),
        ws=websocket_protocol(connections),
        ws_max_size=BODY_LIMIT,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=1,
    )


def limits(descriptor_limit: int) -> ConnectionLimits:
    """A sixth of all descriptors, but no more than a few for each page that may be open: TLS takes 0.27 MB for each, at
    once. All clients are on this machine, so their addresses do not distinguish them."""
    total = max(16, min(descriptor_limit // 6, OF_A_PAGE * OPEN_PAGES.limit))
    return ConnectionLimits(connections=total, per_address=total)
