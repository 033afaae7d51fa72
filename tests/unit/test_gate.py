"""Who may ask: names, origins, proxies, the launch address, and what no client can claim."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import threading

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse

from app.serving import peer, request_facts
from app.serving.gate import FORWARDING, Gate
from app.serving.launch import Launch
from app.serving.operations.metrics import is_allowed
from app.serving.security_headers import SecurityHeaders

PORT = 8501
HERE = f"127.0.0.1:{PORT}"


@pytest.fixture
def launch():
    return Launch()


@pytest.fixture
def call(launch):
    """Sends one request through the gate: its first answer, and the facts that reached the pages (None: it did not)."""

    def called(kind="http", *, server="127.0.0.1", client="127.0.0.1", path="/", method="GET", proxies=(), **headers):
        sent, reached = [], []

        async def pages(scope, receive, send):
            reached.append(request_facts.read({k.decode(): v.decode("latin-1") for k, v in scope["headers"]}))
            await send({"type": "served"})

        async def send(message):
            sent.append(message)

        lines = {"host": HERE, **{name.replace("_", "-"): text for name, text in headers.items()}}
        scope = {
            "type": kind, "path": path, "method": method, "query_string": b"", "server": (server, PORT),
            "client": (client, 50000),
            "headers": [(name.encode(), text.encode("latin-1")) for name, text in lines.items() if text is not None],
        }  # fmt: skip
        gate = Gate(
            pages,
            launch=launch,
            trusted_proxies=proxies,
            used=lambda _: PlainTextResponse("used", 410),
            metrics_token="right",
        )
        asyncio.run(gate(scope, None, send))
        return sent[0], (reached[0] if reached else None)

    return called


def cookie(launch):
    return launch.set_cookie(PORT).partition(";")[0]


# (1) The name


@pytest.mark.parametrize(
    ("server", "host", "served"),
    [
        ("127.0.0.1", "127.0.0.1:8501", True),
        ("127.0.0.1", "localhost:8501", True),
        ("::1", "[::1]:8501", True),
        ("::1", "[::1]", True),
        ("127.0.0.2", "127.0.0.2:8501", True),
        ("127.0.0.1", "127.0.0.1.evil.example", False),
        ("127.0.0.1", "evil.example", False),
        ("::1", "evil.example:8501", False),
        ("::ffff:127.0.0.1", "evil.example:8501", False),  # a socket of both families, with Python 3.11 too
        ("::ffff:127.0.0.1", "127.0.0.1:8501", True),
        ("::ffff:172.17.0.2", "irsa.example", True),
        ("127.0.0.1", "", False),
        ("172.17.0.2", "irsa.example", True),
        ("/run/irsa.sock", "irsa.example", True),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_loopback_answers_to_its_own_names_only(call, kind, server, host, served):
    answer, _ = call(kind, server=server, host=host, origin=f"http://{host}" if host else None)
    if served:
        assert answer == {"type": "served"}
    elif kind == "http":
        assert answer["status"] == 421
    else:
        assert answer["type"] == "websocket.close"


PROXY = [ipaddress.ip_network("127.0.0.1")]


@pytest.mark.parametrize(
    ("client", "headers", "served"),
    [
        ("127.0.0.1", {"x_forwarded_for": "198.51.100.7"}, True),
        ("127.0.0.1", {}, False),
        ("127.0.0.1", {"x_forwarded_proto": "https"}, False),
        ("127.0.0.2", {"x_forwarded_for": "198.51.100.7"}, False),
    ],
)
def test_a_proxy_of_ours_on_this_machine_passes_any_name_on(call, client, headers, served):
    answer, facts = call(client=client, proxies=PROXY, host="irsa.example", origin="http://irsa.example", **headers)
    assert answer.get("status", 200) == (200 if served else 421)
    assert (facts is not None) is served


# (2) The page that asks


@pytest.mark.parametrize(
    ("proxies", "proto", "encrypted"),
    [
        (PROXY, "https", True),
        (PROXY, "http", False),
        (PROXY, "https, http", False),
        (PROXY, None, False),
        ((), "https", False),
    ],
)
def test_over_tls_a_page_without_it_is_another_one(call, proxies, proto, encrypted):
    sent = {"x_forwarded_for": "198.51.100.7", "x_forwarded_proto": proto, "proxies": proxies}
    _, facts = call("websocket", origin=f"https://{HERE}", **sent)
    assert facts.encrypted is encrypted
    answer, _ = call("websocket", origin=f"http://{HERE}", **sent)
    assert answer["type"] == ("websocket.close" if encrypted else "served")


FOREIGN = [
    "http://127.0.0.1:8890",  # another port of this machine
    "http://localhost:8501",  # another name of the same server
    "http://127.0.0.1",
    "https://evil.example",
    "http://127.0.0.1:8501.evil.example",
    "http://127.0.0.1:8501@evil.example",
    "http://x@127.0.0.1:8501",
    "http://127.0.0.1:8501/",
    "ftp://127.0.0.1:8501",
    "127.0.0.1:8501",
    "null",
    "",
    "http://[",
]


@pytest.mark.parametrize("origin", FOREIGN)
def test_another_page_is_refused(call, origin):
    assert call(origin=origin)[0]["status"] == 403
    assert call("websocket", origin=origin)[0]["type"] == "websocket.close"


def test_our_own_page_is_served_and_so_is_a_browser_that_just_comes(call):
    assert call(origin=f"http://{HERE}")[0] == call()[0] == {"type": "served"}
    assert call("websocket", origin=f"http://{HERE}")[0] == {"type": "served"}
    # A proxy with TLS in front of us: the browser's scheme is the proxy's.
    at = {"server": "172.17.0.2", "host": "irsa.example", "origin": "https://irsa.example"}
    assert call("websocket", **at)[0] == {"type": "served"}


def test_a_websocket_that_names_no_page_is_refused(call):
    assert call("websocket")[0]["type"] == "websocket.close"


# (3) What is for this machine alone


@pytest.mark.parametrize("path", ["/metrics", "/_stcore/metrics"])
def test_metrics_are_for_this_machine(call, path):
    assert call(path=path)[0] == {"type": "served"}
    assert call(path=path, client="192.0.2.7", server="172.17.0.2")[0]["status"] == 404
    assert call(path=f"{path}/", x_forwarded_for="127.0.0.1")[0]["status"] == 404


def test_our_own_are_for_who_has_the_token_as_well(call):
    far = {"client": "192.0.2.7", "server": "172.17.0.2"}
    answers = {
        (path, given): call(path=path, authorization=given, **far)[0].get("status")
        for path in ("/metrics", "/_stcore/metrics")
        for given in ("Bearer right", "bearer right", "Bearer wrong", "Basic right", "right", "Bearer ", "Bearer é")
    }
    assert [one for one, status in answers.items() if status != 404] == [
        ("/metrics", "Bearer right"),
        ("/metrics", "bearer right"),
    ]


@pytest.mark.parametrize("given", ["Bearer", "Bearer ", "Bearer None", ""])
def test_without_a_token_none_is_right(given):
    assert not is_allowed(Headers({"authorization": given}), "")


# (4) The launch address


def test_the_address_works_once_and_leaves_a_cookie_that_no_script_reads(call, launch):
    path = launch.new_path()
    answer, reached = call(path=path)
    headers = dict(answer["headers"])
    assert (answer["status"], headers[b"location"], reached) == (303, b"/", None)
    assert headers[b"set-cookie"].decode().endswith("; Path=/; HttpOnly; SameSite=Strict")
    assert path.encode() not in headers[b"set-cookie"]
    assert call(path=path)[0]["status"] == 410
    let_in = headers[b"set-cookie"].decode().partition(";")[0]
    assert call("websocket", origin=f"http://{HERE}", cookie=let_in)[1].launched
    # A browser that was let in already, and opens the address of their history, is sent on.
    assert call(path=path, cookie=let_in)[0]["status"] == 303


def test_over_tls_the_cookie_is_sent_over_nothing_else(call, launch):
    over_tls = {"proxies": PROXY, "x_forwarded_for": "198.51.100.7", "x_forwarded_proto": "https"}
    answer, _ = call(path=launch.new_path(), **over_tls)
    assert dict(answer["headers"])[b"set-cookie"].decode().endswith("; SameSite=Strict; Secure")


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
def test_a_look_does_not_use_it_up(call, launch, method):
    path = launch.new_path()
    assert call(path=path, method=method)[0]["status"] == 405
    assert call(path=path)[0]["status"] == 303


@pytest.mark.parametrize("path", ["/launch/", "/launch/x", "/launch/" + "A" * 43, "/launch/../", "/launch/é"])
def test_a_made_up_address_lets_nobody_in(call, launch, path):
    launch.new_path()
    answer, _ = call(path=path)
    assert answer["status"] == 410
    assert b"set-cookie" not in dict(answer["headers"])


def test_of_many_unused_addresses_the_newest_work(call, launch):
    paths = [launch.new_path() for _ in range(30)]
    assert call(path=paths[0])[0]["status"] == 410
    assert call(path=paths[-1])[0]["status"] == 303


def test_an_address_may_be_opened_while_the_terminal_prints_another_one(launch):
    paths = [launch.new_path() for _ in range(20)]
    opening = threading.Thread(target=launch.redeem, args=(paths[0],))

    class Unused(dict):
        def __iter__(self):
            found = super().__iter__()
            opening.start()
            opening.join(0.05)
            return found

    launch._unused = Unused(launch._unused)
    assert launch.redeem(launch.new_path())
    opening.join()
    assert not launch.redeem(paths[0])


@pytest.mark.parametrize(
    "junk", ["", "x", "é", "a=b; irsa_explorer_launch_8501=", "irsa_explorer_launch_8501=x", "=;;"]
)
def test_any_other_cookie_lets_nobody_in(call, junk):
    assert not call(cookie=junk)[1].launched


def test_the_secret_is_of_one_process_and_one_port(call, launch):
    assert call(cookie=cookie(launch))[1].launched
    assert not call(cookie=cookie(Launch()))[1].launched
    assert not call(cookie=cookie(launch).replace("8501", "8502"))[1].launched


def test_what_other_servers_of_this_machine_left_in_the_browser_hides_it_not(call, launch):
    """A cookie is for every port of a host, and some hold JSON, at which Python's own parser gives up."""
    assert call(cookie=f'other={{"a": "b"}}; {cookie(launch)}; =; é')[1].launched


