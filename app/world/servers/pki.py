"""The certificates of the simulated world: root, intermediate and leaf, made once for as long as worlds are kept."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import trustme


class Pki:
    """A private CA's certificate, and a server's key with its certificates. The CA's own key is kept nowhere."""

    def __init__(self, root_ca_pem: bytes, server_pem: bytes) -> None:
        self.root_ca_pem = root_ca_pem
        """What a client must trust: the cluster's `ca.crt`, the webhook's `caBundle`."""
        self.server_pem = server_pem
        """The private key, the leaf and the intermediate."""

    @classmethod
    def new(cls, hosts: Sequence[str]) -> Pki:
        """A new CA, with a server certificate for `hosts`."""
        root = trustme.CA(organization_name="IRSA Explorer", organization_unit_name="Simulated root CA")
        leaf = root.create_child_ca().issue_cert(*hosts, common_name=hosts[0])
        return cls(root.cert_pem.bytes(), leaf.private_key_and_cert_chain_pem.bytes())

    def server_context(self) -> ssl.SSLContext:
        """Serves the leaf and the intermediate. The last one served, the intermediate, is the thumbprint's."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        with trustme.Blob(self.server_pem).tempfile() as path:
            context.load_cert_chain(path)
        return context


def client_context(ca_bundle_pem: bytes) -> ssl.SSLContext:
    """Trusts the CAs of `ca_bundle_pem` and no others, with an empty bundle none; checks the host's name.

    Raises `ValueError` where the bundle holds no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not ca_bundle_pem:
        return context
    try:
        context.load_verify_locations(cadata=ca_bundle_pem.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError, ValueError) as error:
        raise ValueError("no certificate") from error
    return context
