"""The http proxy by which a host is reached, as the variables of the environment name it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import urllib3


def in_environment(scheme: str, host: str | None, environment: Mapping[str, str]) -> str:
    """What `HTTPS_PROXY` (of an http address `HTTP_PROXY`) and `NO_PROXY` say; empty where none is used."""
    set_by = f"{scheme.upper()}_PROXY"
    proxy = environment.get(set_by) or environment.get(set_by.lower()) or ""
    without = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    return "" if proxy_bypass_environment(host, {"no": without}) else proxy


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
