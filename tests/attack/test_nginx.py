"""The documented reverse proxy, as it is in deploy/nginx.conf: started by us, without any right, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidHandshake

from tests.attack.client import ATTACKER, Page, ask, cookies, raw, visitor
from tests.attack.live import CONTEXT, SIMULATED, Request, cluster, shown
from tests.attack.on_connections import world_of
from tests.attack.server import MEGABYTE, ROOT, Target, serving, wait
from tests.free_port import free_port

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]
_AROUND = """
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes 1;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


@dataclasses.dataclass(frozen=True)
class Proxy:
    """Stands where a server of the app stands: it has an address and a port."""

    port: int
    url: str
    log: Path
    """Of nginx's errors."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextlib.contextmanager
def proxied(target: Target) -> Iterator[Any]:
    """nginx before a server; as the user `nobody` where the tests run as root."""
    port = free_port()
    # Not below pytest's own folder, which is root's alone.
    with tempfile.TemporaryDirectory(prefix="nginx-") as name:
        folder = Path(name)
        site = (ROOT / "deploy" / "nginx.conf").read_text()
        for ours, theirs in (
            ("listen 80;", f"listen 127.0.0.1:{port};"),
            ("127.0.0.1:8501;", f"127.0.0.1:{target.port};"),
        ):
            assert site.count(ours) == 1, ours
            site = site.replace(ours, theirs)
        (folder / "site.conf").write_text(site)
        (folder / "nginx.conf").write_text(_AROUND.format(folder=folder))
        with unprivileged(folder) as account:
            command = [str(NGINX), "-e", f"{folder}/error.log", "-p", str(folder), "-c", f"{folder}/nginx.conf"]
            running = subprocess.Popen(command, **account)
        try:
            wait(lambda: _listens(port) or running.poll() is not None)
            assert running.poll() is None, (folder / "error.log").read_text()
            url = target.url.replace(f":{target.port}", f":{port}")
            yield Proxy(port=port, url=url, log=folder / "error.log")
        finally:
            running.terminate()
            running.wait(20)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """nginx before a server that has a real cluster."""
    with cluster(tmp_path_factory.mktemp("live")) as target, proxied(target) as started:
        yield started


class unprivileged:
    """What `Popen` needs to run without the rights of root, in a folder that is then that user's."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> dict[str, int]:
        if os.geteuid() != 0:
            return {}
        for path in (*self._folder.iterdir(), self._folder):
            os.chown(path, 65534, 65534)
        return {"user": 65534, "group": 65534}

    def __exit__(self, *_: object) -> None:
        """Nothing to undo: its caller removes the folder."""


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def test_pages_and_websocket_work(proxy) -> None:
    async def walk() -> str:
        page = await Page(proxy, "sts_assume", cookies=await cookies(proxy)).open()
        await page.run()
        await page.close()
        assert not page.failed
        return page.widget("button", "run_again")  # only a page about a walk offers it

    assert asyncio.run(walk())


def test_there_is_no_live_mode_through_it(proxy) -> None:
    request = Request(name="the owner's cookies, through the proxy")
    seen = asyncio.run(shown(proxy, request))
    assert SIMULATED in seen, "the page did arrive"
    assert CONTEXT.encode() not in seen


def test_a_page_of_another_site_is_not_connected(proxy) -> None:
    with pytest.raises(InvalidHandshake):
        asyncio.run(Page(proxy).connect(origin="https://evil.example"))


def test_its_limits_answer(proxy) -> None:
    async def answers() -> tuple[int, int, set[int]]:
        async with visitor(proxy, "127.0.0.3") as client:
            large = await ask(client, "PUT", "/_stcore/upload_file/a/b", b"x" * 11 * MEGABYTE)
            header = await raw(proxy.port, [b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 40_000 + b"\r\n\r\n"])
        many: set[int] = set()
        for _ in range(40):  # until they come faster than the limit lets them, however slow the app is
            many |= _statuses(proxy.port, "127.0.0.3", unheard=90, heard=10)
            if 429 in many and "limiting requests" in proxy.log.read_text():
                break
        return large.status, header.status, many

    large, header, many = asyncio.run(answers())
    assert large == 413
    assert header == 400
    assert "limiting requests" in proxy.log.read_text()
    assert 429 in many


def _statuses(port: int, source: str, *, unheard: int, heard: int) -> set[int]:
    """Of requests of one visitor, who leaves before most are answered: nginx counts each as it comes."""
    found: set[int] = set()
    with contextlib.ExitStack() as stack:
        asked = []
        for number in range(unheard + heard):
            connection = socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0))
            connection.sendall(b"GET /_stcore/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            if number < unheard:
                connection.close()
            else:
                asked.append(stack.enter_context(connection))
        for connection in asked:
            found.add(int(connection.makefile("rb").readline().split()[1]))
    return found


def test_connections_of_one_visitor_are_counted(proxy) -> None:
    async def opened() -> tuple[int, int]:
        pages = [Page(proxy, source="127.0.0.4") for _ in range(70)]
        refused = 0
        for page in pages:
            try:
                await page.connect()
            except InvalidHandshake:
                refused += 1
        for page in pages:
            await page.close()
        async with visitor(proxy, "127.0.0.1") as other:
            return refused, (await ask(other, "GET", "/")).status

    refused, other = asyncio.run(opened())
    assert refused == 10
    assert other == 200


@pytest.mark.parametrize(("named", "apart"), [("127.0.0.1", True), pytest.param("", False, marks=pytest.mark.large)])
def test_visitors_are_distinguished_where_the_proxy_is_configured(tmp_path: Path, named: str, apart: bool) -> None:
    """An address with three of the four worlds makes room among its own: nobody else's goes."""

    async def keeps_their_world(proxy: Any) -> bool:
        reader = await Page(proxy, "home", cookies=await cookies(proxy)).open()
        world = world_of(reader)
        for _ in range(4):
            stranger = await Page(proxy, "home", source=ATTACKER).open()
            assert world_of(stranger) != world
            await stranger.close()
        await reader.run()
        await reader.close()
        return world_of(reader) == world

    settings = {"IRSA_WORLDS": "4", "FORWARDED_ALLOW_IPS": named}
    with serving(tmp_path, extra=settings) as target, proxied(target) as started:
        assert asyncio.run(keeps_their_world(started)) is apart
