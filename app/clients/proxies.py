"""The http proxy by which a host is reached, as the variables of the environment name it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import urllib3


def in_environment(scheme: str, host: str, port: int, environment: Mapping[str, str]) -> str:
    """What `HTTPS_PROXY` (of an http address `HTTP_PROXY`) and `NO_PROXY` say, as Go's programs read them, kubectl
    among them (golang.org/x/net/http/httpproxy); empty where none is used."""
    set_by = f"{scheme.upper()}_PROXY"
    proxy = environment.get(set_by) or environment.get(set_by.lower()) or ""
    without = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    here = _network(host)
    if not proxy or host == "localhost" or (here is not None and here.is_loopback):
        return ""
    if any(_is_meant(entry.strip().lower(), host, port) for entry in without.split(",")):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_meant(entry: str, host: str, port: int) -> bool:
    """Whether an entry of `NO_PROXY` is about the host: an address, a range of them, or a name, which stands for those
    below it as well, with a dot before it for them alone; with the port behind it or without."""
    name = entry if _network(entry) else entry.removesuffix(f":{port}").strip("[]")
    if (network := _network(name)) is not None:
        here = _network(host)
        return here is not None and here[0] in network
    name = name.removeprefix("*") if name.startswith("*.") else name
    beyond = name if name.startswith(".") else f".{name}"
    return name == "*" or (name != "" and (host.endswith(beyond) or host == name))


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """The addresses that a text names; None for any other text."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def is_supported(proxy_url: str) -> bool:
    """Whether it is the URL of an http proxy."""
    parts = split(proxy_url)
    return parts is not None and parts.scheme == "http"


def split(url: str) -> SplitResult | None:
    """The parts of a URL; None where it is none, or names no host."""
    try:
        parts = urlsplit(url)
        return parts if parts.hostname and (parts.port is None or parts.port) else None
    except ValueError:
        return None


def manager(proxy_url: str, pools: Mapping[str, Any], **options: Any) -> urllib3.ProxyManager:
    """Connections through the proxy, whose user and password are those in its URL."""
    parts = urlsplit(proxy_url)
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
    headers = urllib3.make_headers(proxy_basic_auth=login)
    made = urllib3.ProxyManager(f"http://{parts.netloc.rpartition('@')[2]}", proxy_headers=headers, **options)
    made.pool_classes_by_scheme = dict(pools)
    return made
