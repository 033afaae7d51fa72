"""The client for the world's own servers: kept connections, and what becomes of broken answers."""

import asyncio

import pytest

from app.world.servers import http_client
from app.world.servers.http_client import Answer, AnswerTooLarge, HttpClient, NotOneRequest

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-A: 1\r\nx-a: 2\r\n\r\nok"


def served(answers, work):
    """Runs `work(client, requests)` against a server that answers each connection's requests with these bytes.

    Where they are over it closes the connection. `requests` has what came, by connection.
    """

    async def main():
        requests = []

        async def serve(reader, writer):
            requests.append(heads := [])
            for answer in answers:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = int(head.lower().partition("content-length: ")[2].split("\r\n")[0] or 0)
                heads.append(head + (await reader.readexactly(length)).decode())
                writer.write(answer)
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            client = HttpClient(server.sockets[0].getsockname()[1])
            try:
                return await asyncio.wait_for(work(client, requests), 10)
            finally:
                client.close()

    return asyncio.run(main())


def test_requests_in_turn_use_one_connection():
    async def work(client, requests):
        found = [await client.send("POST", "/a?b", {"host": "x", "c": "d"}, b"body") for _ in range(2)]
        return found, requests

    found, requests = served([OK, OK, OK], work)
    assert found == [Answer(status=200, headers=(("content-length", "2"), ("x-a", "1"), ("x-a", "2")), body=b"ok")] * 2
    assert requests == [["POST /a?b HTTP/1.1\r\nhost: x\r\nc: d\r\ncontent-length: 4\r\n\r\nbody"] * 2]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0"])
def test_what_would_be_read_as_two_requests_is_not_sent(end):
    async def work(client, requests):
        await client.send("GET", "/", {}, b"")
        second = f"x{end}{end}GET /b HTTP/1.1"
        for method, target, headers in (
            (second, "/", {}),
            ("GET", second, {}),
            ("GET", "/", {second: "x"}),
            ("GET", "/", {"user-agent": second}),
        ):
            with pytest.raises(NotOneRequest):
                await client.send(method, target, headers, b"")
        await client.send("GET", "/", {}, b"")
        return requests

    assert served([OK, OK], work) == [["GET / HTTP/1.1\r\n\r\n"] * 2]


def test_what_comes_before_an_answer_is_no_answer_to_this_request_nor_to_the_next():
    early = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    other = b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n"

    async def work(client, requests):
        first = await client.send("POST", "/", {"expect": "100-continue"}, b"body")
        return first, await client.send("GET", "/", {}, b""), len(requests)

    first, second, connections = served([early + OK, other], work)
    assert (first.status, first.body, [name for name, _ in first.headers]) == (
        200,
        b"ok",
        ["content-length", "x-a", "x-a"],
    )
    assert (second.status, connections) == (201, 1)


def test_the_answer_to_head_has_no_body_whatever_it_announces():
    async def work(client, requests):
        return [(await client.send("HEAD", "/", {}, b"")).body for _ in range(2)], len(requests)

    for answer in (OK.removesuffix(b"ok"), b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"):
        assert served([answer], work) == ([b"", b""], 2)


def test_a_connection_that_was_closed_or_is_too_old_is_not_used_again(monkeypatch):
    async def work(client, requests):
        await client.send("GET", "/", {}, b"")
        await asyncio.sleep(0.05)
        await client.send("GET", "/", {}, b"")
        return len(requests)

    assert served([OK], work) == 2
    assert served([OK, OK], work) == 1
    monkeypatch.setattr(http_client, "IDLE_SECONDS", 0.0)
    assert served([OK, OK], work) == 2


@pytest.mark.parametrize("close", [b"HTTP/1.1 200 OK\r\nconnection: close\r\n", b"HTTP/1.0 200 OK\r\n"])
def test_a_server_that_does_not_go_on_is_not_asked_to(close):
    async def work(client, requests):
        await client.send("GET", "/", {}, b"")
        await client.send("GET", "/", {}, b"")
        return len(requests)

    assert served([close + b"content-length: 0\r\n\r\n", OK], work) == 2


def test_chunks_are_one_body():
    chunks = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    assert served([chunks], lambda client, _: client.send("GET", "/", {}, b"")).body == b"abc"


@pytest.mark.parametrize(
    "answer", [b"", b"junk\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", b"HTTP/1.1 200 O"]
)
def test_half_an_answer_is_none(answer):
    with pytest.raises(ConnectionError):
        served([answer], lambda client, _: client.send("GET", "/", {}, b""))


def test_nobody_listens():
    async def work(client, requests):
        client._port = 1
        await client.send("GET", "/", {}, b"")

    with pytest.raises(ConnectionRefusedError):
        served([], work)


def test_a_request_that_was_given_up_leaves_no_answer_to_the_next():
    async def work(client, requests):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.send("GET", "/slow", {}, b"")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.send("GET", "/slow", {}, b"")
        return len(requests)

    half = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"
    assert served([half, OK], work) == 2


def test_no_more_than_so_many_requests_at_a_time(monkeypatch):
    monkeypatch.setattr(http_client, "CONNECTIONS_LIMIT", 2)

    async def work(client, requests):
        answers = await asyncio.gather(*(client.send("GET", "/", {}, b"") for _ in range(5)))
        return [answer.status for answer in answers], len(requests)

    statuses, connections = served([OK] * 5, work)
    assert statuses == [200] * 5
    assert connections == 2


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n", AnswerTooLarge),
        (b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n", ConnectionError),
    ],
)
def test_an_answer_without_end_and_one_that_takes_the_connection_over_are_given_up(monkeypatch, answer, error):
    monkeypatch.setattr(http_client, "ANSWER_LIMIT", 2)

    async def work(client, requests):
        await client.send("GET", "/", {}, b"")
        with pytest.raises(error):
            await client.send("GET", "/", {}, b"")
        await client.send("GET", "/", {}, b"")
        return [len(heads) for heads in requests]

    assert served([OK, answer, OK], work) == [2, 1]
