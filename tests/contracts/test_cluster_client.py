"""The Kubernetes client alone: what it sends, and what it makes of answers that a healthy server does not give."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from queue import Queue
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve
from websockets.typing import Subprotocol

from app.clients.kubernetes import calls as kubernetes_calls
from app.clients.kubernetes import exec_stream
from app.clients.kubernetes.calls import PAGE_LIMIT
from app.clients.kubernetes.cluster import KubernetesCluster
from app.clients.kubernetes.transport import KubernetesTransport
from app.flow.errors import FlowError, NotFound, NotPermitted, Refused, ServerFailed, Unreachable
from app.flow.ports import Access
from app.flow.redaction import MASK
from tests.contracts.scripted import scripted
from tests.waiting import SECONDS

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"
CA = trustme.CA()


def cluster(port: int, scheme: str = "http", ca_pem: bytes | None = None) -> KubernetesCluster:
    transport = KubernetesTransport(context=ssl.create_default_context(cadata=ca_pem.decode()) if ca_pem else None)
    return KubernetesCluster(host=f"{scheme}://127.0.0.1:{port}/k8s/world", token="s3cr3t-t0ken", transport=transport)


def status(code: int, reason: str, message: str) -> bytes:
    document = {"kind": "Status", "status": "Failure", "message": message, "reason": reason, "code": code}
    return json.dumps(document).encode()


def test_the_exchange_is_what_went_over_the_wire() -> None:
    with scripted(200, json.dumps({"status": {"token": TOKEN}}).encode(), Content_Type="application/json") as server:
        port = cluster(server.port)
        assert port.request_token("default", "my-sa", "sts.amazonaws.com", 3600) == TOKEN
    (exchange,) = port.exchanges()
    sent = {name.lower(): value for name, value in exchange.request_headers}
    assert sent == server.headers() | {"authorization": f"Bearer {MASK}"}
    assert server.headers()["authorization"] == "Bearer s3cr3t-t0ken"
    assert exchange.request_body.encode() == server.received[0].partition(b"\r\n\r\n")[2]
    assert exchange.url.endswith("/k8s/world/api/v1/namespaces/default/serviceaccounts/my-sa/token")
    assert (exchange.caller, exchange.callee, exchange.method, exchange.status) == (
        "explorer",
        "kube-apiserver",
        "POST",
        200,
    )
    assert ("Content-Type", "application/json") in exchange.response_headers
    assert TOKEN.rpartition(".")[0] in exchange.response_body
    assert "c2lnbmF0dXJl" not in repr(port.exchanges())
    assert "s3cr3t-t0ken" not in repr(port.exchanges())


def test_a_dry_run_asks_for_a_generated_name() -> None:
    with scripted(201, b"{}") as server:
        cluster(server.port).dry_run_pod("default", {"metadata": {"name": "web", "uid": "1", "labels": {"a": "b"}}})
    assert b"?dryRun=All" in server.received[0]
    body = json.loads(server.received[0].partition(b"\r\n\r\n")[2])
    assert body == {"metadata": {"generateName": "web-", "labels": {"a": "b"}}}


ANSWERS = [
    (401, status(401, "Unauthorized", "Unauthorized"), NotPermitted, "Unauthorized", "Unauthorized"),
    (
        403,
        status(403, "Forbidden", 'pods "x" is forbidden: User "u" cannot get resource "pods"'),
        NotPermitted,
        "Forbidden",
        'pods "x" is forbidden: User "u" cannot get resource "pods"',
    ),
    (
        403,
        status(403, "Forbidden", 'forbidden: User "u" cannot get path "/openid/v1/jwks"'),
        NotPermitted,
        "Forbidden",
        'forbidden: User "u" cannot get path "/openid/v1/jwks"',
    ),
    (
        403,
        status(403, "Forbidden", 'pods "x" is forbidden: error looking up service account a/b: not found'),
        Refused,
        "Forbidden",
        'pods "x" is forbidden: error looking up service account a/b: not found',
    ),
    (
        403,
        status(403, "Forbidden", 'admission webhook "policy" denied the request: no roles here'),
        Refused,
        "Forbidden",
        'admission webhook "policy" denied the request: no roles here',
    ),
    (404, status(404, "NotFound", 'pods "x" not found'), NotFound, "NotFound", 'pods "x" not found'),
    (409, status(409, "AlreadyExists", 'pods "x" already exists'), Refused, "AlreadyExists", 'pods "x" already exists'),
    (
        429,
        b"Too many requests, please try again later.\n",
        ServerFailed,
        "429",
        "Too many requests, please try again later.",
    ),
    (500, status(500, "", "etcdserver: request timed out"), ServerFailed, "500", "etcdserver: request timed out"),
    (502, b"<html>Bad Gateway</html>", ServerFailed, "502", "<html>Bad Gateway</html>"),
    (503, b"", ServerFailed, "503", "503"),
    (504, status(504, "Timeout", "Timeout: too slow"), ServerFailed, "Timeout", "Timeout: too slow"),
    (
        500,
        status(500, "InternalError", 'Internal error occurred: failed calling webhook "w"'),
        Refused,
        "InternalError",
        'Internal error occurred: failed calling webhook "w"',
    ),
    (
        500,
        status(500, "InternalError", 'admission webhook "w" denied the request: no'),
        Refused,
        "InternalError",
        'admission webhook "w" denied the request: no',
    ),
    (500, b'container not found ("app")', Refused, "500", 'container not found ("app")'),
    (200, b"not JSON", Refused, "unexpected_answer", None),
    (200, b"\xff\xfe", Refused, "unexpected_answer", None),
    (200, b"[" * 100_000, Refused, "unexpected_answer", None),
    (302, b"", Refused, "302", "302"),
]


@pytest.mark.parametrize(
    ("code", "body", "kind", "expected", "said"), ANSWERS, ids=[f"{n} {a[0]} {a[3]}" for n, a in enumerate(ANSWERS)]
)
def test_an_answer_that_is_none_becomes_our_error_with_its_words(
    code: int, body: bytes, kind: type[FlowError], expected: str, said: str | None
) -> None:
    with scripted(code, body, Audit_Id="a-b-c") as server:
        port = cluster(server.port)
        with pytest.raises(FlowError) as raised:
            port.pod("default", "x")
    error = raised.value
    assert type(error) is kind
    assert error.code == expected
    assert said is None or error.server_message == said
    assert error.operation == "get pods"
    assert (error.__cause__, error.__context__ is None) == (None, False)
    if code != 200:
        assert (error.status, error.request_id) == (code, "a-b-c")
    assert port.exchanges()[0].status == code
    assert len(server.received) == 1  # asked once


@pytest.mark.parametrize("body", [b"{}", b"[]", b"7", b'{"items": 3}'])
def test_a_list_without_items_is_unexpected(body: bytes) -> None:
    with scripted(200, body) as server, pytest.raises(Refused, match="items"):
        cluster(server.port).mutating_webhooks()


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"status": 3}', b'{"status": {"token": 3}}'])
def test_a_token_request_without_token_is_unexpected(body: bytes) -> None:
    with scripted(200, body) as server, pytest.raises(Refused, match="token"):
        cluster(server.port).request_token("a", "b", "c", 600)


def test_a_log_may_hold_anything_and_is_not_written_down() -> None:
    with scripted(200, b"password: hunter2\n") as server:
        port = cluster(server.port)
        assert port.pod_log("a", "b", "c") == "password: hunter2\n"
        (exchange,) = port.exchanges()
    assert "hunter2" not in repr(exchange)
    assert "container=c" in exchange.url
    assert "tailLines=" in exchange.url


def test_why_there_is_no_log_is_written_down() -> None:
    with scripted(400, b'{"kind": "Status", "message": "a container name must be specified"}') as server:
        port = cluster(server.port)
        with pytest.raises(Refused, match="container name"):
            port.pod_log("a", "b")
        (exchange,) = port.exchanges()
    assert "container name" in exchange.response_body


CALLS: dict[str, Callable[[KubernetesCluster], Any]] = {
    "get": lambda port: port.version(),
    "log": lambda port: port.pod_log("a", "b"),
    "create": lambda port: port.dry_run_pod("a", {"metadata": {}}),
    "exec": lambda port: port.execute("a", "b", "c", ["ls"]),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_refused_connection_is_unreachable(call: Callable[[KubernetesCluster], Any]) -> None:
    port = cluster(1)
    with pytest.raises(Unreachable) as raised:
        call(port)
    assert "Connection refused" in raised.value.server_message
    (exchange,) = port.exchanges()
    assert exchange.status == 0
    assert "Connection refused" in exchange.error


PAGES = [{"items": [1], "metadata": {"continue": "a b"}}, {"items": [2], "metadata": {"continue": ""}}]


def test_a_list_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []
    port = cluster(1)

    def page(operation: str, call: Any, *arguments: Any, **options: Any) -> bytes:
        asked.append(options)
        return json.dumps(PAGES[len(asked) - 1]).encode()

    monkeypatch.setattr(kubernetes_calls, "read_bytes", page)
    assert port.service_accounts("default") == [1, 2]
    assert [options.get("_continue") for options in asked] == [None, "a b"]


def test_a_list_is_not_read_for_ever() -> None:
    with scripted(200, json.dumps(PAGES[0]).encode()) as server:
        assert len(cluster(server.port).pods("default", "my-sa")) == PAGE_LIMIT
        assert len(server.received) == PAGE_LIMIT
    assert b"fieldSelector=spec.serviceAccountName%3Dmy-sa" in server.received[0]
    assert b"continue=a+b" in server.received[1] or b"continue=a%20b" in server.received[1]


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"status": {"allowed": "yes"}}'])
def test_an_access_review_without_an_answer_is_unexpected(body: bytes) -> None:
    with scripted(201, body) as server, pytest.raises(Refused, match="allowed"):
        cluster(server.port).allowed(Access(verb="get", path="/version"))


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_an_untrusted_certificate_is_unreachable(call: Callable[[KubernetesCluster], Any]) -> None:
    with exec_server(nothing) as port, pytest.raises(Unreachable) as raised:
        call(cluster(port, "https", trustme.CA().cert_pem.bytes()))
    assert "CERTIFICATE_VERIFY_FAILED" in raised.value.server_message


def test_a_token_that_no_header_can_hold_is_refused() -> None:
    port = KubernetesCluster(host="http://127.0.0.1:1", token="a\nb", transport=KubernetesTransport())
    with pytest.raises(FlowError):
        port.version()
    with pytest.raises(FlowError):
        port.execute("a", "b", "c", ["ls"])


# pods/exec

Behaviour = Callable[[ServerConnection], Awaitable[None]]
"""What the server does with a connection."""


@contextmanager
def exec_server(behave: Behaviour) -> Iterator[int]:
    """One loop in one thread: a TLS connection that is read in a thread and written in another can hang."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert("127.0.0.1").configure_cert(context)
    loop, stop, ports = asyncio.new_event_loop(), asyncio.Event(), Queue[int]()

    async def listen() -> None:
        protocols = [Subprotocol("v4.channel.k8s.io")]
        async with serve(behave, "127.0.0.1", 0, ssl=context, subprotocols=protocols) as server:
            ports.put(server.sockets[0].getsockname()[1])
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(listen()))
    thread.start()
    try:
        yield ports.get(timeout=SECONDS)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


