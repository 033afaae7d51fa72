"""No server, however hostile, makes a client take more than it says: counted is what the server got rid of."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Callable

import pytest
from websockets.utils import accept_key

from app.clients import bounds
from app.clients.aws.account import BotoAws
from app.clients.aws.calls import static_identity
from app.clients.kubernetes import calls as kubernetes_calls
from app.clients.kubernetes import exec_stream
from app.clients.kubernetes.cluster import KubernetesCluster
from app.clients.kubernetes.transport import KubernetesTransport
from app.content import load
from app.flow.errors import TooLarge, Unreachable
from app.flow.ports import Access
from app.flow.steps.findings import unseen
from tests.contracts.flood import IN_FLIGHT, flood, head
from tests.contracts.scripted import scripted

LIMIT = 1024 * 1024
PIECE = b"[]," * 20_000
MANY = str(1 << 40)
CHUNK = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
Ask = Callable[[int], object]


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit that is reached soon."""
    monkeypatch.setattr(bounds.BoundedPool, "limit", LIMIT)


def cluster(port: int, proxy_url: str = "") -> KubernetesCluster:
    transport = KubernetesTransport(proxy_url=proxy_url)
    return KubernetesCluster(host=f"http://127.0.0.1:{port}", token="x", transport=transport)


def aws(port: int) -> BotoAws:
    url = f"http://127.0.0.1:{port}"
    return BotoAws(region="ap-northeast-1", endpoint_url=url, identity=static_identity("AKIAEXAMPLE", "s"))


QUESTIONS: dict[str, Ask] = {
    "an object": lambda port: cluster(port).pod("default", "web"),
    "a list": lambda port: cluster(port).pods("default", "my-sa"),
    "a log": lambda port: cluster(port).pod_log("default", "web"),
    "a review": lambda port: cluster(port).allowed(Access(verb="get", resource="pods")),
    "by a proxy": lambda port: cluster(1, f"http://127.0.0.1:{port}").version(),
    "iam": lambda port: aws(port).role("s3-reader"),
    "sts": lambda port: aws(port).caller_identity(),
    "cloudtrail": lambda port: aws(port).assumptions("arn:aws:iam::111122223333:role/r", "s"),
}
BODIES = {
    "with a length": (head(Content_Length=MANY), PIECE),
    "without a length": (head(), PIECE),
    "in chunks": (head(Transfer_Encoding="chunked"), CHUNK),
    "of a refusal": (head(403, Content_Length=MANY), PIECE),
    "of a failure": (head(500), PIECE),
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("question", QUESTIONS)
def test_an_endless_body_is_cut_and_nothing_follows_from_it(question: str, body: str) -> None:
    with flood(*BODIES[body]) as server, pytest.raises(TooLarge) as raised:
        QUESTIONS[question](server.port)
    assert server.sent < LIMIT + IN_FLIGHT
    assert server.connections == 1
    assert (raised.value.code, raised.value.expected, unseen(raised.value)) == (
        "answer_too_large",
        str(LIMIT),
        "answer_too_large",
    )


@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip"])
@pytest.mark.parametrize("chunked", [False, True])
def test_what_is_packed_is_counted_unpacked(encoding: str, chunked: bool) -> None:
    packed = gzip.compress(b" " * 64 * LIMIT)  # 64 MB in 64 KB
    if encoding != "gzip":
        packed = gzip.compress(packed)
    first = head(Content_Encoding=encoding, Transfer_Encoding="chunked") if chunked else head(Content_Encoding=encoding)
    with flood(first, b"%x\r\n%s\r\n" % (len(packed), packed) if chunked else packed) as server:
        port = cluster(server.port)
        port.exchanges()
        tracemalloc.start()
        try:
            with pytest.raises(TooLarge):
                port.pod("default", "web")
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 8 * LIMIT


def test_a_packed_answer_of_an_honest_proxy_is_read() -> None:
    with scripted(200, gzip.compress(b'{"metadata": {"name": "web"}}'), Content_Encoding="gzip") as server:
        assert cluster(server.port).pod("default", "web") == {"metadata": {"name": "web"}}


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-Name: value\r\n" * 1000),
        (b"HTTP/1.1 200 OK\r\nX: ", b"x" * 100_000),
        (b"", b"HTTP/1.1 200 " + b"x" * 100_000),
    ],
    ids=["headers", "one header", "the status line"],
)
@pytest.mark.parametrize("question", ["an object", "by a proxy", "iam"])
def test_endless_headers_are_no_answer(question: str, first: bytes, piece: bytes) -> None:
    with flood(first, piece) as server, pytest.raises(Unreachable) as raised:
        QUESTIONS[question](server.port)
    assert server.sent < IN_FLIGHT
    assert unseen(raised.value) == "unreachable"


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        (head(Transfer_Encoding="chunked") + b"0\r\n", b"X-Trailer: value\r\n" * 100),
        (head(Content_Encoding="gzip"), gzip.compress(b"")),
    ],
    ids=["interim answers", "trailers", "nothing, packed"],
)
@pytest.mark.parametrize("question", ["an object", "iam"])
def test_what_never_becomes_a_body_ends_with_its_time(
    question: str, first: bytes, piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "ANSWER_SECONDS", 0.1)
    with flood(first, piece, most=1 << 50) as server, pytest.raises((Unreachable, TooLarge)):
        QUESTIONS[question](server.port)


