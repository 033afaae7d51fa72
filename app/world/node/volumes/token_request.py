"""The kubelet's TokenRequest: a POST to the API server over https, like any client's."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.world.node.volumes.tokens import TokenError
from app.world.servers.network import NetworkError

if TYPE_CHECKING:
    from app.world.world import World

REQUEST_SECONDS = 10.0
"""How long the kubelet waits for the API server."""


def token_requests(world: World, api_url: str) -> Callable[[str, str, JsonObject], Awaitable[JsonObject]]:
    """What asks the API server at that URL: from namespace, ServiceAccount and `spec` to the TokenRequest answered.

    The function that is returned raises `TokenError`.
    """

    async def request(namespace: str, service_account: str, spec: JsonObject) -> JsonObject:
        url = f"{api_url}/api/v1/namespaces/{namespace}/serviceaccounts/{service_account}/token"
        body = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": {}, "spec": spec}
        try:
            answer = await world.network.request(
                "POST",
                url,
                caller="kubelet",
                callee="kube-apiserver",
                timeout=REQUEST_SECONDS,
                headers={"authorization": f"Bearer {world.node_token}"},
                body=json.dumps(body, separators=(",", ":")).encode(),
            )
            document = json.loads(answer.body)
        except NetworkError as error:
            raise TokenError(f'Post "{url}": {error}') from error
        except ValueError as error:
            raise TokenError("the server's answer is no JSON") from error
        if answer.status != 201 or not isinstance(document, dict):
            raise TokenError(str(document.get("message", "")) if isinstance(document, dict) else "no Status")
        return document

    return request