async def nothing(_: ServerConnection) -> None:
    """Closes at once."""


def sends(*frames: bytes) -> Behaviour:
    async def behave(connection: ServerConnection) -> None:
        for frame in frames:
            await connection.send(frame)

    return behave


def run(behave: Behaviour) -> tuple[Any, KubernetesCluster]:
    with exec_server(behave) as port:
        port_ = cluster(port, "https", CA.cert_pem.bytes())
        return port_.execute("default", "web", "app", ["cat", "/a b"]), port_


SUCCESS = b'\x03{"metadata":{},"status":"Success"}'


def test_exec_collects_the_streams_and_the_exit_code() -> None:
    parts = b"\x01eyJhbGciOiJSUzI1NiJ9.eyJzdWIi", b"\x02warn", b"\x01OiJ4In0.c2lnbmF0dXJl", b"", SUCCESS
    execution, port = run(sends(*parts))
    assert (execution.stdout, execution.stderr, execution.exit_code) == (TOKEN, "warn", 0)
    (exchange,) = port.exchanges()
    assert exchange.status == 101
    assert "command=cat&command=%2Fa+b&container=app&stderr=true&stdout=true" in exchange.url
    assert f"{TOKEN.rpartition('.')[0]}.{MASK}" in exchange.response_body
    assert "c2lnbmF0dXJl" not in repr(exchange)
    assert ("Authorization", f"Bearer {MASK}") in exchange.request_headers


