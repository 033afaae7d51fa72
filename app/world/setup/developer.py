"""The administrator who sets a new world up, by HTTP requests to its servers as `kubectl` and `eksctl` send them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from app import __version__
from app.flow.model import JsonObject
from app.flow.names import APPLICATION_ID, DEFAULT_AUDIENCE
from app.world.apiserver.types.resources import RESOURCES
from app.world.aws.query_api import VERSIONS
from app.world.aws.sigv4 import sign
from app.world.exchange_log import DEVELOPER
from app.world.setup.roles import role_calls

if TYPE_CHECKING:
    from app.world.servers.http_client import Answer
    from app.world.world import World

REQUEST_SECONDS = 60.0
"""How long the developer waits for an answer: the API server may wait for a webhook meanwhile."""
PODS_SECONDS = 20.0
"""How long the developer waits for Pods that are being started."""
_IAM_REGION = "us-east-1"
"""The region that requests to IAM are signed for: IAM is a global service (AWS General Reference, "IAM endpoints")."""
_TOKEN_REQUEST = "authentication.k8s.io/v1"
"""The group and version of a TokenRequest."""
_AWS_ERROR = re.compile(r"<Code>([^<]+)</Code>\s*<Message>([^<]+)</Message>")
_USER_AGENT = f"{APPLICATION_ID}/{__version__}"


class SetupRefused(Exception):
    """A server refused what its developer asked for. The text is its answer."""


class Developer:
    """The owner of one world's kubeconfig and of its account's keys. `ExchangeLog.setup` has what is asked here."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def create(self, resource: str, namespace: str, body: JsonObject) -> None:
        """POST of an object, as `kubectl create` does; the namespace is empty where there is none.

        Raises `SetupRefused` and `NetworkError`.
        """
        kind = RESOURCES[resource]
        manifest = {"apiVersion": kind.api_version, "kind": kind.kind, **body}
        await self.ask("POST", kind.path(namespace), manifest)

    async def ask(self, method: str, path: str, body: JsonObject | None = None) -> bytes:
        """A request to the API server, and what it answers. A PATCH is a merge patch.

        Raises `SetupRefused` and `NetworkError`.
        """
        headers = {"user-agent": _USER_AGENT, "authorization": f"Bearer {self._world.admin_token}"}
        if method == "PATCH":
            headers["content-type"] = "application/merge-patch+json"
        answer = await self._world.network.request(
            method,
            f"{self._world.api_url}{path}",
            caller=DEVELOPER,
            callee="kube-apiserver",
            timeout=REQUEST_SECONDS,
            headers=headers,
            body=b"" if body is None else json.dumps(body, separators=(",", ":")).encode(),
        )
        _check(answer, 201 if method == "POST" else 200)
        return answer.body

    async def iam(self, action: str, parameters: Mapping[str, str], *, other: bool = False) -> None:
        """One call of IAM, signed by the account's administrator, or by that of the other account.

        Raises `SetupRefused` and `NetworkError`.
        """
        world = self._world
        admin = (world.other_account if other else world.account).admin
        body = urlencode({"Action": action, "Version": VERSIONS["iam"], **parameters}).encode()
        headers = {"user-agent": _USER_AGENT, "content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        answer = await world.network.post_to_aws(
            caller=DEVELOPER,
            callee="iam",
            timeout=REQUEST_SECONDS,
            headers=sign(admin, "iam", _IAM_REGION, world.network.aws_url, headers, body),
            body=body,
        )
        _check(answer, 200)

    async def assume_role(self, role_arn: str, session_name: str, *, namespace: str, service_account: str) -> str:
        """What STS answers to AssumeRoleWithWebIdentity, unsigned, with a new token of that ServiceAccount.

        Raises `SetupRefused` and `NetworkError`.
        """
        asked = {"apiVersion": _TOKEN_REQUEST, "kind": "TokenRequest", "spec": {"audiences": [DEFAULT_AUDIENCE]}}
        path = f"{RESOURCES['serviceaccounts'].path(namespace, service_account)}/token"
        token = json.loads(await self.ask("POST", path, asked))["status"]["token"]
        parameters = {"RoleArn": role_arn, "RoleSessionName": session_name, "WebIdentityToken": token}
        body = {"Action": "AssumeRoleWithWebIdentity", "Version": VERSIONS["sts"], **parameters}
        answer = await self._world.network.post_to_aws(
            caller=DEVELOPER,
            callee="sts",
            timeout=REQUEST_SECONDS,
            headers={"user-agent": _USER_AGENT, "content-type": "application/x-www-form-urlencoded; charset=utf-8"},
            body=urlencode(body).encode(),
        )
        _check(answer, 200)
        return answer.body.decode("utf-8", "replace")

    async def create_role(
        self, name: str, trust: JsonObject, *, managed: Iterable[str] = (), inline: JsonObject | None = None
    ) -> None:
        """`roles.role_calls`, one after the other. Raises `SetupRefused` and `NetworkError`."""
        for action, parameters in role_calls(name, trust, managed=managed, inline=inline):
            await self.iam(action, parameters)


def _check(answer: Answer, expected: int) -> None:
    if answer.status != expected:
        raise SetupRefused(f"expected status {expected}, got {answer.status}: {_said(answer)}")


def _said(answer: Answer) -> str:
    """Code and message of a refusal, from the API server's Status or the XML of AWS; of anything else all of it."""
    text = answer.body.decode("utf-8", "replace")
    if found := _AWS_ERROR.search(text):
        return ": ".join(map(unescape, found.groups()))
    try:
        status = json.loads(text)
        return f"{status['reason']}: {status['message']}"
    except (ValueError, TypeError, KeyError):
        return text
