"""Loads what the first walk would wait for: boto3's service models, the kubernetes client, OpenSSL."""

from __future__ import annotations

import gc

_REGION, _ENDPOINT = "us-east-1", "http://127.0.0.1"
"""Any ones: what is loaded is the same for all. Of an https endpoint the CAs would be read."""


def warm_up() -> None:
    """Takes a fifth of a second of processor time; to be called from a thread of its own when a server starts.

    No request is sent. From now on garbage is collected, whether or not it was before.
    """
    try:
        _load()
    finally:
        # What is loaded by now stays for good, and hardly anything among it is garbage: to look through it takes 0.1 s.
        gc.freeze()
        gc.enable()


def _load() -> None:
    from app.clients import issuer
    from app.clients.aws import sdk as aws_sdk
    from app.clients.kubernetes.cluster import KubernetesCluster
    from app.clients.kubernetes.transport import KubernetesTransport

    for service in aws_sdk.SERVICES:
        aws_sdk.shared.client(service, _REGION, _ENDPOINT)
    issuer.PublicIssuer(issuer.IssuerTransport())
    KubernetesCluster(host="https://127.0.0.1", token="", transport=KubernetesTransport())
