"""What the cluster's containers can reach: AWS, the webhook by a secret path, and the issuer by its own name.

An unsigned request gets no further than STS's AssumeRoleWithWebIdentity: there is no instance metadata here, and no
public bucket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.flow.beside_cluster.injection import SimulatedAws, mutate_beside
from app.flow.model import JsonValue
from app.flow.webhook import WebhookSettings
from app.serving.gate import host_of, is_loopback_host
from app.world.aws.account import Account
from app.world.aws.endpoint import create_app
from app.world.beside_cluster.account import REGION
from app.world.servers import pod_identity_webhook
from app.world.servers.issuer import HEADERS

FindServiceAccount = Callable[[str, str], JsonValue | None]
"""Asks the cluster for a ServiceAccount (namespace, name); None where there is none."""


class OneAccount:
    """All accounts of this AWS: one (`aws.directory.Directory`)."""

    def __init__(self, account: Account, issuer: str) -> None:
        self._account = account
        self._issuer = issuer

    def account(self, account_id: str) -> Account | None:
        return self._account if account_id == self._account.account_id else None

    def account_by_issuer(self, issuer: str) -> Account | None:
        return self._account if issuer == self._issuer else None

    def account_by_path(self, path: str) -> Account | None:
        return None


class Front:
    """The ASGI application of the https server: by the Host header and the path it leads to one of three."""

    def __init__(
        self,
        account: Account,
        *,
        hosts: Collection[str],
        issuer_host: str,
        published: Mapping[str, JsonValue],
        webhook_path: str,
        aws: SimulatedAws,
        find_service_account: FindServiceAccount,
        directory: OneAccount,
    ) -> None:
        """`hosts`: by which it is reached. `published`: the issuer's documents by path. `aws`: what Pods are given."""
        self._account = account
        self._issuer_host = issuer_host
        self._published = published
        self._webhook_path = webhook_path
        self._aws = aws
        self._find_service_account = find_service_account
        self._endpoint: ASGIApp = create_app(directory, lambda host: host_of(host) in hosts or is_loopback_host(host))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = Request(scope, receive)
            if host_of(request.headers.get("host", "")) == self._issuer_host:
                await self._publish(request)(scope, receive, send)
                return
            if scope["path"] == self._webhook_path:
                await (await self._review(request))(scope, receive, send)
                return
        await self._endpoint(scope, receive, send)

    def _publish(self, request: Request) -> Response:
        document = self._published.get(request.scope["path"])
        if request.method not in ("GET", "HEAD") or document is None:
            return JSONResponse({"message": "Not Found"}, 404)
        return JSONResponse(document, headers=HEADERS)

    async def _review(self, request: Request) -> Response:
        if request.method != "POST":
            return PlainTextResponse("Method Not Allowed\n", 405, headers={"allow": "POST"})
        self._account.usage.charge()

        async def reviewed(document: JsonValue) -> JsonValue:
            # In a thread: the cluster is asked for the ServiceAccount, and may be slow.
            return await asyncio.to_thread(pod_identity_webhook.answer, document, self._edit)

        return await pod_identity_webhook.respond(request, reviewed)

    def _edit(self, pod: JsonValue, namespace: str | None, name: str | None) -> list[dict[str, JsonValue]]:
        found = self._find_service_account(namespace, name) if namespace and name else None
        settings = WebhookSettings(region=REGION, sts_regional_endpoint=True)
        return mutate_beside(pod, found, settings, self._aws)