def test_the_pages_of_a_list_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes_calls, "LIST_LIMIT", 3000)
    page = json.dumps({"metadata": {"continue": "more"}, "items": [{"x": "y" * 900}]}).encode()
    with scripted(200, page) as server, pytest.raises(TooLarge) as raised:
        cluster(server.port).pods("default", "my-sa")
    assert len(server.received) == 4
    assert raised.value.expected == "3000"


def upgraded(request: bytes) -> bytes:
    """The answer to a websocket's handshake."""
    lines = dict(line.split(b": ", 1) for line in request.split(b"\r\n")[1:] if b": " in line)
    key = {name.lower(): value for name, value in lines.items()}[b"sec-websocket-key"]
    return head(
        101,
        Upgrade="websocket",
        Connection="Upgrade",
        Sec_WebSocket_Accept=accept_key(key.decode()),
        Sec_WebSocket_Protocol=exec_stream.PROTOCOL,
    )


FRAMES = {
    "output": b"\x82\x7e\x7d\x00\x01" + b"x" * 31_999,
    "empty output": b"\x82\x01\x01" * 10_000,
    "unknown channels": b"\x82\x02\x09x" * 10_000,
    "pongs": b"\x8a\x00" * 10_000,
    "one large message": b"\x82\x7f" + (1 << 40).to_bytes(8, "big") + b"x" * 10_000,
}


@pytest.mark.parametrize("frames", FRAMES)
def test_an_endless_stream_is_cut_and_nothing_follows_from_it(frames: str) -> None:
    with flood(upgraded, FRAMES[frames]) as server, pytest.raises(TooLarge) as raised:
        cluster(server.port).execute("default", "web", "app", ["env"])
    assert server.sent < exec_stream.OUTPUT_LIMIT + IN_FLIGHT
    assert (raised.value.expected, raised.value.operation) == (str(exec_stream.OUTPUT_LIMIT), "get pods/exec")


def test_a_stream_that_sends_next_to_nothing_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_stream, "TOTAL_SECONDS", 0.0)
    with flood(upgraded, b"\x89\x00", most=1000) as server, pytest.raises(Unreachable) as raised:
        cluster(server.port).execute("default", "web", "app", ["env"])
    assert raised.value.code == "timed_out"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_check_says_that_the_answer_was_too_large(language: str) -> None:
    with flood(head(), PIECE) as server, pytest.raises(TooLarge) as raised:
        aws(server.port).role("s3-reader")
    content = load(language)
    assert content.message(f"reasons.{unseen(raised.value)}")
    assert str(LIMIT) in content.error(raised.value.words, **raised.value.values).got