def test_the_recorded_handshake_is_what_went_over_the_wire() -> None:
    with scripted(400, status(400, "BadRequest", "no")) as server:
        port = cluster(server.port)
        with pytest.raises(Refused, match="no"):
            port.execute("default", "web", "app", ["ls"])
    (exchange,) = port.exchanges()
    sent = {name.lower(): value for name, value in exchange.request_headers}
    assert sent == server.headers() | {"authorization": f"Bearer {MASK}"}


@pytest.mark.parametrize("name", ["version", "exec"])
def test_another_user_is_named_in_every_request(name: str) -> None:
    headers = (("Impersonate-User", "jane"), ("Impersonate-Group", "dev"), ("Impersonate-Group", "ops"))
    with scripted(403, status(403, "Forbidden", "no")) as server:
        address = f"http://127.0.0.1:{server.port}"
        port = KubernetesCluster(host=address, token="", transport=KubernetesTransport(), impersonation=headers)
        with pytest.raises(NotPermitted):
            port.execute("a", "b", "c", ["ls"]) if name == "exec" else port.version()
    assert all(f"\r\n{name}: {value}\r\n".encode() in server.received[0] for name, value in headers)
    (exchange,) = port.exchanges()
    assert [it for it in exchange.request_headers if it[0].startswith("Impersonate-")] == [*headers]


