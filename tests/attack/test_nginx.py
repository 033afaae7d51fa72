"""The documented reverse proxy, as it is in deploy/nginx.conf: started by us, without any right, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import httpx
import pytest
from websockets.exceptions import InvalidHandshake

from app.ui.state.own_world import COOKIE
from tests.attack.client import ATTACKER, Page, ask, cookies, raw, visitor
from tests.attack.live import CONTEXT, SIMULATED, Request, cluster, shown
from tests.attack.nginx import IN_DISGUISE, NGINX, SEEN_AS, has_ipv6, proxied
from tests.attack.on_connections import world_of
from tests.attack.server import MEGABYTE, ROOT, serving

pytestmark = [
    pytest.mark.cli,
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """nginx before a server that has a real cluster."""
    with cluster(tmp_path_factory.mktemp("live")) as target, proxied(target) as started:
        yield started


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


@pytest.mark.parametrize(
    ("source", "seen_as"),
    [
        ("127.0.0.4", ("",)),
        (IN_DISGUISE, ("2001:db8:1:{:x}::1",)),
        (IN_DISGUISE, ("2001:db9::{:x}", "2001:db9:0:{:x}::1")),
        (IN_DISGUISE, ("2600::{:x}", "2600:0:0:1::{:x}")),
    ],
    ids=["IPv4", "an IPv6 network", "its third group is zero", "so is its second"],
)
def test_connections_of_one_visitor_are_counted(proxy, source: str, seen_as: tuple[str, ...]) -> None:
    async def opened() -> tuple[int, int]:
        pages = [Page(proxy, source=source) for _ in range(70)]
        refused = 0
        for number, page in enumerate(pages, 1):
            try:
                address = seen_as[number % len(seen_as)].format(number)
                await page.connect(headers={SEEN_AS: address} if address else None)
            except InvalidHandshake:
                refused += 1
        for page in pages:
            await page.close()
        async with visitor(proxy, "127.0.0.1") as other:
            return refused, (await ask(other, "GET", "/")).status

    refused, other = asyncio.run(opened())
    assert refused == 10
    assert other == 200


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_over_http2_three_who_come_at_once_stay_within_the_limit_of_connections(address: str) -> None:
    """There each request that is under way counts as one, and a browser sends as many at once as it is let."""
    if address == "::1" and not has_ipv6():
        pytest.skip("loopback has no IPv6")
    with proxied(SimpleNamespace(port=1, url="http://127.0.0.1:1"), tls=True) as started:
        settings = _http2_settings(address, started.port)
    most = re.search(r"limit_conn irsa_connections (\d+);", (ROOT / "deploy" / "nginx.conf").read_text())
    assert most
    assert 3 * (settings[0x3] + 2) <= int(most[1]), "the streams of each, and two websockets"


def _http2_settings(address: str, port: int) -> dict[int, int]:
    """What a server says first of what it takes (RFC 9113, 6.5)."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((address, port), 60) as plain, context.wrap_socket(plain) as opened:
        opened.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(3) + b"\4" + bytes(5))
        answer = opened.makefile("rb")
        head = answer.read(9)
        assert head[3] == 0x4
        return dict(struct.iter_unpack("!HI", answer.read(int.from_bytes(head[:3]))))


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
        assert [_connected(started.port, "irsa.example", it) for it in ("irsa.example", "evil.example")] == (
            [101, 403] if apart else [403, 403]
        )


def _connected(port: int, name: str, other: str) -> int:
    """How a page at `other` is answered that opens the websocket under another name than loopback's."""
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    asks = f"Host: {name}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{key}\r\nOrigin: http://{other}"
    return asyncio.run(raw(port, [f"GET /_stcore/stream HTTP/1.1\r\n{asks}\r\n\r\n".encode()])).status


