"""The kubelet's token manager: asks for tokens over https, keeps them, and renews them before they expire.

Source of the rule: `pkg/kubelet/token/token_manager.go`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.flow.model import JsonObject
from app.flow.token import renewal_time
from app.world.apiserver.types.go_text import go_quoted
from app.world.servers.loopback import NetworkError

if TYPE_CHECKING:
    from app.world.world import World

TOKENS_LIMIT = 200
"""How many tokens one node keeps, those among them that found no room in a volume."""
MAX_JITTER = 10
"""Seconds, drawn at random up to this number, by which a renewal comes sooner."""
REQUEST_SECONDS = 10.0
"""How long the kubelet waits for the API server."""


class TokenError(Exception):
    """The API server issued no token. The text is the one of the kubelet's events."""


@dataclass(frozen=True, kw_only=True)
class KeptToken:
    """An answer of TokenRequest."""

    token: str
    expires: float
    """Unix seconds: `status.expirationTimestamp`."""
    seconds: int
    """`spec.expirationSeconds`."""

    @property
    def renewal(self) -> float:
        """As `renewal_time`."""
        return renewal_time(self.expires, self.seconds)

    def requires_refresh(self, now: float, jitter: int) -> bool:
        """Whether its renewal is due (sooner by the jitter), or the clock is before its issue."""
        return now > self.renewal - jitter or now < self.expires - self.seconds


class TokenManager:
    """The tokens of one node's Pods, by request."""

    def __init__(
        self, request: Callable[[str, str, JsonObject], Awaitable[JsonObject]], now: Callable[[], float]
    ) -> None:
        self._request = request
        """A function from (namespace, ServiceAccount, TokenRequest spec) to the TokenRequest in the response; it raises
        `TokenError`."""
        self._now = now
        self._kept: dict[str, KeptToken] = {}
        self._is_cut_off = False

    async def token(self, namespace: str, service_account: str, spec: JsonObject) -> str:
        """A token that does not have to be renewed yet. Raises `TokenError`.

        Where a new one cannot be had, the kept token is used until it expires.
        """
        key = json.dumps([namespace, service_account, spec], sort_keys=True)
        kept = self._kept.get(key)
        if kept is not None and not kept.requires_refresh(self._now(), secrets.randbelow(MAX_JITTER)):
            return kept.token
        try:
            if self._is_cut_off:
                raise TokenError("the API server does not serve yet")
            if kept is None and len(self._kept) >= TOKENS_LIMIT:
                raise TokenError(f"this simulated node keeps at most {TOKENS_LIMIT} tokens")
            answer = await self._request(namespace, service_account, spec)
            self._kept[key] = kept = _kept(answer)
        except TokenError as error:
            if kept is None:
                raise TokenError(f"failed to fetch token: {error}") from error
            if self._now() > kept.expires:
                name = _go_key(namespace, service_account, spec)
                raise TokenError(f"token {name} expired and refresh failed: {error}") from error
        return kept.token

    @contextmanager
    def cut_off(self) -> Iterator[None]:
        """Inside, no token is requested, because there is no server yet that could answer."""
        self._is_cut_off = True
        try:
            yield
        finally:
            self._is_cut_off = False

    @property
    def kept(self) -> dict[str, KeptToken]:
        """All kept tokens, by request."""
        return dict(self._kept)

    def recall(self, kept: Mapping[str, KeptToken]) -> None:
        """Restores the kept tokens."""
        self._kept = dict(kept)

    def next_renewal(self) -> float | None:
        """Unix seconds of the first renewal that is due next or overdue; `None` without tokens."""
        return min((kept.renewal for kept in self._kept.values()), default=None)

    def overdue(self) -> set[str]:
        """The uids of the Pods that have a token which is to be renewed by now. A key may be as long as an audience, so
        none is looked at for each Pod."""
        now = self._now()
        return {json.loads(key)[2]["boundObjectRef"]["uid"] for key, kept in self._kept.items() if kept.renewal < now}

    def forget(self, pod_uid: str) -> None:
        """Drops the tokens that are bound to a Pod."""
        self._kept = {key: kept for key, kept in self._kept.items() if pod_uid not in key}


def _kept(answer: JsonObject) -> KeptToken:
    try:
        status = answer["status"]
        expires = datetime.fromisoformat(status["expirationTimestamp"]).timestamp()
        return KeptToken(token=status["token"], expires=expires, seconds=int(answer["spec"]["expirationSeconds"]))
    except (KeyError, TypeError, ValueError) as error:
        raise TokenError("the answer is no TokenRequest") from error


def _go_key(namespace: str, name: str, spec: JsonObject) -> str:
    """The token's key as Go's `%q/%q/%#v/%#v/%#v` prints it."""
    audiences = spec["audiences"]
    listed = "(nil)" if audiences is None else f"{{{', '.join(map(go_quoted, audiences))}}}"
    bound = spec["boundObjectRef"]
    reference = (
        f"v1.BoundObjectReference{{Kind:{go_quoted(bound['kind'])}, APIVersion:{go_quoted(bound['apiVersion'])}, "
        f"Name:{go_quoted(bound['name'])}, UID:{go_quoted(bound['uid'])}}}"
    )
    return f'"{name}"/"{namespace}"/[]string{listed}/{spec["expirationSeconds"]}/{reference}'


def token_requests(world: World, api_url: str) -> Callable[[str, str, JsonObject], Awaitable[JsonObject]]:
    """A function that POSTs to the API server at that URL: from namespace, ServiceAccount and `spec` to the
    TokenRequest in the response.

    The returned function raises `TokenError`.
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
