"""Beside which clusters no simulated AWS is put: those on EKS, those elsewhere, those that have a webhook already."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from app.addresses import unmapped
from app.flow.beside_cluster.objects import other_webhook
from app.flow.model import JsonValue
from app.flow.names import may_be_registered
from app.flow.partitions import is_endpoint

_EKS_ISSUER = re.compile(r"^https://oidc[.-]eks\.")
_EKS_VERSION = re.compile(r"[-+.]eks\b")
"""In the `gitVersion` of a control plane on EKS, such as `v1.33.1-eks-595af52`."""
_NEAR = tuple(
    map(
        ip_network,
        ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"),
    )
)
"""Loopback and private addresses: RFC 1122 section 3.2.1.3, RFC 1918, RFC 4291 section 2.5.3, RFC 4193."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is known of a cluster before anything is written to it."""

    host: str
    """The URL of the API server."""
    addresses: tuple[str, ...]
    """To which its host leads."""
    is_eks: bool
    """Whether the kubeconfig says that it is EKS."""
    issuer: str = ""
    version: str = ""
    """Its `gitVersion`."""
    webhooks: Sequence[JsonValue] = ()
    """Its MutatingWebhookConfigurations."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why not: the key of the words, and what was found."""

    code: str
    got: str


def refusal(found: Found) -> Refusal | None:
    """The first reason against this cluster by its address alone; None where there is none."""
    host = (urlsplit(found.host).hostname or "").removesuffix(".")
    if found.is_eks or is_endpoint(host):
        return Refusal(code="beside_eks", got=found.host)
    if far := far_addresses(found.addresses):
        return Refusal(code="beside_public", got=f"{found.host} ({', '.join(far)})")
    return None


def refusal_of_read(found: Found) -> Refusal | None:
    """The first reason by what the cluster says of itself. A tunnel leads from a loopback address to any cluster."""
    for said, pattern in ((found.issuer, _EKS_ISSUER), (found.version, _EKS_VERSION)):
        if pattern.search(said):
            return Refusal(code="beside_eks", got=said)
    if not may_be_registered(found.issuer):
        return Refusal(code="beside_issuer", got=found.issuer)
    if other := other_webhook(found.webhooks):
        return Refusal(code="beside_webhook", got=other)
    return None


def far_addresses(addresses: Iterable[str]) -> list[str]:
    """Which of these addresses are neither loopback nor private."""
    without_zone = ((text, unmapped(ip_address(text.partition("%")[0]))) for text in addresses)
    return [text for text, address in without_zone if not any(address in network for network in _NEAR)]
