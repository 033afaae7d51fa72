"""A client that announces a body and does not send it gets the protocol's own answer, and holds up nobody."""

import socket
import ssl
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest

from app.world.lifecycle.simulation import Simulation
from app.world.servers import http, servers
from tests.waiting import SECONDS

pytestmark = pytest.mark.one_world


@pytest.fixture(autouse=True)
def impatient(world, monkeypatch):
    """Only now, when the world is made: what was asked for that took the time it needed."""
    monkeypatch.setattr(http, "BODY_SECONDS", 0.2)


def unfinished(address: str, head: str, ca_pem: bytes | None) -> bytes:
    """What the server answers to a request of which ten bytes of a hundred come, up to the closed connection."""
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), SECONDS) as plain:
        context = ssl.create_default_context(cadata=ca_pem.decode()) if ca_pem else None
        with context.wrap_socket(plain, server_hostname="127.0.0.1") if context else plain as connection:
            connection.sendall(f"{head}Host: 127.0.0.1\r\nContent-Length: 100\r\n\r\n0123456789".encode())
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
            return answer


def test_aws_says_request_timeout(simulation):
    answer = unfinished(simulation.aws_url, "POST / HTTP/1.1\r\n", None)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"<Code>RequestTimeout</Code>" in answer


def test_the_api_server_says_timeout(simulation, world):
    head = (
        f"POST /k8s/{world.path}/api/v1/namespaces HTTP/1.1\r\nAuthorization: Bearer {world.admin_token}\r\n"
        "Content-Type: application/json\r\n"
    )
    answer = unfinished(simulation.kubernetes_url, head, simulation.ca_pem)
    assert answer.startswith(b"HTTP/1.1 504")
    assert b'"reason":"Timeout"' in answer.replace(b'": "', b'":"')


def test_the_webhook_says_so_too(simulation, world):
    head = f"POST /webhook/{world.path}/mutate HTTP/1.1\r\nContent-Type: application/json\r\n"
    assert unfinished(simulation.kubernetes_url, head, simulation.ca_pem).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00"])
def test_a_handshake_that_is_not_finished_is_closed(monkeypatch, sent):
    monkeypatch.setattr(servers, "HANDSHAKE_SECONDS", 0.2)
    with Simulation() as simulation:
        where = urlsplit(simulation.kubernetes_url)
        with socket.create_connection((where.hostname, where.port), SECONDS) as client:
            client.sendall(sent)
            assert client.recv(65536) == b""


@pytest.mark.parametrize("server", ["aws", "kubernetes"])
def test_a_header_without_end_is_refused(simulation, server):
    where = urlsplit(simulation.aws_url if server == "aws" else simulation.kubernetes_url)
    context = ssl.create_default_context(cadata=simulation.ca_pem.decode())
    with socket.create_connection((where.hostname, where.port), SECONDS) as plain:
        tls = server == "kubernetes"
        with context.wrap_socket(plain, server_hostname="127.0.0.1") if tls else plain as client:
            client.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000)
            assert client.recv(65536).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("size", [1024 * 1024 + 1, 8 * 1024 * 1024])
def test_a_client_that_sends_all_of_a_large_body_first_reads_its_413(simulation, size):
    where = urlsplit(simulation.aws_url)
    with socket.create_connection((where.hostname, where.port), SECONDS) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {size}\r\n\r\n".encode())
        for _ in range(size // 65536):
            connection.sendall(b"x" * 65536)
        connection.sendall(b"x" * (size % 65536))
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


def test_a_client_that_waits_to_be_let_on_is_refused_before_it_sends(simulation):
    where = urlsplit(simulation.aws_url)
    with socket.create_connection((where.hostname, where.port), SECONDS) as connection:
        head = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2000000\r\nExpect: 100-continue\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 413")


def test_a_length_with_thousands_of_zeros_is_no_error_of_the_server(simulation):
    where = urlsplit(simulation.aws_url)
    with socket.create_connection((where.hostname, where.port), SECONDS) as connection:
        connection.sendall(f"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {'0' * 5000}1\r\n\r\nx".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 4")


def test_where_too_many_handshakes_are_not_finished_the_oldest_ends_and_others_are_served(simulation, monkeypatch, api):
    monkeypatch.setattr(servers, "HANDSHAKES", 3)
    where = urlsplit(simulation.kubernetes_url)
    with ExitStack() as stack:
        opened = []
        for _ in range(4):
            opened.append(stack.enter_context(socket.create_connection((where.hostname, where.port), SECONDS)))
            opened[-1].sendall(b"\x16\x03\x01\x02\x00")
        assert opened[0].recv(1) == b""
        assert api.get("/version").status == 200
        opened[-1].settimeout(0.05)
        with pytest.raises(TimeoutError):
            opened[-1].recv(1)
