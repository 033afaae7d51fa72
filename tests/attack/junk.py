"""Generated junk: nine ways to send it, one input of each in a round. The same seed makes the same inputs."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from tests import canaries
from tests.attack.client import ATTACKER, CUT_OFF, TALKS, Answer, Page, ask, owner, raw, visitor
from tests.attack.rounds import honest, known_secrets
from tests.attack.row import CLOSED, REFUSED
from tests.attack.server import PATIENCE, Keys, Target
from tests.attack.signed import signed_junk

HTTP = frozenset(
    {200, 201, 202, 204, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 406, 409, 411, 413, 414, 415, 421}
)
HTTP = HTTP | {422, 426, 429, 431, 501, 503} | REFUSED
"""What a server may say to junk: anything but that it failed."""
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "BREW")
_TYPES = (
    "application/json",
    "application/yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
    "application/apply-patch+yaml",
    "application/vnd.kubernetes.protobuf",
    "text/plain",
    "",
)
_PLACES = (
    "/api",
    "/apis",
    "/version",
    "/openid/v1/jwks",
    "/api/v1/namespaces",
    "/api/v1/namespaces/default/pods",
    "/api/v1/namespaces/default/pods/pod-after",
    "/api/v1/namespaces/default/pods/pod-after/log",
    "/api/v1/namespaces/default/pods/pod-after/exec",
    "/api/v1/namespaces/default/configmaps",
    "/api/v1/namespaces/default/serviceaccounts/my-sa",
    "/api/v1/namespaces/default/serviceaccounts/my-sa/token",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "/apis/authentication.k8s.io/v1/tokenreviews",
)
_WORDS = (
    "metadata",
    "name",
    "spec",
    "containers",
    "image",
    "volumes",
    "kind",
    "Pod",
    "data",
    "op",
    "add",
    "path",
    "$patch",
)
_ACTIONS = ("AssumeRoleWithWebIdentity", "AssumeRole", "GetCallerIdentity", "ListRoles", "CreateRole", "GetRole", "")


@dataclass(kw_only=True)
class Found:
    """What came of it."""

    rounds: int = 0
    served: int = 0
    """In how many rounds an honest visitor was answered while the inputs were in flight."""
    wrong: list[str] = field(default_factory=list)
    """Inputs that were answered wrongly: how they were sent, and the status."""


class Junk:
    """Makes inputs and sends them."""

    def __init__(self, target: Target, keys: Keys, rng: random.Random) -> None:
        self._target = target
        self._rng = rng
        self._keys = keys
        self._api = owner(keys)
        self._pages = visitor(target, ATTACKER)
        self._aws = urlsplit(keys.aws_url)
        self._context = ssl.create_default_context(cafile=str(keys.ca))
        self._tab: Page | None = None
        self.ways: tuple[tuple[Callable[[], Awaitable[Answer]], frozenset[int]], ...] = (
            (self.bytes_to_the_pages, HTTP | {CUT_OFF}),
            (self.bytes_to_aws, HTTP | {CUT_OFF}),
            (self.paths_of_the_pages, HTTP),
            (self.objects, HTTP),
            (self.documents, HTTP),
            (self.queries, HTTP),
            (self.forms, HTTP),
            (self.signed_calls, HTTP),
            (self.frames, CLOSED | {TALKS}),
        )

    async def close(self) -> None:
        """Closes the clients."""
        await self._api.aclose()
        await self._pages.aclose()
        if self._tab:
            await self._tab.close()

    # (1) The ways

    async def bytes_to_the_pages(self) -> Answer:
        """What is no HTTP, or hardly."""
        return await raw(self._target.port, [self._request()])

    async def bytes_to_aws(self) -> Answer:
        return await raw(self._aws.port or 0, [self._request()])

    async def paths_of_the_pages(self) -> Answer:
        # Two slashes would begin another host's name, and the client would not send that to ours.
        path = "/" + quote(self._text(40), safe="/").lstrip("/") + "?" + quote(self._text(40), safe="&=")
        headers = {
            "accept": self._rng.choice(("text/html", "*/*", "")),
            "cookie": f"irsa_explorer_browser={self._plain()}",
        }
        return await ask(self._pages, self._rng.choice(_METHODS[:7]), path, headers=headers)

    async def objects(self) -> Answer:
        """JSON of any shape, for any resource."""
        headers = {"content-type": self._rng.choice(_TYPES)}
        body = json.dumps(self._value(3)).encode()
        return await ask(self._api, self._rng.choice(_METHODS[1:5]), self._rng.choice(_PLACES), body, headers=headers)

    async def documents(self) -> Answer:
        """Bytes that are no document at all."""
        headers = {"content-type": self._rng.choice(_TYPES)}
        body = self._rng.choice(
            (self._rng.randbytes(80), b"k8s\x00" + self._rng.randbytes(60), self._text(80).encode("utf-8", "replace"))
        )
        return await ask(self._api, self._rng.choice(_METHODS[1:4]), self._rng.choice(_PLACES), body, headers=headers)

    async def queries(self) -> Answer:
        names = (
            "labelSelector",
            "fieldSelector",
            "limit",
            "continue",
            "resourceVersion",
            "dryRun",
            "container",
            "command",
        )
        query = {name: self._text(20) for name in self._rng.sample(names, 3)}
        return await ask(self._api, "GET", self._rng.choice(_PLACES), params=query)

    async def forms(self) -> Answer:
        """Parameters for AWS, unsigned."""
        form = {"Action": self._rng.choice(_ACTIONS), "Version": "2011-06-15", "RoleArn": self._text(20)}
        body = urlencode({**form, "WebIdentityToken": self._plain()}, errors="replace").encode()
        url = f"{self._aws.scheme}://{self._aws.netloc}/"
        return await ask(self._pages, "POST", url, body, headers={"content-type": "application/x-www-form-urlencoded"})

    async def signed_calls(self) -> Answer:
        """Parameters for AWS by somebody who may do everything there."""
        call = signed_junk(self._keys, self._rng, self._text, self._value(3))
        headers = {
            name.lower(): value.decode() if isinstance(value, bytes) else value for name, value in call.headers.items()
        }
        return await ask(self._pages, call.method, call.url, call.body or b"", headers=headers)

    async def frames(self) -> Answer:
        """Frames of a websocket; a client that was cut off comes again."""
        if self._tab is None:
            self._tab = Page(self._target, source=ATTACKER)
            await self._tab.connect()
        sent = self._rng.choice((self._rng.randbytes(40), self._text(40), b"", b"\x5a" + self._rng.randbytes(20)))
        answer = await self._tab.send(sent, wait=False)
        answer = await self._tab.alive() if answer.status == TALKS else answer
        if answer.status != TALKS:
            await self._tab.close()
            self._tab = None
        return answer

    # (2) The junk

    def _request(self) -> bytes:
        rng = self._rng
        line = f"{rng.choice(_METHODS)} {self._plain()} HTTP/{rng.choice(('1.1', '1.0', '9', ''))}\r\n".encode()
        head = b"".join(
            name + b": " + rng.randbytes(6) + b"\r\n"
            for name in rng.sample([b"Host", b"X", b"Content-Length", b"\xff"], 2)
        )
        return rng.choice(
            (
                rng.randbytes(60) + b"\r\n\r\n",
                line + head + b"Connection: close\r\n\r\n",
                b"\x16\x03\x01" * 20 + b"\r\n\r\n",
            )
        )

    def _text(self, length: int) -> str:
        pool = "ab/=&%,()!:{}[]\"'\\ \t\n\x00\x7fé漢\U0001f600*"
        return "".join(self._rng.choices(pool, k=self._rng.randrange(length + 1)))

    def _plain(self) -> str:
        return "".join(self._rng.choices("abcdef0123456789./-_", k=self._rng.randrange(1, 40)))

    def _value(self, depth: int) -> object:
        kind = self._rng.randrange(8 if depth else 5)
        if kind >= 6:
            return {self._rng.choice(_WORDS): self._value(depth - 1) for _ in range(self._rng.randrange(5))}
        if kind == 5:
            return [self._value(depth - 1) for _ in range(self._rng.randrange(4))]
        return (None, True, self._rng.randrange(-(2**40), 2**70), self._text(12), self._rng.choice(_WORDS))[kind]


async def send_junk(target: Target, count: int, seed: int = 20261127) -> Found:
    """Sends `count` inputs, one of each way in a round; an honest visitor asks in each round."""
    junk = Junk(target, target.keys("attacker"), random.Random(seed))
    bystander = visitor(target)
    secrets, found = known_secrets(target), Found()
    try:
        while found.rounds * len(junk.ways) < count:
            sent = [asyncio.create_task(_answer(way)) for way, _ in junk.ways]
            await asyncio.sleep(0)  # they are on their way
            found.served += await honest(bystander)
            for answer, (way, right) in zip(await asyncio.gather(*sent), junk.ways, strict=True):
                leaked = canaries.found(secrets, answer.body.decode("latin-1"))
                if answer.status not in right or leaked:
                    found.wrong.append(f"{way.__name__}: {answer.status} {leaked} {answer.body[:200]!r}")
            found.rounds += 1
        found.wrong += [f"in the log: {name}" for name in canaries.found(secrets, target.log)]
        return found
    finally:
        await junk.close()
        await bystander.aclose()


async def _answer(way: Callable[[], Awaitable[Answer]]) -> Answer:
    """An input that hangs, or breaks its sender, is a wrong answer of its own."""
    try:
        return await asyncio.wait_for(way(), PATIENCE)
    except Exception as error:
        return Answer(status=-1, body=repr(error).encode())
