"""Connections to API servers: the way through a proxy, as it is asked for, and the TLS to the simulated one."""

import socket
import ssl
import threading
import time
from contextlib import suppress

import pytest
import trustme

from app.clients.kubernetes.transport import Dialer, loopback_context


@pytest.mark.parametrize(
    ("host", "authority"), [("10.0.0.1", "10.0.0.1:443"), ("a.example", "a.example:443"), ("fd00::1", "[fd00::1]:443")]
)
def test_a_proxy_is_asked_for_the_address_as_a_url_has_it(host, authority):
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def answer():
            connection, _ = proxy.accept()
            with connection:
                asked.extend(connection.recv(4096).decode().split("\r\n"))
                connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        dialer = Dialer(ssl.create_default_context(), proxy=proxy.getsockname())
        with dialer.connected((host, 443), tls=False, timeout=10):
            thread.join()
    assert asked[:2] == [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]


def test_a_proxy_that_responds_byte_by_byte_is_given_up(monkeypatch):
    monkeypatch.setattr("app.clients.kubernetes.transport.CONNECT_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def drip():
            connection, _ = proxy.accept()
            with connection, suppress(OSError):
                for _ in range(100):
                    connection.sendall(b"x")
                    time.sleep(0.05)

        thread = threading.Thread(target=drip)
        thread.start()
        dialer = Dialer(ssl.create_default_context(), proxy=proxy.getsockname())
        with pytest.raises(TimeoutError), dialer.connected(("a.example", 443), tls=False, timeout=10):
            pass
        thread.join()


def test_it_offers_p256_alone_and_so_no_expensive_key_exchange():
    context = loopback_context(trustme.CA().cert_pem.bytes())
    answers, asked = ssl.MemoryBIO(), ssl.MemoryBIO()
    connection = context.wrap_bio(answers, asked, server_hostname="127.0.0.1")
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        hello = asked.read()
    groups = bytes.fromhex("000a00040002") + bytes.fromhex("0017")  # supported_groups (RFC 8446, section 4.2.7)
    assert groups in hello