class _Process(BaseHTTPRequestHandler):
    """One of several, which says by its port which one it is: on a page, or in a file."""

    stopping: ClassVar[set[int]] = set()
    """The ports of those that end: they answer as the app does then."""

    def do_GET(self) -> None:
        port = self.server.server_address[1]
        said = str(port).encode()
        self.send_response(503 if port in self.stopping else 200)
        self.send_header("X-Request-Id", self.headers["X-Request-Id"])
        self.send_header("Content-Type", "text/css" if self.path.endswith(".css") else "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextlib.contextmanager
def _process(port: int = 0) -> Iterator[Any]:
    """One that runs until the end of the block, or until its `end` is called."""
    with ThreadingHTTPServer(("127.0.0.1", port), _Process) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()

        def end() -> None:
            server.shutdown()
            server.server_close()

        try:
            yield SimpleNamespace(port=server.server_port, url=f"http://127.0.0.1:{server.server_port}", end=end)
        finally:
            end()


@pytest.fixture
def targets() -> Iterator[list[Any]]:
    """Three processes."""
    with _process() as first, _process() as second, _process() as third:
        yield [first, second, third]


NAMED = "irsa_explorer_process"


def _asked(proxy: Any, cookie: str = "", path: str = "/") -> httpx.Response:
    return httpx.get(proxy.url + path, headers={"cookie": cookie}, trust_env=False, verify=False)  # noqa: S501


def _served_by(proxy: Any, cookie: str) -> str:
    return _asked(proxy, cookie).text


def test_new_readers_are_with_each_process_in_turn_and_stay_there(targets) -> None:
    found = []
    with proxied(*targets) as proxy:
        for _ in range(12):
            with httpx.Client(base_url=proxy.url, trust_env=False) as browser:
                paths = ("/", "/static/a.css", "/webhook", "/static/b.css", "/")
                found.append([browser.get(path).text for path in paths])
    assert [len({*each}) for each in found] == [1] * 12
    assert Counter(first for first, *_ in found) == {str(target.port): 4 for target in targets}


def test_only_a_page_names_the_process_and_only_one_of_the_list(targets) -> None:
    first, second, other = targets
    with proxied(first, second) as proxy:
        for known in (first, second):
            answer = _asked(proxy, f"{NAMED}={known.port}")
            assert (answer.text, answer.headers.get("set-cookie")) == (str(known.port), None)
        for unknown in (other.port, 0, "", "irsa_explorer", f"127.0.0.1:{other.port}", f"{first.port}0"):
            file, page = (_asked(proxy, f"{NAMED}={unknown}; {COOKIE}=a", path) for path in ("/a.css", "/"))
            assert file.text == page.text != str(other.port)
            assert "set-cookie" not in file.headers, "a cache may hold a file for all"
            given = f"{NAMED}={page.text}; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax"
            assert page.headers["set-cookie"] == given


def test_while_a_process_stops_new_readers_are_with_another_and_its_own_wait(targets) -> None:
    stopping = targets[0].port
    with proxied(*targets) as proxy:
        _Process.stopping = {stopping}
        try:
            new = [_asked(proxy) for _ in range(9)]
            own = _asked(proxy, f"{NAMED}={stopping}; {COOKIE}=a")
            _Process.stopping = {target.port for target in targets}
            busy = [_asked(proxy).status_code for _ in range(4)]
        finally:
            _Process.stopping = set()
        afterwards = [_asked(proxy).status_code for _ in range(4)]
    assert [answer.status_code for answer in new] == [200] * 9
    assert {answer.text for answer in new} == {str(target.port) for target in targets[1:]}
    assert busy == [503] * 4, "the app's own answer, which says when to come again"
    assert afterwards == [200] * 4, "no process is left out for it, as one is that answers so to a visitor alone"
    assert own.status_code == 503, "their world is in that process, and the page says that it is started again"


def test_where_a_process_is_gone_its_readers_are_with_another_until_it_is_there_again(targets) -> None:
    gone = str(targets[0].port)
    readers = [f"{NAMED}={gone}; {COOKIE}={reader:x}" for reader in range(12)]
    with proxied(*targets) as proxy:
        assert {_served_by(proxy, cookie) for cookie in readers} == {gone}
        targets[0].end()
        found = []
        for cookie in readers:
            answers = [_asked(proxy, cookie, path) for path in ("/", "/a.css", "/")]
            found.append({answer.text for answer in answers})
            assert [answer.headers.get("set-cookie") for answer in answers] == [None] * 3
        with _process(targets[0].port):
            again = {_served_by(proxy, cookie) for cookie in readers}
    assert [len(served_by) for served_by in found] == [1] * 12, "a page and its files come from the same one"
    assert set.union(*found) == {str(target.port) for target in targets[1:]}
    assert again == {gone}


def test_over_tls_no_other_name_of_the_domain_decides_on_the_process(targets) -> None:
    first, second, _ = targets
    with proxied(first, second, tls=True) as proxy:
        proxy = SimpleNamespace(url=proxy.url.replace("http:", "https:"))
        given = _asked(proxy)
        both = _served_by(proxy, f"{NAMED}={first.port}; __Host-{NAMED}={second.port}")
        of_another_name = [_asked(proxy, f"{NAMED}={first.port}; {COOKIE}=5") for _ in range(4)]
        by_browser = [
            {_served_by(proxy, f"a=1; {it}__Host-{COOKIE}={reader}") for it in ("", f"{COOKIE}=5; ", f"{COOKIE}=6; ")}
            for reader in range(8)
        ]
    assert both == str(second.port)
    assert {answer.text for answer in of_another_name} == {str(first.port), str(second.port)}, "each is a new reader"
    assert {answer.headers["set-cookie"][:28] for answer in of_another_name} == {f"__Host-{NAMED}"[:28]}
    assert [len(served_by) for served_by in by_browser] == [1] * 8
    assert len(set.union(*by_browser)) == 2
    wanted = f"__Host-{NAMED}={given.text}; Max-Age=31536000; Path=/; HttpOnly; SameSite=Lax; Secure"
    assert given.headers["set-cookie"] == wanted


def test_without_the_name_of_a_process_the_cookie_of_the_app_decides(targets) -> None:
    with proxied(*targets) as proxy:
        found = [
            {_served_by(proxy, f"{it}{COOKIE}={reader}") for it in ("", "a=1; ", f"__Host-{COOKIE}=5; ")}
            for reader in range(20)
        ]
        number = httpx.get(proxy.address, headers={"X-Request-Id": "theirs"}, trust_env=False).headers["X-Request-Id"]
    assert re.fullmatch("[0-9a-f]{32}", number), "a visitor chooses no id for the log"
    assert [len(served_by) for served_by in found] == [1] * 20
    assert set.union(*found) == {str(target.port) for target in targets}


@pytest.mark.large
def test_a_reader_is_always_with_the_same_process_and_readers_are_shared_out(tmp_path: Path) -> None:
    """In `make test`, the tests above ask so of processes that only say which one they are."""

    async def reader(proxy: Any, source: str) -> tuple[str, str]:
        """Their world on two connections, one after the other."""
        kept, worlds = await cookies(proxy, source=source), []
        for page in ("home", "webhook"):
            tab = await Page(proxy, page, source=source, cookies=kept).open()
            worlds.append(world_of(tab))
            await tab.close()
        return worlds[0], worlds[1]

    with contextlib.ExitStack() as stack:
        targets = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            targets.append(stack.enter_context(serving(tmp_path / name, extra={"FORWARDED_ALLOW_IPS": "127.0.0.1"})))
        proxy = stack.enter_context(proxied(*targets))
        found = [asyncio.run(reader(proxy, f"127.0.2.{number}")) for number in range(1, 5)]
        held = [_worlds_in(target.address) for target in targets]
    assert all(before == after for before, after in found)
    assert len({before for before, _ in found}) == len(found)
    assert held == [2, 2]


def _worlds_in(address: str) -> int:
    lines = httpx.get(f"{address}/metrics", trust_env=False).text.splitlines()
    return int(float(next(line.rpartition(" ")[2] for line in lines if line.startswith("irsa_worlds "))))