def failure(**fields: Any) -> bytes:
    return b"\x03" + json.dumps({"status": "Failure", **fields}).encode()


def test_exec_tells_the_exit_code() -> None:
    details = {"causes": [{"reason": "ExitCode", "message": "2"}]}
    execution, _ = run(sends(failure(reason="NonZeroExitCode", details=details)))
    assert execution.exit_code == 2


def test_exec_that_could_not_start_is_refused_in_the_server_s_words() -> None:
    said = 'exec: "cat": executable file not found in $PATH'
    with pytest.raises(Refused) as raised:
        run(sends(failure(reason="InternalError", message=said, code=500)))
    assert (raised.value.code, raised.value.server_message, raised.value.status) == ("InternalError", said, 500)


@given(junk=st.binary(max_size=40) | st.sampled_from([b"[]", b"{}", b'{"status":"Failure","details":[]}', b"null"]))
def test_exec_survives_a_junk_status(junk: bytes) -> None:
    with pytest.raises(FlowError):
        exec_stream._exit_code(junk)


def test_exec_that_is_forbidden() -> None:
    said = 'pods "x" is forbidden: User "u" cannot get resource "pods/exec"'
    with scripted(403, status(403, "Forbidden", said)) as server:
        port = cluster(server.port)
        with pytest.raises(NotPermitted) as raised:
            port.execute("default", "web", "app", ["ls"])
    assert raised.value.server_message == said
    assert port.exchanges()[0].status == 403


def test_exec_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_stream, "READ_SECONDS", 0.2)

    async def hang(connection: ServerConnection) -> None:
        await connection.wait_closed()

    with exec_server(hang) as port, pytest.raises(Unreachable, match="timed out"):
        cluster(port, "https", CA.cert_pem.bytes()).execute("a", "b", "c", ["ls"])


def test_exec_hangs_up_on_endless_output(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_stream, "OUTPUT_LIMIT", 10_000)

    async def endless(connection: ServerConnection) -> None:
        while True:
            await connection.send(b"\x01" + b"y\n" * 1000)

    with pytest.raises(FlowError):
        run(endless)
