"""The open connections of a server: their number, and how long a client may take."""

import asyncio
import contextlib
import ipaddress
import socket
import threading

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.sync.client import connect

from app.serving.transport import protocols
from app.serving.transport.connections import ConnectionLimits, Connections
from app.serving.transport.joined_writes import SIZE_LIMIT, JoinedWrites
from app.serving.transport.protocols import (
    ALIVE,
    CONTROLS,
    DIRECTLY,
    FRAGMENTS,
    PIPELINED,
    answer,
    http_protocol,
    websocket_protocol,
)
from app.serving.visitor import Network
from tests.waiting import SECONDS, eventually

BUSY = answer("503 Service Unavailable", "full\n", "retry-after: 30")
GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LARGE = 32 * 1024 * 1024


async def hello(request):
    return PlainTextResponse(f"hello {len(await request.body())}")


async def names(request):
    await request.body()
    return PlainTextResponse(" ".join(sorted(request.headers)))


async def large(request):
    return PlainTextResponse(b"x" * LARGE)


async def echo(websocket):
    await websocket.accept()
    with contextlib.suppress(Exception):
        while True:
            await websocket.send_bytes(await websocket.receive_bytes())


async def many(websocket):
    """Says all that it is asked for in one turn of the loop."""
    await websocket.accept()
    with contextlib.suppress(Exception):
        while asked := await websocket.receive_text():
            for number, size in enumerate(map(int, asked.split())):
                text = str(number).ljust(size)
                await (websocket.send_text(text) if number % 2 else websocket.send_bytes(text.encode()))


async def directly(websocket):
    """Says as many messages of each size as it is asked for, and then how many went the short way. What has to wait
    goes through a task, as Streamlit's messages do."""
    await websocket.accept()
    send, waiting = websocket.scope["extensions"][DIRECTLY], asyncio.Queue()

    async def sender():
        while True:
            await websocket.send_bytes(await waiting.get())

    task = asyncio.create_task(sender())
    with contextlib.suppress(Exception):
        while asked := await websocket.receive_text():
            short = 0
            for number, size in enumerate(map(int, asked.split())):
                data = str(number).encode().ljust(size)
                if waiting.empty() and send(data):
                    short += 1
                else:
                    waiting.put_nowait(data)
                if not number % 10:
                    await asyncio.sleep(0)
            waiting.put_nowait(f"short {short}".encode())
    task.cancel()


@contextlib.contextmanager
def serving(**limits):
    """The port of a server within those limits, and its connections."""
    granted = {"connections": 100, "per_address": 100, "sweep_seconds": 0.05, **limits}
    connections = Connections(ConnectionLimits(**granted), BUSY)
    pages = [
        Route("/", hello, methods=["GET", "POST"]),
        Route("/large", large),
        Route("/names", names, methods=["POST"]),
    ]
    sockets = {"/ws": echo, "/many": many, "/directly": directly}
    app = Starlette(routes=[*pages, *(WebSocketRoute(path, take) for path, take in sockets.items())])
    config = uvicorn.Config(
        app,
        http=http_protocol(connections),
        ws=websocket_protocol(connections),
        ws_max_size=100_000,
        ws_ping_interval=None,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=asyncio.run, args=(server.serve(sockets=[listener]),))
    thread.start()
    try:
        yield listener.getsockname()[1], connections
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def dial(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), SECONDS)


def rest(client: socket.socket) -> bytes:
    """All that comes until the server closes the connection."""
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := client.recv(65536):
            got += chunk
    return got


def until(client: socket.socket, end: bytes) -> bytes:
    """What comes up to `end`."""
    got = b""
    while not got.endswith(end) and (chunk := client.recv(65536)):
        got += chunk
    return got


def lives(port: int) -> bool:
    with dial(port) as client:
        client.sendall(GET)
        return client.recv(65536).startswith(b"HTTP/1.1 200")


# (1) Heads


def test_a_header_without_end_is_refused_where_the_limit_is():
    with serving(head_bytes=10_000) as (port, _), dial(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: ")
        sent = 0
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while sent < LARGE:
                sent += client.send(b"x" * 1000)
        assert sent < LARGE
        assert lives(port)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nX: " + b"x" * 10_000,
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 10_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"A: %d\r\n" % number for number in range(5000)) + b"\r\n",
        b"GET /" + b"x" * 10_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    ],
)
def test_large_headers_get_431(head):
    with serving(head_bytes=10_000) as (port, _), dial(port) as client:
        client.sendall(head)
        assert rest(client).startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")


