"""Live mode, asked for by those who have no right to it."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from websockets.exceptions import InvalidHandshake

from tests.attack.client import ATTACKER, HONEST, Page, cookies, launch_path
from tests.attack.server import ROOT, Target, serving

CONTEXT = "cAnArY9-context-of-a-real-cluster"
"""Its name is the first thing that a page in live mode shows, in a list to choose from."""
SIMULATED = b'mode simulated">'
"""Begins the line above each page of the simulated world, and above no page of live mode."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """How somebody asks for a page in live mode."""

    name: str
    origin: str | None = "own"
    """The header `Origin`: the pages' own, another one, or none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    launched: bool = True
    """Whether it carries the cookies that the browser has which opened the printed address."""
    source: str = HONEST
    refused: bool = False
    """Whether not even a page of the simulated world is shown."""


OWNER = Request(name="the browser that opened the printed address")
STRANGERS = (
    Request(name="a page of another site", origin="https://evil.example", refused=True),
    Request(name="a page on another port", origin="http://127.0.0.1:1", refused=True),
    Request(name="a page under another name", origin="http://localhost.evil.example", refused=True),
    Request(name="a sandboxed frame", origin="null", refused=True),
    Request(name="no page at all", origin=None, refused=True),
    Request(name="another process, without the cookies", launched=False),
    Request(name="another address of loopback, without the cookies", launched=False, source=ATTACKER),
    Request(name="behind a proxy: X-Forwarded-For", headers={"X-Forwarded-For": "203.0.113.7"}),
    Request(name="behind a proxy that says loopback", headers={"X-Forwarded-For": "127.0.0.1"}),
    Request(name="behind a proxy: Forwarded", headers={"Forwarded": "for=203.0.113.7"}),
)


@contextlib.contextmanager
def cluster(folder: Path, *, app: Path = ROOT) -> Iterator[Target]:
    """A server whose kubeconfig leads to a cluster: a world of its own, which to the app is any cluster."""
    path = folder / "real" / "kubeconfig"
    with serving(folder, app=app, extra={"KUBECONFIG": str(path)}) as target:
        target.keys("real")
        config = yaml.safe_load(path.read_text())
        config["contexts"][0]["name"] = config["current-context"] = CONTEXT
        path.write_text(yaml.safe_dump(config))
        yield target


async def shown(target: Target, request: Request) -> bytes:
    """All that the page sends; empty where the connection is refused."""
    kept = await cookies(target, launch_path(target)) if request.launched else ""
    page = Page(target, "service_account", "lang=en&mode=live", source=request.source, cookies=kept)
    try:
        await page.open(headers=request.headers, origin=request.origin)
    except InvalidHandshake:
        return b""
    async with _closing(page):
        assert page.received, "a page was drawn"
        return page.received


@contextlib.asynccontextmanager
async def _closing(page: Page) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await page.close()
