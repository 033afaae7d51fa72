"""The way through a proxy, as it is asked for."""

import socket
import ssl
import threading

import pytest

from app.clients.kubernetes.transport import Dialer


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
        with dialer.connected((host, 443), tls=False, timeout=10, connect_timeout=10):
            thread.join()
    assert asked[:2] == [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
