"""What goes over the wire, and what comes of an answer, is what urllib3 alone would have made of it."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Mapping
from typing import Any

import pytest
from urllib3.connection import HTTPConnection

from app.clients import bounds, whole_answers
from app.clients.bounds import BoundedConnection
from app.clients.whole_answers import WholeResponse


class Ours(BoundedConnection, HTTPConnection):
    pass


def connected(kind: type[HTTPConnection]) -> tuple[HTTPConnection, socket.socket]:
    """A connection to a server, which is the other end of a pair of sockets."""
    connection = kind("127.0.0.1", 8080, timeout=5)
    connection.sock, server = socket.socketpair()
    return connection, server


def written(kind: type[HTTPConnection], method: str, body: Any, headers: Mapping[str, Any]) -> list[bytes]:
    connection, server = connected(kind)
    with server:
        try:
            connection.request(method, "/a?b=c", body, headers)
        finally:
            connection.close()
        received = []
        while piece := server.recv(65536):
            received.append(piece)
        return received


AGENT = {"User-Agent": "irsa-explorer/1"}


METHODS = ("GET", "DELETE", "POST", "PUT", "PATCH", "HEAD", "OPTIONS")


@pytest.mark.parametrize("body", [None, b"", b"bytes", "日本", [b"pieces", b"of one"]], ids=repr)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        AGENT,
        {**AGENT, "Host": "issuer.example", "accept-encoding": "gzip"},
        {**AGENT, "Authorization": b"Bearer x", "X-Amz-Date": "20261128T000000Z", "Content-Length": "5"},
        {**AGENT, "Transfer-Encoding": "chunked"},
    ],
    ids=["none", "an agent", "its own host", "bytes and a length", "chunked"],
)
def test_a_request_of_each_method_is_what_urllib3_writes(body: Any, headers: Mapping[str, Any]) -> None:
    def all_written(kind: type[HTTPConnection]) -> dict[str, bytes]:
        return {method: b"".join(written(kind, method, body, headers)) for method in METHODS}

    assert all_written(Ours) == all_written(HTTPConnection)


@pytest.mark.parametrize("header", ["a\nb", "a\r\nb", "日本"])
def test_a_header_that_cannot_be_sent_is_refused_as_ever(header: str) -> None:
    for kind in (HTTPConnection, Ours):
        with pytest.raises(ValueError, match=r"Invalid header value|latin-1"):
            written(kind, "GET", None, {**AGENT, "X": header})


PLAIN = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nset-cookie: a\r\nSet-Cookie:  b \r\n\r\nhello"
ANSWERS = {
    "plain": PLAIN,
    "a refusal": b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno",
    "no reason": b"HTTP/1.1 500\r\nContent-Length: 2\r\n\r\nno",
    "nothing": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "to the end": b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nhello",
    "the last one": PLAIN.replace(b"set-cookie: a", b"connection: close"),
    "an interim one first": b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
    "a header of two lines": PLAIN.replace(b"cookie: a", b"cookie: a\r\n b"),
    "a header that goes on after many tabs": PLAIN.replace(b"cookie: a", b"cookie: a" + b"\t" * 30_000 + b"b\r\n \t c"),
    "no content": b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.0": PLAIN.replace(b"1.1", b"1.0"),
    "more than it says": PLAIN + b"HTTP/1.1 200 OK\r\n",
    "less than it says": PLAIN[:-2],
    "packed": b"HTTP/1.1 200 OK\r\nContent-Length: 25\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello"),
    "line feeds alone": PLAIN.replace(b"\r\n", b"\n"),
    "two lengths": PLAIN.replace(b"set-cookie: a", b"content-length: 5"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
    "silence": b"",
}
WHOLE = ("plain", "a refusal", "no reason", "nothing")


def answered(kind: type[HTTPConnection], sent: bytes) -> tuple[object, object]:
    """What comes of an answer, and the response where there is one."""
    connection, server = connected(kind)
    connection.request("GET", "/", headers=AGENT)
    server.recv(65536)
    server.sendall(sent)
    server.close()
    try:
        response = connection.getresponse()
        made = (response.status, response.reason, response.version, list(response.headers.items()), response.data)
        return made, response
    except Exception as error:
        return type(error).__name__, None
    finally:
        connection.close()


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_what_urllib3_makes_of_it(name: str) -> None:
    expected, _ = answered(HTTPConnection, ANSWERS[name])
    got, response = answered(Ours, ANSWERS[name])
    assert got == expected
    assert isinstance(response, WholeResponse) == (name in WHOLE)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_answer_is_handed_on_in_one_piece(name: str) -> None:
    _, response = answered(Ours, ANSWERS[name])
    assert isinstance(response, WholeResponse)
    assert list(response.stream(2)) == [response.data] == [response.read()]


def test_a_connection_serves_one_question_after_the_other() -> None:
    connection, server = connected(Ours)
    with server:
        for sent in (PLAIN, ANSWERS["chunks"], PLAIN):
            connection.request("POST", "/", b"{}", AGENT)
            assert server.recv(65536).endswith(b"\r\n\r\n{}")
            server.sendall(sent)
            assert connection.getresponse().data == b"hello"
    connection.close()


def test_an_answer_that_comes_in_crumbs_ends_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ours, "seconds", 0.0)
    connection, server = connected(Ours)
    with server:
        connection.request("GET", "/", headers=AGENT)
        server.sendall(PLAIN[:-1])
        with pytest.raises(TimeoutError):
            connection.getresponse()
    connection.close()


def test_a_large_body_is_left_to_the_pool_that_counts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole_answers, "BODY_LIMIT", 4)
    _, response = answered(Ours, PLAIN)
    assert not isinstance(response, WholeResponse)
    assert bounds.ANSWER_LIMIT > whole_answers.BODY_LIMIT