@pytest.mark.parametrize(
    ("few", "many"),
    [
        (b"A: b\r\n" * 100, b"A: b\r\n" * 130),
        (b"Cookie: a%s\r\n" % (b"; a" * 900), b"Cookie: a%s\r\n" % (b"; a" * 1001)),
    ],
)
def test_many_headers_and_many_cookies_get_431(few, many):
    with serving() as (port, _):
        for headers, status in ((few, b"200"), (many, b"431")):
            with dial(port) as client:
                client.sendall(GET[:-2] + headers + b"Connection: close\r\n\r\n")
                assert rest(client)[9:12] == status


def test_a_body_does_not_count_as_a_head():
    body = b"x" * 200_000
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    with serving(head_bytes=10_000) as (port, _), dial(port) as client:
        for _ in range(3):
            client.sendall(head + body)
            assert until(client, b"hello 200000").startswith(b"HTTP/1.1 200")


CHUNKED = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("begin", "more"),
    [(b"5\r\nhello\r\n0\r\nX: ", b"x" * 1000), (b"0\r\n", b"a: b\r\n" * 100), (b"5;a=", b"x" * 1000)],
    ids=["a trailer", "trailers", "an extension of a chunk"],
)
def test_what_stands_in_no_body_is_refused_where_the_limit_is(begin, more):
    with serving(head_bytes=10_000) as (port, _), dial(port) as client:
        client.sendall(CHUNKED + begin)
        sent = 0
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while sent < LARGE:
                sent += client.send(more)
        assert sent < LARGE
        assert lives(port)


def test_a_trailer_is_no_header_and_ends_a_body():
    body = b"3\r\nhel\r\n2\r\nlo\r\n0\r\nX-Trailer: x\r\n\r\n"
    with serving() as (port, _), dial(port) as client:
        for _ in range(2):
            client.sendall(CHUNKED.replace(b"/", b"/names", 1) + body)
            assert b"x-trailer" not in until(client, b"transfer-encoding")


@pytest.mark.parametrize(
    "junk",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nA\x00: b\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_malformed_requests_get_400(junk):
    with serving() as (port, _):
        with dial(port) as client:
            client.sendall(junk)
            assert rest(client).startswith(b"HTTP/1.1 400")
        assert lives(port)


def test_a_flood_of_pipelined_requests_is_cut_off():
    with serving() as (port, _):
        with dial(port) as client, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(GET * 5000)
            assert rest(client).count(b"hello") <= PIPELINED + 1
        assert lives(port)


def test_some_pipelined_requests_are_answered():
    with serving() as (port, _), dial(port) as client:
        client.sendall(GET * (PIPELINED - 1) + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert rest(client).count(b"hello") == PIPELINED


# (2) Time


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n",
        b"\r\n\r\n",
        GET + b"GET / HT",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10\r\n\r\n12345",
        b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123",
    ],
)
def test_a_request_that_is_not_finished_is_closed(sent):
    with serving(head_seconds=0.1, body_seconds=0.1) as (port, _), dial(port) as client:
        client.sendall(sent)
        rest(client)