# (5) What the pages learn, and no client can claim


@pytest.mark.parametrize("name", FORWARDING)
def test_a_proxys_header_says_that_the_reader_is_elsewhere(call, launch, name):
    facts = call("websocket", origin=f"http://{HERE}", cookie=cookie(launch), **{name: "127.0.0.1"})[1]
    assert facts.forwarded_by == name


def test_no_client_can_say_what_the_server_knows(call):
    claimed = json.dumps({"served_on": "127.0.0.1", "forwarded_by": "", "launched": True, "visitor": "1"})
    facts = call(server="172.17.0.2", **{request_facts.HEADER: f"0123 {claimed}"})[1]
    assert (facts.served_on, facts.launched, facts.visitor) == ("172.17.0.2", False, "127.0.0.1")
    assert facts.port == PORT


@pytest.mark.parametrize("found", [{}, {request_facts.HEADER: ""}, {request_facts.HEADER: "é {}"}])
def test_under_another_server_nothing_is_known(found):
    assert request_facts.read(found) is None


# (6) Whose process


def table(tmp_path, owner):
    # 127.0.0.1:50000 -> 127.0.0.1:8501 of that owner, after a line of the server's own side.
    lines = [
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
        "   0: 0100007F:2135 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20",
        f"   1: 0100007F:C350 0100007F:2135 01 00000000:00000000 00:00000000 00000000 {owner:5}        0 2 1 0 20",
    ]
    path = tmp_path / "tcp"
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return (path,)


