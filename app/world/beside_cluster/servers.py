"""Its servers, on a thread of their own: https for the cluster's containers, and http on loopback for the reader."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import uvicorn

from app.addresses import in_url
from app.flow.beside_cluster.injection import SimulatedAws
from app.flow.model import JsonObject, JsonValue
from app.world.aws.endpoint import create_app, wait
from app.world.beside_cluster.account import fill, new_account
from app.world.beside_cluster.front import FindServiceAccount, Front, OneAccount
from app.world.exchange_log import ExchangeLog
from app.world.servers.http_client import HOST
from app.world.servers.loop_thread import LoopThread
from app.world.servers.loopback import Loopback
from app.world.servers.network import Network
from app.world.servers.pki import Pki
from app.world.servers.servers import TlsServer, config, listen, port_of, stop


class BesideCluster:
    """A simulated AWS for the cluster of one issuer. Methods may be called from any thread but the loop's own."""

    def __init__(
        self,
        listener: socket.socket,
        *,
        reached_at: str,
        issuer: str,
        discovery: JsonObject,
        jwks: JsonValue,
        find_service_account: FindServiceAccount,
    ) -> None:
        """`listener`: where the containers connect to; `reached_at`: the address by which they do. `discovery`, `jwks`:
        what the cluster says of its issuer. Raises `OSError` where loopback has no port left."""
        self._sockets = [listener, listen(0), listen(0)]
        https, http = map(port_of, self._sockets[1:])
        # (1) Names and certificates.
        parts = urlsplit(issuer)
        issuer_host = parts.hostname or ""
        self._issuer = issuer
        self._pki = Pki.new(list(dict.fromkeys((reached_at, str(listener.getsockname()[0]), HOST, issuer_host))))
        self.ca_pem = self._pki.root_ca_pem
        self.url = f"https://{in_url(reached_at)}:{port_of(listener)}"
        """The URL of AWS for the Pods."""
        webhook_path = f"/webhook/{secrets.token_hex(16)}/mutate"
        self.webhook_url = f"{self.url}{webhook_path}"
        self.aws_url = f"http://{HOST}:{http}"
        """The URL of the same AWS for the reader's own tools."""
        self.issuer_address = f"{HOST}:{https}"
        """Where the issuer is found by its own name."""
        # (2) The account, whose STS reads the issuer over the wire.
        self._loopback = Loopback(https, http, self.ca_pem, issuer_host)
        log = ExchangeLog()
        self.account = new_account(Network(self._loopback, log), log)
        directory = OneAccount(self.account, issuer)
        keys = f"{issuer}/openid/v1/jwks"
        front = Front(
            self.account,
            hosts={reached_at, str(listener.getsockname()[0])},
            issuer_host=issuer_host,
            published={
                f"{parts.path}/.well-known/openid-configuration": {**discovery, "jwks_uri": keys},
                f"{parts.path}/openid/v1/jwks": jwks,
            },
            webhook_path=webhook_path,
            aws=SimulatedAws(url=self.url, ca_pem=self.ca_pem.decode("ascii")),
            find_service_account=find_service_account,
            directory=directory,
        )
        self._served = [
            (TlsServer(config(front, wait, tls=True), self._pki.server_context()), self._sockets[:2]),
            (uvicorn.Server(config(create_app(directory), wait, tls=False)), self._sockets[2:]),
        ]
        self._thread = LoopThread(self._serving, name="aws-beside-cluster")

    def start(self, namespaces: Sequence[str], service_account: str) -> None:
        """Serves, and fills the account: its role trusts the ServiceAccount of that name in each namespace."""
        self._thread.start()
        self._thread.run(fill(self.account, self._issuer, namespaces, service_account))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.stop()
        for listener in self._sockets:
            listener.close()

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[asyncio.Task[None]]:
        serving = asyncio.create_task(self._serve())
        while not all(server.started for server, _ in self._served) and not serving.done():
            await asyncio.sleep(0.005)
        yield serving
        self._loopback.close()
        for server, _ in self._served:
            stop(server)
        await serving

    async def _serve(self) -> None:
        await asyncio.gather(*(server.serve(sockets=sockets) for server, sockets in self._served))
