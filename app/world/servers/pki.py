"""The certificates of the simulated world: root, intermediate and leaf, made again at every start."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import trustme


class Pki:
    """A private CA, and the server certificate for `hosts`. Nothing of it outlives the process."""

    def __init__(self, hosts: Sequence[str]) -> None:
        root = trustme.CA(organization_name="IRSA Explorer", organization_unit_name="Simulated root CA")
        self._leaf = root.create_child_ca().issue_cert(*hosts, common_name=hosts[0])
        self.root_ca_pem = root.cert_pem.bytes()
        """What a client must trust: the cluster's `ca.crt`, the webhook's `caBundle`."""

    def server_context(self) -> ssl.SSLContext:
        """Serves the leaf and the intermediate. The last one served, the intermediate, is the thumbprint's."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        self._leaf.configure_cert(context)
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
