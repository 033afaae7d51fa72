"""The issuer's client alone: real TLS to an issuer that lives somewhere else than its name says."""

from __future__ import annotations

import hashlib
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.clients import issuer
from app.clients.issuer import IssuerTransport, PublicIssuer, transport_to
from app.flow.errors import FlowError, NotFound, NotPermitted, Refused, ServerFailed, TooLarge, Unreachable
from tests.waiting import SECONDS

HOST = "oidc.example"
ISSUER = f"https://{HOST}/id/A"
ROOT = trustme.CA()
INTERMEDIATE = ROOT.create_child_ca()


class Server:
    """Answers every request on a kept connection with the same bytes."""

    def __init__(self, answer: bytes, *, tunnels: bool = False) -> None:
        """`tunnels`: it is reached as the http proxy that leads to it."""
        self.answer = answer
        self.tunnels = tunnels
        self.asked: list[bytes] = []
        self.received: list[bytes] = []
        self.connections = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        INTERMEDIATE.issue_cert(HOST).configure_cert(self._context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._listener.getsockname()

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # closed: the test is over
                return
            connection.settimeout(SECONDS)
            if self.tunnels:
                self.asked.append(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            try:
                with self._context.wrap_socket(connection, server_side=True) as tls:
                    self.connections += 1
                    while request := tls.recv(65536):
                        self.received.append(request)
                        tls.sendall(self.answer)
            except OSError:  # a client that does not trust us, or only looks
                connection.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@contextmanager
def served(body: bytes, status: int = 200, *, tunnels: bool = False) -> Iterator[Server]:
    answer = b"HTTP/1.1 %d S\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
    server = Server(answer, tunnels=tunnels)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.close()


def client(server: Server, ca_pem: bytes | None = None) -> PublicIssuer:
    return PublicIssuer(IssuerTransport(connect_to=server.address, ca_pem=ca_pem or ROOT.cert_pem.bytes()))


def test_documents_come_from_the_named_host_over_one_connection() -> None:
    with served(b'{"issuer": "x"}') as server:
        port = client(server)
        assert port.discovery(ISSUER) == {"issuer": "x"}
        assert port.jwks(f"{ISSUER}/keys?a=b") == {"issuer": "x"}
    assert server.connections == 1
    assert server.received[0].startswith(b"GET /id/A/.well-known/openid-configuration HTTP/1.1\r\n")
    assert b"\r\nHost: oidc.example\r\n" in server.received[0]
    assert server.received[1].startswith(b"GET /id/A/keys?a=b HTTP/1.1\r\n")
    first, second = port.exchanges()
    assert (first.caller, first.callee, first.method, first.status) == ("explorer", "issuer", "GET", 200)
    assert first.url == f"{ISSUER}/.well-known/openid-configuration"
    assert first.response_body == '{"issuer": "x"}'
    assert second.url == f"{ISSUER}/keys?a=b"
    head = server.received[0].decode().rstrip().split("\r\n")[1:]
    assert {tuple(line.split(": ")) for line in head} == set(first.request_headers)


def test_the_thumbprint_is_that_of_the_last_certificate_served_trusted_or_not() -> None:
    last = x509.load_pem_x509_certificate(INTERMEDIATE.cert_pem.bytes())
    expected = hashlib.sha1(last.public_bytes(Encoding.DER), usedforsecurity=False).hexdigest()
    with served(b"") as server:
        assert client(server).thumbprint(f"{ISSUER}/keys") == expected
        assert client(server, trustme.CA().cert_pem.bytes()).thumbprint(f"{ISSUER}/keys") == expected


@pytest.mark.skipif(sys.version_info < (3, 13), reason="ssl shows no unverified chain")
def test_after_the_documents_the_thumbprint_takes_no_connection_of_its_own() -> None:
    with served(b"{}") as server:
        expected = client(server).thumbprint(f"{ISSUER}/keys")
        port = client(server)
        port.jwks(f"{ISSUER}/keys")
        before = server.connections
        assert port.thumbprint(f"{ISSUER}/keys") == expected
        assert server.connections == before


def test_a_chain_that_is_not_trusted_is_unreachable() -> None:
    with served(b"{}") as server, pytest.raises(Unreachable, match="CERTIFICATE_VERIFY_FAILED"):
        client(server, trustme.CA().cert_pem.bytes()).discovery(ISSUER)


def test_another_host_s_certificate_is_not_taken() -> None:
    with served(b"{}") as server, pytest.raises(Unreachable, match="Hostname mismatch"):
        client(server).discovery("https://evil.example/id/A")


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (403, NotPermitted), (500, ServerFailed), (429, ServerFailed), (302, Refused)]
)
def test_another_status_is_our_error(status: int, kind: type[FlowError]) -> None:
    with served(b"words", status) as server:
        port = client(server)
        with pytest.raises(kind) as raised:
            port.discovery(ISSUER)
    assert (raised.value.status, raised.value.server_message) == (status, "words")
    assert len(server.received) == 1