def test_a_client_that_drips_is_closed_all_the_same():
    with serving(head_seconds=0.2) as (port, connections), dial(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nX: ")
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while True:
                client.sendall(b"x")
                threading.Event().wait(0.01)
        assert not connections


def test_a_client_that_does_not_read_is_closed():
    with serving(write_seconds=0.2) as (port, connections), dial(port) as client:
        client.sendall(GET.replace(b"/ ", b"/large ", 1))
        while not connections:
            threading.Event().wait(0.01)
        while connections:
            threading.Event().wait(0.01)
        assert len(rest(client)) < LARGE


def test_one_that_reads_slowly_is_not_closed():
    connections = Connections(ConnectionLimits(connections=1, per_address=1, write_seconds=10), BUSY)

    class Transport:
        aborted = False
        unread = 0

        def get_write_buffer_size(self):
            return self.unread

        def abort(self):
            self.aborted = True

    async def reading():
        transport = Transport()
        connection = connections.enter(transport, ("192.0.2.1", 1))
        connection.deadline = None
        for now, transport.unread in enumerate(range(100, 0, -10)):
            connections.sweep(now * 9.0)
            assert not transport.aborted
        connections.sweep(9 * 9.0 + 9)
        assert not transport.aborted
        connections.sweep(9 * 9.0 + 10)
        assert transport.aborted

    asyncio.run(reading())


# (3) Room


def test_who_finds_no_room_reads_why_and_the_next_one_finds_it():
    with serving(connections=2, per_address=2) as (port, connections):
        with dial(port) as first, dial(port) as second:
            for client in (first, second):
                client.sendall(GET)
                until(client, b"hello 0")
            with dial(port) as third:
                third.sendall(GET)
                assert rest(third) == BUSY
            for asked, body in (b"GET /healthz", b"ok\n"), (b"HEAD /healthz", b""), (b"GET /healthz?a=b", b"ok\n"):
                with dial(port) as probe:
                    probe.sendall(asked + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                    head, _, found = rest(probe).partition(b"\r\n\r\n")
                    assert (head.split(b"\r\n")[0], found) == (b"HTTP/1.1 200 OK", body), asked
            with dial(port) as other:
                other.sendall(b"GET /healthzz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert rest(other) == BUSY
            with pytest.raises(InvalidStatus, match="503"):
                connect(f"ws://127.0.0.1:{port}/ws")
        while connections:
            threading.Event().wait(0.01)
        assert lives(port)


def test_refusals_are_bounded_too_and_one_that_asks_for_nothing_keeps_no_probe_from_its_answer():
    with serving(connections=1, per_address=1, refusals=1, head_seconds=SECONDS) as (port, _):
        with dial(port) as first, dial(port) as second, dial(port) as probe:
            first.sendall(GET)
            until(first, b"hello 0")
            assert rest(second) == b""
            probe.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert rest(probe) == ALIVE[b"GET "]


@pytest.mark.parametrize(
    ("clients", "trusted", "expected"),
    [
        (["192.0.2.1"] * 3 + ["192.0.2.2"], (), [True, True, False, True]),
        (["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:1::"], (), [True, True, False, True]),
        (["192.0.2.1"] * 2 + ["192.0.2.2"] * 2 + ["192.0.2.3"], (), [True, True, True, False, True]),
        (["192.0.2.1"] * 5, ("192.0.2.0/24",), [True, True, True, True, False]),
    ],
)
def test_one_address_may_not_take_all(clients, trusted, expected):
    networks: tuple[Network, ...] = tuple(ipaddress.ip_network(name) for name in trusted)
    connections = Connections(ConnectionLimits(connections=4, per_address=2, trusted=networks), BUSY)

    async def entering():
        transports = [asyncio.Transport() for _ in clients]
        entered = [
            connections.enter(transport, (client, 1)) is not None
            for transport, client in zip(transports, clients, strict=True)
        ]
        assert entered == expected
        for transport in (*transports, *transports):
            connections.leave(transport)
        assert not connections
        assert connections.enter(transports[0], (clients[0], 1)) is not None
        connections.leave(transports[0])

    asyncio.run(entering())


# (4) Websockets


def test_a_websocket_keeps_its_room_until_it_is_closed():
    with serving(connections=1, per_address=1) as (port, connections):
        with connect(f"ws://127.0.0.1:{port}/ws", compression=None) as client:
            client.send(b"hello")
            assert client.recv() == b"hello"
            with dial(port) as other:
                other.sendall(GET)
                assert rest(other) == BUSY
        while connections:
            threading.Event().wait(0.01)
        assert lives(port)


def test_a_websocket_may_be_silent():
    with serving(head_seconds=0.1, body_seconds=0.1, write_seconds=0.1) as (port, connections):
        with connect(f"ws://127.0.0.1:{port}/ws") as client:
            threading.Event().wait(0.5)
            client.send(b"hello")
            assert client.recv() == b"hello"
            assert len(connections) == 1


@pytest.mark.parametrize(
    ("sizes", "writes"), [([3] * 50, 1), ([3, SIZE_LIMIT, 3, 3], 2), ([SIZE_LIMIT // 2 + 1] * 4, 2), ([0], 1)]
)
def test_messages_of_one_turn_are_written_at_once_up_to_a_bound(sizes, writes, monkeypatch):
    written, flush = [], JoinedWrites._flush

    def counted(transport):
        if transport._waiting:
            written.append(transport._size)
        flush(transport)

    with serving() as (port, _), connect(f"ws://127.0.0.1:{port}/many", compression=None) as client:
        monkeypatch.setattr(JoinedWrites, "_flush", counted)
        client.send(" ".join(map(str, sizes)))
        for number, size in enumerate(sizes):
            said = client.recv(SECONDS)
            assert isinstance(said, str) is bool(number % 2)
            assert len(said) == max(size, 1)
            assert int(said) == number
        assert len(written) == writes


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_a_message_that_goes_the_short_way_is_the_same_for_the_client(compression):
    sizes = [1, 125, 126, 127, 65_535, 65_536, 70_000]
    with serving() as (port, _), connect(f"ws://127.0.0.1:{port}/directly", compression=compression) as client:
        client.send(" ".join(map(str, sizes)))
        for number, size in enumerate(sizes):
            assert client.recv(SECONDS) == str(number).encode().ljust(size)
        assert client.recv(SECONDS) == f"short {len(sizes)}".encode()


def test_what_waits_for_a_client_that_does_not_read_stays_in_its_order():
    sizes = [200_000] * 100
    with serving() as (port, _), connect(f"ws://127.0.0.1:{port}/directly", max_queue=1, compression=None) as client:
        client.send(" ".join(map(str, sizes)))
        threading.Event().wait(0.2)  # the buffers of both ends are full by then
        assert [int(client.recv(SECONDS)) for _ in sizes] == list(range(len(sizes)))
        _, short = client.recv(SECONDS).split()
        assert 0 < int(short) < len(sizes)


def test_the_short_way_ends_with_the_connection():
    ways = []

    handle = protocols.BoundedWebSocket.handle_connect

    def handled(protocol, event):
        handle(protocol, event)
        ways.append((protocol.scope["extensions"], protocol.send_directly))

    with pytest.MonkeyPatch.context() as patch, serving() as (port, connections):
        patch.setattr(protocols.BoundedWebSocket, "handle_connect", handled)
        with connect(f"ws://127.0.0.1:{port}/ws", compression=None) as client:
            client.send(b"hello")
            assert client.recv() == b"hello"
        while connections:
            threading.Event().wait(0.01)
    [(extensions, send)] = ways
    assert DIRECTLY not in extensions, "the connection would wait, in a circle, for a search for garbage"
    assert not send(b"late")


def test_a_message_that_is_too_long_closes_the_websocket():
    with serving() as (port, _), connect(f"ws://127.0.0.1:{port}/ws", compression=None) as client:
        client.send(b"x" * 100_001)
        with pytest.raises(ConnectionClosed) as caught:
            client.recv()
        assert caught.value.rcvd.code == 1009


def test_a_message_in_crumbs_closes_the_websocket():
    crumb = Frame(Opcode.CONT, b"", fin=False).serialize(mask=True)
    with serving() as (port, _), connect(f"ws://127.0.0.1:{port}/ws", compression=None) as client:
        client.socket.sendall(Frame(Opcode.BINARY, b"", fin=False).serialize(mask=True) + crumb * (FRAGMENTS + 1))
        with pytest.raises(ConnectionClosed) as caught:
            client.recv()
        assert caught.value.rcvd.code == 1008


@pytest.mark.parametrize("count", [500, 5000])
def test_many_messages_at_once_close_the_websocket(count):
    message = Frame(Opcode.BINARY, b"").serialize(mask=True)
    with serving() as (port, _), connect(f"ws://127.0.0.1:{port}/ws", compression=None) as client:
        client.socket.sendall(message * count)
        came = 0
        with contextlib.suppress(ConnectionClosed):
            while came < count:
                came += client.recv() == b""
        assert (client.close_code, came < count) == (None if count == 500 else 1008, count == 5000)


@pytest.mark.parametrize("fin", [True, False], ids=["half of a frame", "fragments"])
def test_unfinished_messages_of_an_address_take_so_much_together(fin):
    part = Frame(Opcode.BINARY, b"x" * 40_000, fin=fin).serialize(mask=True)[: 30_000 if fin else None]
    with serving(part_bytes=100_000) as (port, connections), contextlib.ExitStack() as stack:
        url = f"ws://127.0.0.1:{port}/ws"
        clients = [stack.enter_context(connect(url, compression=None)) for _ in range(4 if fin else 3)]
        for number, client in enumerate(clients):
            eventually(lambda number=number: connections._parts.total() >= 29_000 * number)
            client.socket.sendall(part)
        with pytest.raises(ConnectionClosed) as caught:
            clients[-1].recv(SECONDS)
        assert caught.value.rcvd.code == 1008
        for client in clients[:2]:
            client.socket.close()
        with connect(url, compression=None) as next_one:
            next_one.send(b"x" * 60_000)
            assert len(next_one.recv(SECONDS)) == 60_000


@pytest.mark.parametrize("size", [100, 5_000])
def test_a_handshake_that_comes_in_pieces_is_no_unfinished_message(size):
    with serving() as (port, connections):
        with connect(f"ws://127.0.0.1:{port}/ws", additional_headers={"Cookie": "a=" + "x" * size}) as client:
            client.send(b"hello")
            assert client.recv() == b"hello"
            assert connections._parts.total() == 0
            assert not any(connections._parts.values())
        while connections:
            threading.Event().wait(0.01)
        assert not any(connections._parts.values())


@pytest.mark.parametrize("opcode", [Opcode.PING, Opcode.PONG])
def test_pings_and_pongs_without_end_close_the_websocket(opcode):
    frame = Frame(opcode, b"").serialize(mask=True)
    with serving() as (port, _), connect(f"ws://127.0.0.1:{port}/ws", compression=None) as client:
        client.socket.sendall(frame * (CONTROLS // 2))
        client.send(b"hello")
        assert client.recv() == b"hello"
        client.socket.sendall(frame * CONTROLS)
        with pytest.raises(ConnectionClosed) as caught:
            client.recv()
        assert caught.value.rcvd.code == 1008


def test_pings_and_pongs_are_counted_again_after_a_while(monkeypatch):
    monkeypatch.setattr(protocols, "CONTROL_SECONDS", 0.0)
    with serving() as (port, _), connect(f"ws://127.0.0.1:{port}/ws", compression=None) as client:
        client.socket.sendall(Frame(Opcode.PONG, b"").serialize(mask=True) * 2 * CONTROLS)
        client.send(b"hello")
        assert client.recv() == b"hello"


def test_a_client_that_pings_and_does_not_read_is_closed(monkeypatch):
    monkeypatch.setattr(protocols, "CONTROLS", LARGE)
    ping = Frame(Opcode.PING, b"x" * 125).serialize(mask=True) * 100
    with serving(write_bytes=100_000) as (port, connections):
        with dial(port) as plain:
            plain.sendall(
                b"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            assert plain.recv(65536).startswith(b"HTTP/1.1 101")
            sent = 0
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                while sent < LARGE:
                    sent += plain.send(ping)
            assert sent < LARGE
        while connections:
            threading.Event().wait(0.01)


UNREADABLE = (
    ("/ws", [f"X-{number}: x" for number in range(130)], 431),
    ("/ws", [f"X: {'x' * 9000}"], 431),
    (f"/ws?{'x' * 9000}", [], 414),
    ("/ws", ["Content-Length: 4"], 400),
    ("/ws", ["Transfer-Encoding: chunked"], 400),
    ("/wsé", [], 400),
)


def test_a_handshake_that_the_library_does_not_read_is_answered_and_its_connection_closed(caplog):
    upgrade = ["Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade"]
    with serving() as (port, connections):
        for path, headers, status in UNREADABLE:
            with dial(port) as client:
                client.sendall("\r\n".join([f"GET {path} HTTP/1.1", *upgrade, *headers, "", ""]).encode())
                assert rest(client).startswith(f"HTTP/1.1 {status} ".encode()), (path[:10], headers[:1])
        eventually(lambda: not connections)
    assert not [record for record in caplog.records if record.exc_info], "nothing has failed"
