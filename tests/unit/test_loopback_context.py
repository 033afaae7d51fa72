"""The TLS of the explorer's connections to the simulated API server."""

import ssl

import trustme

from app.clients.kubernetes.transport import loopback_context


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