@pytest.mark.parametrize("body", [b"", b"no JSON", b"\xff", b"[" * 5000, b'"\\ud800"'])
def test_what_is_no_json_is_unexpected(body: bytes) -> None:
    with served(body) as server, pytest.raises(Refused) as raised:
        client(server).jwks(ISSUER)
    assert raised.value.code == "unexpected_answer"


def test_a_huge_document_is_cut_and_nothing_follows_from_it() -> None:
    with served(b'"' + b"a" * issuer.BODY_LIMIT + b'"') as server, pytest.raises(TooLarge, match="1048576 bytes"):
        client(server).jwks(ISSUER)


@pytest.mark.parametrize(
    "url",
    ["http://oidc.example/id", "oidc.example", "", "https://", "https://[::1", "https://a:b", "file:///etc/passwd"],
)
def test_only_https_is_asked(url: str) -> None:
    port = PublicIssuer(IssuerTransport(connect_to=("127.0.0.1", 1)))
    with pytest.raises(Refused):
        port.jwks(url)
    with pytest.raises(Refused):
        port.thumbprint(url)


def test_a_ca_from_a_file_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(ROOT.cert_pem.bytes())
    with served(b"{}") as server:
        assert PublicIssuer(transport_to(server.address, str(tmp_path / "ca.pem"))).discovery(ISSUER) == {}


def test_an_issuer_is_reached_by_the_proxy_of_the_environment() -> None:
    """As kubectl and the AWS CLI reach their servers from a network without another way out."""
    with served(b"{}", tunnels=True) as proxy:
        url = f"http://me:secret@127.0.0.1:{proxy.address[1]}"
        environment = {"HTTPS_PROXY": url, "NO_PROXY": "other.example"}
        port = PublicIssuer(IssuerTransport(ca_pem=ROOT.cert_pem.bytes(), environment=environment))
        assert port.discovery(ISSUER) == port.jwks(f"{ISSUER}/keys") == {}
        if sys.version_info >= (3, 13):
            assert len(port.thumbprint(f"{ISSUER}/keys")) == 40
    (asked,) = proxy.asked
    assert asked.startswith(b"CONNECT oidc.example:443 HTTP/1.1\r\n")
    assert b"proxy-authorization: basic bwu6c2vjcmv0\r\n" in asked.lower()


def test_no_proxy_is_asked_for_a_host_that_needs_none() -> None:
    transport = IssuerTransport(environment={"https_proxy": "http://127.0.0.1:1", "no_proxy": "0.0.0.0:2"})
    with pytest.raises(Unreachable) as raised:
        PublicIssuer(transport).jwks("https://0.0.0.0:2/keys")
    assert raised.value.code == "connection_refused"


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"\xff\xfe"])
def test_a_ca_that_cannot_be_used_is_named_and_not_passed_over(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Unreachable) as raised:
        transport_to(("127.0.0.1", 1), str(path))
    assert (raised.value.code, raised.value.got) == ("issuer_ca_unusable", str(path))
    assert raised.value.server_message


def test_nobody_there_is_unreachable() -> None:
    port = PublicIssuer(IssuerTransport(connect_to=("127.0.0.1", 1)))
    with pytest.raises(Unreachable, match="Connection refused"):
        port.jwks(ISSUER)
    with pytest.raises(Unreachable, match="Connection refused"):
        port.thumbprint(ISSUER)
    assert "Connection refused" in port.exchanges()[0].error


def test_a_server_that_speaks_no_tls_has_no_chain() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            with listener.accept()[0] as connection:
                connection.sendall(b"220 smtp\r\n" * 10)

        answering = threading.Thread(target=greet)
        answering.start()
        with pytest.raises(Unreachable):
            PublicIssuer(IssuerTransport(connect_to=listener.getsockname())).thumbprint(ISSUER)
        answering.join()


def test_a_handshake_that_comes_byte_by_byte_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer, "READ_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            with listener.accept()[0] as connection, suppress(OSError):
                connection.sendall(b"\x16\x03\x03\x40\x00")  # the head of a record of 16 kB
                while True:
                    connection.sendall(b"\x02")
                    time.sleep(0.05)

        dripping = threading.Thread(target=drip, daemon=True)
        dripping.start()
        with pytest.raises(Unreachable, match="timed out"):
            PublicIssuer(IssuerTransport(connect_to=listener.getsockname())).thumbprint(ISSUER)
        dripping.join()


def test_a_server_that_says_nothing_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuer, "READ_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = PublicIssuer(IssuerTransport(connect_to=listener.getsockname()))
        with pytest.raises(Unreachable, match="timed out"):
            port.thumbprint(ISSUER)
        with pytest.raises(Unreachable, match="timed out"):
            port.discovery(ISSUER)