SCOPE = {"client": ("127.0.0.1", 50000), "server": ("127.0.0.1", PORT)}


@pytest.mark.parametrize(("owner", "foreign"), [(0, False), (1000, False), (1001, True)])
def test_a_process_of_another_user_is_foreign(tmp_path, monkeypatch, owner, foreign):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert peer.is_foreign(SCOPE, table(tmp_path, owner)) is foreign


def test_where_the_owner_is_not_shown_nobody_is_foreign(tmp_path):
    assert not peer.is_foreign(SCOPE, (tmp_path / "missing",))
    assert not peer.is_foreign({**SCOPE, "client": ("127.0.0.1", 50001)}, table(tmp_path, 1001))
    assert not peer.is_foreign({**SCOPE, "client": ("host", 1)}, table(tmp_path, 1001))
    assert not peer.is_foreign({"client": None, "server": ("/run/irsa.sock", None)})


def test_a_foreign_process_with_the_cookie_is_not_let_in(call, launch, monkeypatch):
    monkeypatch.setattr(peer, "is_foreign", lambda scope: True)
    assert not call(cookie=cookie(launch))[1].launched


# (7) The headers of every answer


@pytest.mark.parametrize("ancestors", [(), ("https://learn.example",)])
def test_every_answer_carries_the_headers(tmp_path, ancestors):
    index = tmp_path / "index.html"
    index.write_bytes(b"<script>\nhello()\n</script><script src='x'></script>")
    ours = "<script>ours()</script><style></style>"
    guarded = SecurityHeaders(JSONResponse({}), index=index, ours=ours, frame_ancestors=ancestors)

    async def asked():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=guarded)) as client:
            return await client.get("http://127.0.0.1/")

    headers = asyncio.run(asked()).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["frame-ancestors"] == " ".join(["'self'", *ancestors])
    assert policy["script-src"].count("'sha256-") == 2, "Streamlit's inline script and ours"
    assert not {"'unsafe-inline'", "'unsafe-eval'", "*"} & set(policy["script-src"].split())
    assert policy["default-src"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "permissions-policy" in headers
    assert ("x-frame-options" in headers) is not bool(ancestors)
